/**
 * The world, and where on it the loudest are.
 *
 * @import { Frame } from '../crowd.js'
 * @import { Scene, Stage } from '../stage.js'
 */

import { BubbleMap } from '../../shared/map/map.js';
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
  #canvas = document.createElement('canvas');
  #map;

  /** @param {Stage} stage */
  constructor(stage) {
    this.#stage = stage;
    const { safe, overlay, canvas, width, height, isWide } = stage;
    const ratio = width / canvas.clientWidth;
    const head = headerHeight(stage) * 0.8;
    const top = (safe.y + head) / ratio;
    this.#canvas.className = 'map';
    this.#canvas.setAttribute('aria-hidden', 'true');
    this.#canvas.style.top = `${top}px`;
    this.#canvas.style.height = `${(height * 0.985) / ratio - top}px`;
    if (!isWide) this.#canvas.style.height = `${(safe.h * 0.5) / ratio}px`;
    canvas.before(this.#canvas);
    const colours = { ground: GROUND, land: overlay ? OVERLAY_LAND : LAND, ring: INK, house: HOUSE };
    this.#map = new BubbleMap(this.#canvas, stage.teams, colours);
  }

  /**
   * @param {number} _now
   * @param {Frame} frame
   */
  draw(_now, frame) {
    const { asked } = this.#stage;
    this.#map.draw(frame.levels, asked.team ? this.#stage.indexOf(asked.team) : undefined);
    drawHeader(this.#stage, frame);
    this.#list(frame, asked.top ?? TOP);
  }

  leave() {
    this.#map.close();
    this.#canvas.remove();
  }

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
