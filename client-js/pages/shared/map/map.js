/**
 * The world with a bubble for each team: the louder, the larger.
 *
 * The land never changes and so is no part of the drawing: it is the canvas's background, as an SVG that the browser
 * sets once and keeps. A frame costs two hundred circles. Knows no beat and no time: it draws the levels it is given, when
 * it is told to.
 *
 * @import { Team } from '../../../src/index.js'
 *
 * @typedef {object} Colours all `#rrggbb`
 * @property {string} ground what the map lies on: bubbles are made to stand out from it
 * @property {string} land
 * @property {string} ring around the own team
 * @property {string} house for teams without a colour
 *
 * @typedef {{ x: number, y: number, radius: number }} Spot in CSS pixels of the canvas
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

export class BubbleMap {
  #canvas;
  #pen;
  #places;
  /** @type {Colours} */
  #colours = DARK;
  /** @type {string[]} */
  #fills = [];
  /** @type {(string | undefined)[]} */
  #roster;
  /** Device pixels per unit of the map, and where the map begins in the canvas. */
  #scale = 0;
  #left = 0;
  #top = 0;
  #order;
  #radii;
  #observer;

  /**
   * @param {HTMLCanvasElement} canvas its size is what CSS gives it; the map is fitted into it
   * @param {readonly Team[]} teams in the order of the roster
   * @param {Partial<Colours>} [colours]
   */
  constructor(canvas, teams, colours = {}) {
    this.#canvas = canvas;
    this.#pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    this.#places = teams.map(({ code }) => PLACES[code]);
    this.#roster = teams.map(({ color }) => color);
    this.#order = [...teams.keys()].filter((team) => this.#places[team]);
    this.#radii = new Float32Array(teams.length);
    this.paint(colours);
    this.#fit();
    this.#observer = new ResizeObserver(() => this.#fit());
    this.#observer.observe(canvas);
  }

  /** @param {Partial<Colours>} colours for a page that turns from light to dark */
  paint(colours) {
    this.#colours = { ...this.#colours, ...colours };
    const { ground, house } = this.#colours;
    this.#fills = this.#roster.map((color) => tint(color || house, ground));
    this.#canvas.style.background = `center / contain no-repeat url("${landAs(this.#colours.land)}")`;
  }

  /** Stops watching the canvas. */
  close() {
    this.#observer.disconnect();
  }

  /**
   * @param {ArrayLike<number>} levels by index of the team, fractions between two beats included
   * @param {number} [own] index of the team to ring
   */
  draw(levels, own = -1) {
    const pen = this.#pen;
    pen.setTransform(1, 0, 0, 1, 0, 0);
    pen.clearRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (this.#scale === 0) return;
    this.#measure(levels);
    // The loudest first: a small neighbour stands before it, not behind.
    this.#order.sort((a, b) => this.#radii[b] - this.#radii[a] || a - b);
    pen.lineWidth = Math.max(1, this.#scale * 2);
    pen.strokeStyle = this.#colours.ground;
    for (const team of this.#order) this.#bubble(team, levels[team] > 0);
    if (this.#places[own]) this.#ring(own);
  }

  /**
   * Where a team's bubble was drawn last, to write beside it.
   *
   * @param {number} team
   * @returns {Spot | undefined} undefined for a team without a place
   */
  spot(team) {
    const place = this.#places[team];
    if (place === undefined) return undefined;
    const ratio = devicePixelRatio;
    const [x, y] = this.#at(place);
    return { x: x / ratio, y: y / ratio, radius: this.#radii[team] / ratio };
  }

  /** @param {ArrayLike<number>} levels */
  #measure(levels) {
    let loudest = 0;
    for (let team = 0; team < levels.length; team++) loudest = Math.max(loudest, levels[team]);
    const least = RADIUS_MIN_PX * devicePixelRatio;
    for (const team of this.#order) {
      // A level is a logarithm already, so that the small are seen; a little steeper, so that the loud lead.
      const filled = fillOf(levels[team] ?? 0, loudest);
      const radius = RESTING_RADIUS + (FULL_RADIUS - RESTING_RADIUS) * filled ** STEEPNESS;
      this.#radii[team] = Math.max(least, radius * this.#scale);
    }
  }

  /**
   * @param {number} team
   * @param {boolean} isLoud
   */
  #bubble(team, isLoud) {
    const pen = this.#pen;
    const [x, y] = this.#at(/** @type {[number, number]} */ (this.#places[team]));
    pen.globalAlpha = isLoud ? 0.92 : 0.55;
    pen.fillStyle = this.#fills[team];
    pen.beginPath();
    pen.arc(x, y, this.#radii[team], 0, 2 * Math.PI);
    pen.fill();
    pen.globalAlpha = 1;
    if (isLoud) pen.stroke();
  }

  /** @param {number} team */
  #ring(team) {
    const pen = this.#pen;
    const [x, y] = this.#at(/** @type {[number, number]} */ (this.#places[team]));
    const width = Math.max(2 * devicePixelRatio, 5 * this.#scale);
    pen.lineWidth = width;
    pen.strokeStyle = this.#colours.ring;
    pen.beginPath();
    pen.arc(x, y, this.#radii[team] + width, 0, 2 * Math.PI);
    pen.stroke();
  }

  /** @param {[number, number]} place */
  #at([x, y]) {
    return [this.#left + x * this.#scale, this.#top + y * this.#scale];
  }

  #fit() {
    const { clientWidth, clientHeight } = this.#canvas;
    const [width, height] = [clientWidth, clientHeight].map((length) => Math.round(length * devicePixelRatio));
    if (width === 0 || height === 0) return;
    if (this.#scale > 0 && width === this.#canvas.width && height === this.#canvas.height) return;
    this.#canvas.width = width;
    this.#canvas.height = height;
    this.#scale = Math.min(width / WIDTH, height / HEIGHT);
    this.#left = (width - WIDTH * this.#scale) / 2;
    this.#top = (height - HEIGHT * this.#scale) / 2;
  }
}

/** @param {string} color */
const landAs = (color) =>
  `data:image/svg+xml,${encodeURIComponent(
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${HEIGHT}" width="${WIDTH}" height="${HEIGHT}">` +
      `<path fill="${color}" fill-rule="evenodd" d="${OUTLINE}"/></svg>`,
  )}`;
