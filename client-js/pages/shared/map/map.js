/**
 * The world with a bubble for each team, on a canvas of its own.
 *
 * The land never changes and so is no part of the drawing: it is the canvas's background, as an SVG that the browser
 * sets once and keeps. A frame costs two hundred circles, and is drawn when it is told to.
 *
 * @import { Team } from '../../../src/index.js'
 * @import { Colours, Place } from './bubbles.js'
 */

import { Bubbles, fitted, landAs } from './bubbles.js';

export class BubbleMap {
  #canvas;
  #pen;
  #bubbles;
  /** @type {Place | undefined} nowhere while the canvas has no size */
  #place;

  /**
   * @param {HTMLCanvasElement} canvas its size is what CSS gives it; the map is fitted into it
   * @param {readonly Team[]} teams in the order of the roster
   * @param {Partial<Colours>} colours
   */
  constructor(canvas, teams, colours) {
    this.#canvas = canvas;
    this.#pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    this.#bubbles = new Bubbles(teams, colours);
    this.paint(colours);
    this.#fit();
    new ResizeObserver(() => this.#fit()).observe(canvas);
  }

  /** @param {Partial<Colours>} colours for a page that turns from light to dark */
  paint(colours) {
    this.#bubbles.paint(colours);
    this.#canvas.style.background = `center / contain no-repeat url("${landAs(this.#bubbles.colours.land)}")`;
  }

  /**
   * @param {ArrayLike<number>} levels by index of the team, fractions between two beats included
   * @param {number} [own] index of the team to ring
   */
  draw(levels, own) {
    this.#pen.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (this.#place) this.#bubbles.draw(this.#pen, this.#place, levels, own);
  }

  #fit() {
    const { clientWidth, clientHeight } = this.#canvas;
    const [w, h] = [clientWidth, clientHeight].map((length) => Math.round(length * devicePixelRatio));
    if (w === 0 || h === 0) return;
    if (this.#place && w === this.#canvas.width && h === this.#canvas.height) return;
    this.#canvas.width = w;
    this.#canvas.height = h;
    this.#place = fitted({ x: 0, y: 0, w, h });
  }
}
