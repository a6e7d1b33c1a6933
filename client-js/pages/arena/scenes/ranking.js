/**
 * The few loudest as bars across the screen, overtaking each other. Over a programme: at its left side.
 *
 * @import { Frame } from '../crowd.js'
 * @import { Scene, Stage } from '../stage.js'
 */

import { drawHeader, headerHeight } from '../header.js';
import { Lanes } from '../lanes.js';

/** Six bars of a screen's height leave their names a twentieth of it each. */
const TOP = 6;

/** Over a programme a bar is only so high, in hundredths of the screen, and so many parts of it wide. */
const OVERLAY_ROW = 7.4;
const OVERLAY_WIDTH = 0.4;

/** @param {Stage} stage */
export const enter = (stage) => new Ranking(stage);

/** @implements {Scene} */
class Ranking {
  #stage;
  #lanes;

  /** @param {Stage} stage */
  constructor(stage) {
    this.#stage = stage;
    const { safe, asked, u, overlay, isWide } = stage;
    const top = asked.top ?? TOP;
    const head = overlay ? 0 : headerHeight(stage);
    const box = { x: safe.x, y: safe.y + head, w: safe.w, h: safe.h - head };
    if (overlay) {
      box.w = isWide ? safe.w * OVERLAY_WIDTH : safe.w;
      box.h = Math.min(safe.h, top * OVERLAY_ROW * u);
      box.y = safe.y + safe.h - box.h;
    }
    this.#lanes = new Lanes(stage, box, top);
  }

  /**
   * @param {number} now
   * @param {Frame} frame
   */
  draw(now, frame) {
    this.#stage.clear();
    if (!this.#stage.overlay) drawHeader(this.#stage, frame);
    this.#lanes.draw(now, frame);
  }

  leave() {}
}
