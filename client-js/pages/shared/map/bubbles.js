/**
 * A bubble for each team at its place in the world: the louder, the larger. And the land that they stand on.
 *
 * Draws on whatever canvas it is given, where it is told to. Knows no beat and no time: it draws the levels of a moment.
 *
 * @import { Team } from '../../../src/index.js'
 *
 * @typedef {object} Colours all `#rrggbb`
 * @property {string} ground what the map lies on: bubbles are made to stand out from it
 * @property {string} land
 * @property {string} ring around the own team
 * @property {string} house for teams without a colour
 *
 * @typedef {{ left: number, top: number, scale: number }} Place where a map begins, and the pixels of its units
 */

import { fillOf } from '../scale.js';
import { tint } from '../tint.js';
import { HEIGHT, OUTLINE, WIDTH } from './outline.js';
import { PLACES } from './places.js';

/** Of a silent team, in units of the map. */
const RESTING_RADIUS = 5;

/** Of a team at full level, in units of the map: the width of France. */
const FULL_RADIUS = 56;

/** How a radius grows with a level: at 1 Europe is one heap, at 2 only the loudest few are seen. */
const STEEPNESS = 1.5;

/** A silent team must be seen on a phone too, in CSS pixels. */
const RADIUS_MIN_PX = 1.2;

/** @type {Colours} */
const DARK = { ground: '#0b0d12', land: '#232a36', ring: '#ffffff', house: '#ff6a42' };

/**
 * The largest map that a box holds, in its middle.
 *
 * @param {{ x: number, y: number, w: number, h: number }} box
 * @returns {Place}
 */
export function fitted({ x, y, w, h }) {
  const scale = Math.min(w / WIDTH, h / HEIGHT);
  return { scale, left: x + (w - WIDTH * scale) / 2, top: y + (h - HEIGHT * scale) / 2 };
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {Place} place
 * @param {string} color
 */
export function drawLand(pen, { left, top, scale }, color) {
  pen.save();
  pen.translate(left, top);
  pen.scale(scale, scale);
  pen.fillStyle = color;
  pen.fill(new Path2D(OUTLINE), 'evenodd');
  pen.restore();
}

/**
 * The same as a picture for CSS, which the browser sets once and keeps.
 *
 * @param {string} color
 */
export const landAs = (color) =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">` +
      `<path fill="${color}" fill-rule="evenodd" d="${OUTLINE}"/></svg>`,
  )}`;

export class Bubbles {
  #homes;
  /** @type {(string | undefined)[]} */
  #roster;
  #order;
  #radii;
  /** @type {string[]} */
  #fills = [];
  /** @type {Colours} */
  colours = DARK;

  /**
   * @param {readonly Team[]} teams in the order of the roster
   * @param {Partial<Colours>} colours
   */
  constructor(teams, colours) {
    this.#homes = teams.map(({ code }) => PLACES[code]);
    this.#roster = teams.map(({ color }) => color);
    this.#order = [...teams.keys()].filter((team) => this.#homes[team]);
    this.#radii = new Float32Array(teams.length);
    this.paint(colours);
  }

  /** @param {Partial<Colours>} colours for a page that turns from light to dark */
  paint(colours) {
    this.colours = { ...this.colours, ...colours };
    const { ground, house } = this.colours;
    this.#fills = this.#roster.map((color) => tint(color || house, ground));
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Place} place
   * @param {ArrayLike<number>} levels by index of the team, fractions between two beats included
   * @param {number} [own] index of the team to ring
   */
  draw(pen, place, levels, own = -1) {
    const { scale } = place;
    this.#measure(levels, scale);
    // The loudest first: a small neighbour stands before it, not behind.
    this.#order.sort((a, b) => this.#radii[b] - this.#radii[a] || a - b);
    pen.lineWidth = Math.max(1, scale * 2);
    pen.strokeStyle = this.colours.ground;
    for (const team of this.#order) {
      const isLoud = levels[team] > 0;
      pen.globalAlpha = isLoud ? 0.92 : 0.55;
      pen.fillStyle = this.#fills[team];
      this.#circle(pen, place, team, 0);
      pen.fill();
      pen.globalAlpha = 1;
      if (isLoud) pen.stroke();
    }
    if (this.#homes[own] === undefined) return;
    pen.lineWidth = Math.max(2 * devicePixelRatio, 5 * scale);
    pen.strokeStyle = this.colours.ring;
    this.#circle(pen, place, own, pen.lineWidth);
    pen.stroke();
  }

  /**
   * @param {ArrayLike<number>} levels
   * @param {number} scale
   */
  #measure(levels, scale) {
    let loudest = 0;
    for (let team = 0; team < levels.length; team++) loudest = Math.max(loudest, levels[team]);
    const least = RADIUS_MIN_PX * devicePixelRatio;
    for (const team of this.#order) {
      // A level is a logarithm already, so that the small are seen; a little steeper, so that the loud lead.
      const filled = fillOf(levels[team] ?? 0, loudest);
      const radius = RESTING_RADIUS + (FULL_RADIUS - RESTING_RADIUS) * filled ** STEEPNESS;
      this.#radii[team] = Math.max(least, radius * scale);
    }
  }

  /**
   * @param {CanvasRenderingContext2D} pen
   * @param {Place} place
   * @param {number} team
   * @param {number} beyond its radius
   */
  #circle(pen, { left, top, scale }, team, beyond) {
    const [x, y] = /** @type {[number, number]} */ (this.#homes[team]);
    pen.beginPath();
    pen.arc(left + x * scale, top + y * scale, this.#radii[team] + beyond, 0, 2 * Math.PI);
  }
}
