/**
 * The world, and where on it the loudest are.
 *
 * @import { Frame } from '../crowd.js'
 * @import { Scene, Stage } from '../stage.js'
 */

import { Bubbles, drawLand, fitted } from '../../shared/map/bubbles.js';
import { FLAG_RATIO } from '../flags.js';
import { drawHeader, headerHeight } from '../header.js';
import { GROUND, HOUSE, INK, SOFT, VEIL } from '../stage.js';
import { CAPITAL } from '../type.js';

const TOP = 5;
const LAND = '#242c3a';
const OVERLAY_LAND = '#39435a';

/** @param {Stage} stage */
export const enter = (stage) => new WorldMap(stage);

/** @implements {Scene} */
class WorldMap {
  #stage;
  #bubbles;
  #place;
  /** The land never changes: it is drawn once. */
  #land;

  /** @param {Stage} stage */
  constructor(stage) {
    this.#stage = stage;
    const { safe, overlay, width, height, isWide } = stage;
    // Below the words of the scene, which are left the left edge.
    const y = safe.y + headerHeight(stage) * 0.8;
    const box = { x: width * 0.1, y, w: width * 0.895, h: isWide ? height * 0.985 - y : safe.h * 0.5 };
    this.#place = fitted(box);
    this.#land = stage.layer(width, height);
    drawLand(this.#land, this.#place, overlay ? OVERLAY_LAND : LAND);
    this.#bubbles = new Bubbles(stage.teams, { ground: GROUND, ring: INK, house: HOUSE });
  }

  /**
   * @param {number} _now
   * @param {Frame} frame
   */
  draw(_now, frame) {
    const { asked, pen, overlay } = this.#stage;
    if (overlay) this.#stage.clear();
    pen.drawImage(this.#land.canvas, 0, 0);
    this.#bubbles.draw(pen, this.#place, frame.levels, asked.team ? this.#stage.indexOf(asked.team) : undefined);
    drawHeader(this.#stage, frame);
    this.#list(frame, asked.top ?? TOP);
  }

  leave() {}

  /**
   * In the South Pacific, where nobody lives.
   *
   * @param {Frame} frame
   * @param {number} top
   */
  #list(frame, top) {
    const { type, safe, u, teams, overlay, isWide } = this.#stage;
    const room = isWide ? safe.h * 0.46 : safe.h * 0.36;
    const row = Math.min(8.2 * u, room / top);
    const size = row * 0.62;
    const foot = safe.y + safe.h;
    const width = row * 5.3;
    if (overlay) {
      const veil = { x: safe.x - 1.6 * u, y: foot - row * top - 1.6 * u, w: width + 3.2 * u, h: row * top + 3.2 * u };
      this.#stage.plate(veil, 2 * u, VEIL);
    }
    for (let rank = 0; rank < top; rank++) {
      const team = frame.told.order[rank];
      const middle = foot - row * (top - rank - 0.5);
      const feet = middle + (size * CAPITAL) / 2;
      type.figures(String(rank + 1), safe.x + row * 0.5, feet, size, { color: SOFT, weight: 700, align: 'right' });
      this.#stage.flag(team, safe.x + row * 0.85, middle, row * 0.62, 'left');
      type.words(teams[team].code, safe.x + row * (1.1 + 0.62 * FLAG_RATIO), feet, size, { color: INK, max: row * 1.7 });
      const value = this.#stage.tell(frame, frame.told.values[team]);
      type.figures(value, safe.x + width, feet, size, { color: INK, align: 'right', max: row * 1.7, unit: this.#stage.unit(frame) });
    }
  }
}
