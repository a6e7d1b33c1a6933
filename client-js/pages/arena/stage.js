/**
 * What a scene stands on: the canvas and its measures, the teams as they look, words, figures, flags.
 *
 * Made anew whenever a measure or a wish changes, so that a scene reads it once, when it enters. All lengths are device
 * pixels.
 *
 * @import { EventInfo, Team } from '../../src/index.js'
 * @import { Asked } from './asked.js'
 * @import { Frame } from './crowd.js'
 *
 * @typedef {object} Scene what a scene's `enter(stage)` gives, shown until another is
 * @property {(now: number, frame: Frame) => void} draw sixty times a second; `now` in milliseconds of the page's clock
 * @property {() => void} leave
 *
 * @typedef {Team & { paint: string, ink: string }} Player a team: its name in the language of the wall, its colour as
 * it stands out from the ground, and what can be read on that colour
 * @typedef {{ x: number, y: number, w: number, h: number }} Box
 */

import { teamName } from '../shared/names.js';
import { inkOn } from '../shared/team.js';
import { tint } from '../shared/tint.js';
import { Flags } from './flags.js';
import { Type } from './type.js';
import { wallNumbers, wallWords } from './words.js';

/** A wall is dark: a bright one dazzles the hall, and an LED wall's white is a lamp. */
export const GROUND = '#0b0d12';
export const PLATE = '#181d27';
export const INK = '#f6f7f9';
export const SOFT = '#a9b1bf';
export const HOUSE = '#ff6a42';
export const AMBER = '#ffc35c';

/** What lies between the picture and an overlay's words: dark enough for white on any picture. */
export const VEIL = 'rgb(11 13 18 / 84%)';

/** What must be seen keeps this far from every edge (EBU R 95: graphics safe, 5 %). */
const SAFE = 0.05;

/** The room that the mark of a rehearsal takes, in hundredths of the screen. */
export const REHEARSAL_ROOM = 7;

export class Stage {
  /**
   * @param {object} found
   * @param {HTMLCanvasElement} found.canvas already as large as it is shown, in device pixels
   * @param {EventInfo} found.info
   * @param {Asked} found.asked
   * @param {boolean} found.overlay
   * @param {boolean} found.isCalm whether who watches asked for less motion
   * @param {boolean} found.isRehearsal
   */
  constructor({ canvas, info, asked, overlay, isCalm, isRehearsal }) {
    const { width, height } = canvas;
    this.canvas = canvas;
    this.pen = opaque(canvas, !overlay);
    this.width = width;
    this.height = height;
    /** A hundredth of the screen's height; on a screen that is high and narrow, of its width. */
    this.screen = Math.min(height, width * 0.75) / 100;
    /** The same, larger or smaller as it was asked for: the measure of all type. */
    this.u = this.screen * asked.scale;
    const [x, y] = [width * SAFE, height * SAFE];
    const room = isRehearsal ? REHEARSAL_ROOM * this.screen : 0;
    /** @type {Box} where words may be */
    this.safe = { x, y: y + room, w: width - 2 * x, h: height - 2 * y - room };
    this.isWide = width > height;
    this.isRehearsal = isRehearsal;
    this.overlay = overlay;
    this.isCalm = isCalm;
    this.asked = asked;
    this.title = asked.title ?? info.name;
    this.words = wallWords(asked.lang);
    this.numbers = wallNumbers(asked.lang);
    this.type = new Type(this.pen, asked.lang);
    this.flags = new Flags();
    /** @type {Player[]} */
    this.teams = info.teams.map((team) => {
      const color = asked.colours[team.code] ?? team.color;
      const paint = tint(color || HOUSE, GROUND);
      return { ...team, color, name: teamName(team, asked.lang), paint, ink: inkOn(paint) };
    });
  }

  /** A scene that does not cover all of it begins with nothing. */
  clear() {
    const { pen, width, height } = this;
    if (this.overlay) return pen.clearRect(0, 0, width, height);
    pen.fillStyle = GROUND;
    pen.fillRect(0, 0, width, height);
  }

  /**
   * A canvas of its own for what changes seldom, cleared: to copy it costs little, as long as it is copied to whole pixels.
   *
   * @param {number} width
   * @param {number} height
   */
  layer(width, height) {
    const canvas = document.createElement('canvas');
    canvas.width = width;
    canvas.height = height;
    const pen = opaque(canvas, !this.overlay);
    pen.fillStyle = GROUND;
    if (!this.overlay) pen.fillRect(0, 0, width, height);
    return pen;
  }

  /** @param {string} code */
  indexOf(code) {
    return this.teams.findIndex((team) => team.code === code);
  }

  /**
   * A rate while there is one, a total when all is over, and no number at all where none is known.
   *
   * @param {Frame} frame
   * @param {number} value
   */
  tell({ phase }, value) {
    if (phase === 'final') return this.numbers.exact(value);
    return phase === 'lost' || phase === 'waiting' ? '–' : this.numbers.brief(value);
  }

  /** What `tell` counts. @param {Frame} frame */
  unit({ phase }) {
    return phase === 'final' || phase === 'lost' || phase === 'waiting' ? '' : '/s';
  }

  /**
   * @param {Box} box
   * @param {number} radius
   * @param {string} color
   */
  plate({ x, y, w, h }, radius, color) {
    this.pen.fillStyle = color;
    this.pen.beginPath();
    this.pen.roundRect(x, y, Math.max(0, w), h, Math.min(radius, h / 2));
    this.pen.fill();
  }

  /**
   * @param {number} team
   * @param {number} x of the edge, or the middle, that `align` names
   * @param {number} middle
   * @param {number} height
   * @param {'left' | 'right' | 'center'} [align]
   */
  flag(team, x, middle, height, align = 'center') {
    const picture = this.flags.of(this.teams[team], height);
    const left = x - (align === 'right' ? picture.width : align === 'center' ? picture.width / 2 : 0);
    this.pen.drawImage(picture, Math.round(left), Math.round(middle - picture.height / 2));
  }
}

/**
 * What nothing can be seen through need not be mixed with what lies below it: half of what a large screen costs without a
 * graphics card.
 *
 * @param {HTMLCanvasElement} canvas
 * @param {boolean} isOpaque
 */
const opaque = (canvas, isOpaque) => /** @type {CanvasRenderingContext2D} */ (canvas.getContext('2d', { alpha: !isOpaque }));
