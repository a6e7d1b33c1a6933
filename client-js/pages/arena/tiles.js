/**
 * All teams, each always at the same place, so that a country is found with one look: a tile fills as its team gets loud.
 *
 * What never changes is drawn once, below and above the fills.
 *
 * @import { Frame } from './crowd.js'
 * @import { Box, Stage } from './stage.js'
 */

import { fillOf } from '../shared/scale.js';
import { FLAG_RATIO } from './flags.js';
import { INK, PLATE } from './stage.js';
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
  #below;
  #above;

  /**
   * @param {Stage} stage
   * @param {Box} box
   */
  constructor(stage, box) {
    this.#stage = stage;
    this.#box = box;
    const count = stage.teams.length;
    this.#columns = Math.max(1, Math.ceil(Math.sqrt((count * box.w) / (box.h * TILE_RATIO))));
    this.#width = box.w / this.#columns;
    this.#height = box.h / Math.ceil(count / this.#columns);
    this.#gap = Math.max(1, Math.min(this.#width, this.#height) * 0.09);
    this.#below = this.#layer((at, pen) => {
      pen.fillStyle = PLATE;
      pen.beginPath();
      pen.roundRect(at.x, at.y, at.w, at.h, at.h * 0.14);
      pen.fill();
    });
    this.#above = this.#layer((at, pen, team) => {
      const flag = Math.min(at.h * 0.4, (at.w * 0.8) / FLAG_RATIO);
      const picture = stage.flags.of(stage.teams[team], flag);
      pen.drawImage(picture, at.x + (at.w - picture.width) / 2, at.y + at.h * 0.3 - picture.height / 2);
      const size = at.h * 0.3;
      pen.font = `700 ${Math.round(size)}px system-ui, sans-serif`;
      pen.textAlign = 'center';
      pen.fillStyle = INK;
      pen.fillText(stage.teams[team].code, at.x + at.w / 2, at.y + at.h * 0.9 - (size * (1 - CAPITAL)) / 3, at.w * 0.92);
    });
  }

  /** @param {Frame} frame */
  draw({ levels }) {
    const { pen, teams } = this.#stage;
    let loudest = 0;
    for (let team = 0; team < levels.length; team++) loudest = Math.max(loudest, levels[team]);
    pen.drawImage(this.#below, this.#box.x, this.#box.y);
    pen.globalAlpha = FILL_STRENGTH;
    for (let team = 0; team < levels.length; team++) {
      const filled = fillOf(levels[team], loudest);
      if (filled <= 0.004) continue;
      const at = this.#at(team);
      const top = this.#box.y + at.y + at.h * (1 - filled);
      pen.fillStyle = teams[team].paint;
      pen.fillRect(this.#box.x + at.x, top, at.w, at.h * filled);
    }
    pen.globalAlpha = 1;
    pen.drawImage(this.#above, this.#box.x, this.#box.y);
  }

  /**
   * @param {number} team
   * @returns {Box} within the wall's box
   */
  #at(team) {
    const [column, row] = [team % this.#columns, Math.floor(team / this.#columns)];
    return {
      x: column * this.#width + this.#gap / 2,
      y: row * this.#height + this.#gap / 2,
      w: this.#width - this.#gap,
      h: this.#height - this.#gap,
    };
  }

  /** @param {(at: Box, pen: CanvasRenderingContext2D, team: number) => void} draw */
  #layer(draw) {
    const canvas = document.createElement('canvas');
    canvas.width = Math.ceil(this.#box.w);
    canvas.height = Math.ceil(this.#box.h);
    const pen = /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d'));
    this.#stage.teams.forEach((_, team) => draw(this.#at(team), pen, team));
    return canvas;
  }
}
