/**
 * Two teams and the line between them: the louder one pushes it into the other's half.
 *
 * The whole screen; over a programme a strip at its foot.
 *
 * @import { Frame } from '../crowd.js'
 * @import { Scene, Stage } from '../stage.js'
 */

import { FLAG_RATIO } from '../flags.js';
import { Pace, Spring } from '../motion.js';
import { GROUND, INK } from '../stage.js';
import { CAPITAL } from '../type.js';
import { drawMark } from '../header.js';

/** How far from the middle the line may come, as a part of the width: beyond it stand the words. */
const REACH = 0.13;

/** So much louder on the log scale of levels (ten times) is as far as the line goes. */
const FULL_LEAD = 32;

/** A tug is slow: whatever the crowd does, the line does not flicker. */
const TUG_MS = 900;

/** Over a programme: the strip's height in hundredths of the screen. */
const STRIP = 17;

/** The line leans, as a part of the height. */
const LEAN = 0.12;

/** @param {Stage} stage */
export const enter = (stage) => new Battle(stage);

/** @implements {Scene} */
class Battle {
  #stage;
  #box;
  #pace = new Pace();
  #line = new Spring(0, TUG_MS);
  /** @type {number[]} */
  #sides = [];

  /** @param {Stage} stage */
  constructor(stage) {
    this.#stage = stage;
    const { asked, overlay, safe, u, width, height } = stage;
    this.#sides = asked.teams.map((code) => stage.indexOf(code));
    const h = STRIP * u;
    this.#box = overlay ? { x: safe.x, y: safe.y + safe.h - h, w: safe.w, h } : { x: 0, y: 0, w: width, h: height };
  }

  /**
   * @param {number} now
   * @param {Frame} frame
   */
  draw(now, frame) {
    // The two loudest when it began, and for as long as it lasts: rivals do not change in the middle of it.
    if (this.#sides.length === 0 && frame.phase !== 'waiting') this.#sides = frame.told.order.slice(0, 2);
    const [left, right] = this.#sides;
    // Without a strip the two fields cover all.
    if (this.#stage.overlay || right === undefined) this.#stage.clear();
    if (right === undefined) return;
    const lead = (frame.levels[left] - frame.levels[right]) / FULL_LEAD;
    const at = this.#line.toward(Math.max(-1, Math.min(1, lead)), this.#pace.step(now));
    this.#fields(left, right, 0.5 + at * REACH);
    if (this.#stage.overlay) {
      this.#strip(left, frame, 1);
      this.#strip(right, frame, -1);
    } else {
      this.#half(left, frame, 1);
      this.#half(right, frame, -1);
      this.#foot(frame);
    }
  }

  leave() {}

  /**
   * @param {number} left
   * @param {number} right
   * @param {number} part where the line stands
   */
  #fields(left, right, part) {
    const { pen, teams, u, overlay } = this.#stage;
    const { x, y, w, h } = this.#box;
    const lean = h * LEAN;
    const line = x + w * part;
    pen.save();
    if (overlay) {
      pen.beginPath();
      pen.roundRect(x, y, w, h, 1.6 * u);
      pen.clip();
    }
    pen.fillStyle = teams[right].paint;
    slanted(pen, line, x + w + lean, y, h, lean);
    pen.fillStyle = teams[left].paint;
    slanted(pen, x - lean, line, y, h, lean);
    // Dark, since every team's colour stands out from the dark; and one edge, since three that pass would flash.
    const half = (overlay ? 0.7 : 1.3) * u;
    pen.fillStyle = GROUND;
    slanted(pen, line - half, line + half, y, h, lean);
    pen.restore();
  }

  /**
   * @param {number} team
   * @param {Frame} frame
   * @param {1 | -1} side 1 is the left
   */
  #half(team, frame, side) {
    const { pen, type, teams, u, safe, isWide, numbers, words } = this.#stage;
    const { code, name, ink } = teams[team];
    const align = side === 1 ? 'left' : 'right';
    const edge = side === 1 ? safe.x : safe.x + safe.w;
    const max = safe.w * (isWide ? 0.36 : 0.4);
    const look = /** @type {const} */ ({ color: ink, align, max });
    const k = isWide ? u : u * 0.62;
    const flag = 15 * k;
    const top = safe.y + (safe.h - 75 * k) / 2;
    this.#stage.flag(team, edge, top + flag / 2, flag, align);
    type.words(code, edge, top + 36 * k, 25 * k, look);
    type.words(name, edge, top + 47 * k, 6.4 * k, { ...look, weight: 700 });
    type.figures(this.#stage.tell(frame, frame.told.values[team]), edge, top + 67 * k, 20 * k, { ...look, unit: this.#stage.unit(frame) });
    const total = `${numbers.exact(frame.totals[team])} ${words.cheers}`;
    const small = frame.phase === 'final' ? words.cheers : total;
    pen.globalAlpha = 0.86;
    type.figures(small, edge, top + 74 * k, 4.4 * k, { ...look, weight: 700 });
    pen.globalAlpha = 1;
  }

  /** What this is, on a plate of its own. @param {Frame} frame */
  #foot({ phase }) {
    const { type, u, safe, title, words, width } = this.#stage;
    const size = 3.6 * u;
    const said = phase === 'final' ? `${title} · ${words.final}` : phase === 'scheduled' ? `${title} · ${words.soon}` : title;
    const fit = type.fit(said, size, 700, safe.w * 0.5);
    const wide = type.width(fit.words, fit.size, 700);
    const mark = size * CAPITAL * 1.1;
    const plate = { x: 0, y: safe.y + safe.h - 6.4 * u, w: wide + mark * 1.5 + 5 * u, h: 6.4 * u };
    plate.x = (width - plate.w) / 2;
    this.#stage.plate(plate, 3.2 * u, GROUND);
    const feet = plate.y + plate.h / 2 + (size * CAPITAL) / 2;
    drawMark(this.#stage, plate.x + 2.4 * u, feet, size * CAPITAL);
    type.words(fit.words, plate.x + 2.4 * u + mark * 1.5, feet, fit.size, { color: INK, weight: 700 });
  }

  /**
   * @param {number} team
   * @param {Frame} frame
   * @param {1 | -1} side 1 is the left
   */
  #strip(team, frame, side) {
    const { type, teams, u } = this.#stage;
    const { x, y, w, h } = this.#box;
    const { code, name, ink } = teams[team];
    const align = side === 1 ? 'left' : 'right';
    const edge = side === 1 ? x + 2.4 * u : x + w - 2.4 * u;
    const middle = y + h / 2;
    const flag = 8 * u;
    const size = 9 * u;
    this.#stage.flag(team, edge, middle, flag, align);
    const beside = edge + side * (flag * FLAG_RATIO + 2 * u);
    const room = type.width(code, size);
    type.words(code, beside, middle + 1.6 * u, size, { color: ink, align });
    type.words(name, beside, middle + 6 * u, 3 * u, { color: ink, align, weight: 600, max: w * 0.16 });
    const after = beside + side * (Math.max(room, w * 0.1) + 2.4 * u);
    const left = Math.abs(x + w * (0.5 - side * REACH) - after) - h * LEAN - u;
    const value = this.#stage.tell(frame, frame.told.values[team]);
    type.figures(value, after, middle + (size * CAPITAL) / 2, size, { color: ink, align, max: left, unit: this.#stage.unit(frame) });
  }
}

/**
 * @param {CanvasRenderingContext2D} pen
 * @param {number} from
 * @param {number} to
 * @param {number} y
 * @param {number} h
 * @param {number} lean
 */
function slanted(pen, from, to, y, h, lean) {
  pen.beginPath();
  pen.moveTo(from + lean / 2, y);
  pen.lineTo(to + lean / 2, y);
  pen.lineTo(to - lean / 2, y + h);
  pen.lineTo(from - lean / 2, y + h);
  pen.fill();
}
