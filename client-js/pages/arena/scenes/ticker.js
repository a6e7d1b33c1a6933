/**
 * A lower third: one line of teams that moves along, the loudest first, around and around.
 *
 * @import { Frame } from '../crowd.js'
 * @import { Scene, Stage } from '../stage.js'
 */

import { FLAG_RATIO } from '../flags.js';
import { drawMark } from '../header.js';
import { Pace } from '../motion.js';
import { GROUND, HOUSE, INK, PLATE, SOFT } from '../stage.js';
import { CAPITAL } from '../type.js';

const TOP = 10;

/** In hundredths of the screen's height. */
const HEIGHT = 11;

/** Parts of the line's height. */
const NAME = 0.46;
const FIGURES = 0.46;
const FLAG = 0.56;
const NAME_AT = 0.66 + FLAG * FLAG_RATIO + 0.22;
const GAP = 0.5;

/** Heights of the line that go by in a second: a word is in sight for ten seconds and more. */
const SPEED = 1.15;

/** Who asked for less motion reads one page after the other instead. */
const PAGE_MS = 6_000;

/** @param {Stage} stage */
export const enter = (stage) => new Ticker(stage);

/** @implements {Scene} */
class Ticker {
  #stage;
  #box;
  #pace = new Pace();
  /** @type {{ team: number, x: number, width: number }[]} what is in sight, from left to right */
  #items = [];
  /** Ranks told so far. */
  #told = 0;
  #turnedAt = 0;

  /** @param {Stage} stage */
  constructor(stage) {
    this.#stage = stage;
    const { safe, u, width } = stage;
    const h = HEIGHT * u;
    this.#box = { x: 0, y: safe.y + safe.h - h, w: width, h };
    this.#items = [];
    this.#told = 0;
  }

  /**
   * @param {number} now
   * @param {Frame} frame
   */
  draw(now, frame) {
    const { pen, safe } = this.#stage;
    const { x, y, w, h } = this.#box;
    this.#stage.clear();
    pen.fillStyle = PLATE;
    pen.fillRect(x, y, w, h);
    const from = safe.x + this.#title(frame);
    this.#move(now, frame, from);
    pen.save();
    pen.beginPath();
    pen.rect(from, y, w - from, h);
    pen.clip();
    for (const item of this.#items) this.#item(item, frame);
    pen.restore();
    pen.fillStyle = HOUSE;
    pen.fillRect(x, y, w, h * 0.05);
  }

  leave() {}

  /**
   * @param {Frame} frame
   * @returns {number} its width
   */
  #title({ phase }) {
    const { pen, type, safe, title, words } = this.#stage;
    const { y, h } = this.#box;
    const size = h * 0.36;
    const said = phase === 'final' ? words.final : phase === 'scheduled' ? words.soon : title;
    const max = safe.w * 0.24;
    const fit = type.fit(said, size, 800, max);
    const mark = size * CAPITAL;
    const width = mark * 1.7 + type.width(fit.words, fit.size) + h * 0.4;
    pen.fillStyle = GROUND;
    pen.fillRect(0, y, safe.x + width, h);
    const feet = y + h / 2 + (size * CAPITAL) / 2;
    drawMark(this.#stage, safe.x, feet, mark);
    type.words(fit.words, safe.x + mark * 1.7, feet, fit.size, { color: INK });
    return width;
  }

  /**
   * @param {number} now
   * @param {Frame} frame
   * @param {number} from where the line begins
   */
  #move(now, frame, from) {
    const step_ms = this.#pace.step(now);
    const end = this.#stage.width;
    if (this.#stage.isCalm) {
      if (this.#items.length > 0 && now - this.#turnedAt < PAGE_MS) return;
      this.#turnedAt = now;
      this.#items = [];
    } else {
      const step = (this.#box.h * SPEED * step_ms) / 1000;
      for (const item of this.#items) item.x -= step;
    }
    while (this.#items.length > 0 && this.#items[0].x + this.#items[0].width < from) this.#items.shift();
    if (frame.phase === 'waiting') return;
    let next = this.#tail(from);
    while (next < end) {
      const top = Math.min(this.#stage.asked.top ?? TOP, frame.told.order.length);
      const team = frame.told.order[this.#told++ % top];
      const width = this.#width(team, frame);
      this.#items.push({ team, x: next, width });
      next += width;
    }
  }

  /** @param {number} from */
  #tail(from) {
    const last = this.#items[this.#items.length - 1];
    return last ? last.x + last.width : from + this.#box.h * 0.3;
  }

  /**
   * Set once for its way across: what it says may change, where it ends may not.
   *
   * @param {number} team
   * @param {Frame} frame
   */
  #width(team, frame) {
    const { type, teams } = this.#stage;
    const h = this.#box.h;
    const unit = this.#stage.unit(frame);
    const value = this.#stage.tell(frame, frame.told.values[team]);
    const figures = Math.max(type.figuresWidth(value, h * FIGURES, unit), type.figuresWidth('000', h * FIGURES, unit));
    return h * (NAME_AT + 0.3 + GAP) + type.width(teams[team].name, h * NAME, 700) + figures;
  }

  /**
   * @param {{ team: number, x: number, width: number }} item
   * @param {Frame} frame
   */
  #item({ team, x, width }, frame) {
    const { pen, type, teams, numbers } = this.#stage;
    const { y, h } = this.#box;
    const { name, paint } = teams[team];
    const middle = y + h * 0.5;
    const feet = middle + (h * NAME * CAPITAL) / 2;
    const rank = numbers.exact(frame.told.order.indexOf(team) + 1);
    type.figures(rank, x + h * 0.46, feet, h * NAME, { color: SOFT, weight: 700, align: 'right' });
    this.#stage.flag(team, x + h * 0.66, middle, h * FLAG, 'left');
    type.words(name, x + h * NAME_AT, feet, h * NAME, { color: INK, weight: 700 });
    const after = x + h * (NAME_AT + 0.3) + type.width(name, h * NAME, 700);
    const value = this.#stage.tell(frame, frame.told.values[team]);
    type.figures(value, after, feet, h * FIGURES, { color: INK, unit: this.#stage.unit(frame) });
    pen.fillStyle = paint;
    pen.fillRect(x + h * 0.66, y + h * 0.9, width - h * (0.66 + GAP), h * 0.1);
  }
}
