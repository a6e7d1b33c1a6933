/**
 * All teams, each always at the same place, so that a country is found with one look: a tile fills as its team gets loud.
 *
 * A tile is drawn anew only when its fill has changed, on a layer of its own.
 *
 * @import { Frame } from './crowd.js'
 * @import { Box, Stage } from './stage.js'
 */

import { fillOf } from '../shared/scale.js';
import { FLAG_RATIO } from './flags.js';
import { GROUND, INK, PLATE } from './stage.js';
import { CAPITAL } from './type.js';

/** A tile is about so much wider than high. */
const TILE_RATIO = 1.25;

/** Through its colour a tile's white letters must be read, on yellow too: 4.5 to 1. */
const FILL_STRENGTH = 0.45;

export class Tiles {
  #stage;
  #box;
  #columns;
  #width;
  #height;
  #gap;
  /** All tiles as they stand. */
  #layer;
  /** What is written on them. */
  #signs;
  /** How high each is filled, in quarters of a pixel. */
  #filled;

  /**
   * @param {Stage} stage
   * @param {Box} box
   */
  constructor(stage, box) {
    this.#stage = stage;
    this.#box = box = rounded(box);
    const count = stage.teams.length;
    this.#columns = Math.max(1, Math.ceil(Math.sqrt((count * box.w) / (box.h * TILE_RATIO))));
    this.#width = box.w / this.#columns;
    this.#height = box.h / Math.ceil(count / this.#columns);
    this.#gap = Math.max(1, Math.min(this.#width, this.#height) * 0.09);
    this.#filled = new Int32Array(count).fill(-1);
    this.#layer = stage.layer(box.w, box.h);
    const canvas = document.createElement('canvas');
    [canvas.width, canvas.height] = [box.w, box.h];
    this.#signs = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    for (let team = 0; team < count; team++) this.#sign(team);
  }

  /** @param {Frame} frame */
  draw({ levels }) {
    let loudest = 0;
    for (let team = 0; team < levels.length; team++) loudest = Math.max(loudest, levels[team]);
    for (let team = 0; team < levels.length; team++) {
      const filled = Math.round(fillOf(levels[team], loudest) * this.#at(team).h * 4);
      if (filled === this.#filled[team]) continue;
      this.#filled[team] = filled;
      this.#tile(team, filled / 4);
    }
    this.#stage.pen.drawImage(this.#layer.canvas, this.#box.x, this.#box.y);
  }

  /**
   * @param {number} team
   * @param {number} filled
   */
  #tile(team, filled) {
    const pen = this.#layer;
    const { x, y, w, h } = this.#at(team);
    // Its corners are round: what was there before must not be seen through their edges.
    if (this.#stage.overlay) pen.clearRect(x, y, w, h);
    pen.fillStyle = GROUND;
    if (!this.#stage.overlay) pen.fillRect(x, y, w, h);
    pen.fillStyle = PLATE;
    pen.beginPath();
    pen.roundRect(x, y, w, h, h * 0.14);
    pen.fill();
    pen.globalAlpha = FILL_STRENGTH;
    pen.fillStyle = this.#stage.teams[team].paint;
    pen.fillRect(x, y + h - filled, w, filled);
    pen.globalAlpha = 1;
    pen.drawImage(this.#signs.canvas, x, y, w, h, x, y, w, h);
  }

  /** @param {number} team */
  #sign(team) {
    const { teams, flags } = this.#stage;
    const pen = this.#signs;
    const { x, y, w, h } = this.#at(team);
    const flag = Math.min(h * 0.4, (w * 0.8) / FLAG_RATIO);
    const picture = flags.of(teams[team], flag);
    pen.drawImage(picture, Math.round(x + (w - picture.width) / 2), Math.round(y + h * 0.3 - picture.height / 2));
    const size = h * 0.3;
    pen.font = `700 ${Math.round(size)}px system-ui, sans-serif`;
    pen.textAlign = 'center';
    pen.fillStyle = INK;
    pen.fillText(teams[team].code, x + w / 2, y + h * 0.9 - (size * (1 - CAPITAL)) / 3, w * 0.92);
  }

  /**
   * @param {number} team
   * @returns {Box} within the wall's box, on whole pixels
   */
  #at(team) {
    const [column, row] = [team % this.#columns, Math.floor(team / this.#columns)];
    return rounded({
      x: column * this.#width + this.#gap / 2,
      y: row * this.#height + this.#gap / 2,
      w: this.#width - this.#gap,
      h: this.#height - this.#gap,
    });
  }
}

/**
 * On whole pixels: what is copied to parts of them has to be mixed anew.
 *
 * @param {Box} box
 */
function rounded({ x, y, w, h }) {
  const [left, top] = [Math.round(x), Math.round(y)];
  return { x: left, y: top, w: Math.round(x + w) - left, h: Math.round(y + h) - top };
}
