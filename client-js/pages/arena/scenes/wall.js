/**
 * The whole crowd on one screen: the loudest in order, everybody at their place.
 *
 * @import { Frame } from '../crowd.js'
 * @import { Scene, Stage } from '../stage.js'
 */

import { drawHeader, headerHeight } from '../header.js';
import { Lanes } from '../lanes.js';
import { Tiles } from '../tiles.js';

const TOP = 10;

/** @param {Stage} stage */
export const enter = (stage) => new Wall(stage);

/** @implements {Scene} */
class Wall {
  #stage;
  #lanes;
  #tiles;

  /** @param {Stage} stage */
  constructor(stage) {
    this.#stage = stage;
    const { safe, isWide, asked, u } = stage;
    const head = headerHeight(stage);
    const [y, h] = [safe.y + head, safe.h - head];
    const air = 2.4 * u;
    const list = isWide ? { x: safe.x, y, w: safe.w * 0.43, h } : { x: safe.x, y, w: safe.w, h: h * 0.5 };
    const rest = isWide
      ? { x: safe.x + list.w + air, y, w: safe.w - list.w - air, h }
      : { x: safe.x, y: y + list.h + air, w: safe.w, h: h - list.h - air };
    this.#lanes = new Lanes(stage, list, asked.top ?? TOP);
    this.#tiles = new Tiles(stage, rest);
  }

  /**
   * @param {number} now
   * @param {Frame} frame
   */
  draw(now, frame) {
    this.#stage.clear();
    drawHeader(this.#stage, frame);
    this.#lanes.draw(now, frame);
    this.#tiles.draw(frame);
  }

  leave() {}
}
