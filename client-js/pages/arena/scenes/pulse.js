/**
 * One team, the whole screen, beating: the louder its crowd, the larger and the quicker.
 *
 * It beats at most MAX_HZ a second, by so little of its size, and its rings are so faint, that nothing on it flashes.
 *
 * @import { Frame } from '../crowd.js'
 * @import { Scene, Stage } from '../stage.js'
 */

import { fillOf } from '../../shared/scale.js';
import { luminanceOf } from '../../shared/tint.js';
import { drawMark } from '../header.js';
import { Heart, Pace, Spring } from '../motion.js';
import { INK, SOFT, VEIL } from '../stage.js';
import { CAPITAL } from '../type.js';

/** Of the screen's shorter side: the disc at rest, what loudness adds, what a beat adds at full level. */
const REST = 0.33;
const LOUD = 0.045;
const BEAT = 0.035;

/** How far a ring goes, in discs, and in how many beats. */
const RING_REACH = 1.3;
const RING_BEATS = 3;

/**
 * A ring's relative luminance on black, at most: below the tenth that makes a flash, whatever the team's colour, since it
 * passes where the disc's edge has just been.
 */
const RING_LUMINANCE = 0.07;
const RING_STRENGTH_MAX = 0.55;

/** From luminance to the strength of a colour that is mixed as screens mix. */
const GAMMA = 2.2;

/** How quickly the disc follows its level. */
const FOLLOW_MS = 350;

/** @param {Stage} stage */
export const enter = (stage) => new Pulse(stage);

/** @implements {Scene} */
class Pulse {
  #stage;
  #pace = new Pace();
  #heart = new Heart();
  #loudness = new Spring(0, FOLLOW_MS);
  #team = -1;
  #ringStrength = 0;

  /** @param {Stage} stage */
  constructor(stage) {
    this.#stage = stage;
    this.#team = stage.asked.team ? stage.indexOf(stage.asked.team) : -1;
  }

  /**
   * @param {number} now
   * @param {Frame} frame
   */
  draw(now, frame) {
    this.#stage.clear();
    if (this.#team < 0 && frame.phase !== 'waiting') this.#team = frame.told.order[0];
    if (this.#team < 0) return;
    const { isCalm, overlay } = this.#stage;
    const isOver = frame.phase === 'final';
    this.#ringStrength ||= strengthOf(this.#stage.teams[this.#team].paint);
    const step_ms = this.#pace.step(now);
    const loudness = this.#loudness.toward(isOver ? 0 : fillOf(frame.levels[this.#team]), step_ms);
    const beat = this.#heart.beat(step_ms, loudness) * (isCalm || isOver ? 0 : 1);
    const swing = REST + LOUD * loudness + BEAT * loudness * beat;
    if (overlay) this.#badge(frame, swing / REST);
    else this.#full(frame, swing, loudness);
  }

  leave() {}

  /**
   * @param {Frame} frame
   * @param {number} swing
   * @param {number} loudness
   */
  #full(frame, swing, loudness) {
    const { type, teams, u, screen, safe, width, words, isWide, title } = this.#stage;
    const team = this.#team;
    const { name, ink } = teams[team];
    const radius = swing * 100 * screen;
    const [x, y] = [width / 2, safe.y + safe.h * 0.5];
    this.#rings(x, y, radius, loudness);
    this.#disc(x, y, radius);

    const rest = REST * 100 * screen;
    const flag = rest * 0.4;
    this.#stage.flag(team, x, y - rest * 0.56, flag);
    const value = this.#stage.tell(frame, frame.told.values[team]);
    type.figures(value, x, y + rest * 0.36, rest * 0.66, { color: ink, align: 'center', max: rest * 1.62 });
    const label = frame.phase === 'final' ? words.cheers : words.perSecond;
    type.words(label, x, y + rest * 0.6, rest * 0.12, { color: ink, weight: 700, align: 'center', max: rest * 1.2 });

    if (!isWide) {
      type.words(name, x, safe.y + safe.h * 0.12, 8 * u, { color: INK, align: 'center', max: safe.w });
      return;
    }
    const side = (safe.w - 2 * (REST + LOUD + BEAT) * 100 * screen) / 2 - 3 * u;
    const foot = safe.y + safe.h;
    drawMark(this.#stage, safe.x, safe.y + 3 * u, 3 * u);
    type.words(title, safe.x + 4.6 * u, safe.y + 3 * u, 4 * u, { color: INK, weight: 700, max: side - 4.6 * u });
    type.words(name, safe.x, foot, 9 * u, { color: INK, max: safe.w * 0.42 });
    const rank = frame.told.order.indexOf(team) + 1;
    type.figures(`#${this.#stage.numbers.exact(rank)}`, safe.x + safe.w, safe.y + 9 * u * CAPITAL, 9 * u, { color: INK, align: 'right' });
    const total = this.#stage.numbers.exact(frame.totals[team]);
    if (frame.phase === 'final') return type.words(words.final, safe.x + safe.w, foot, 5 * u, { color: SOFT, weight: 700, align: 'right' });
    type.words(words.cheers, safe.x + safe.w, foot, 3.6 * u, { color: SOFT, weight: 600, align: 'right' });
    type.figures(total, safe.x + safe.w, foot - 5 * u, 7 * u, { color: INK, align: 'right', max: side });
  }

  /**
   * Over a programme: small, at the foot.
   *
   * @param {Frame} frame
   * @param {number} swing of its size at rest
   */
  #badge(frame, swing) {
    const { type, teams, u, safe } = this.#stage;
    const { name, ink, code } = teams[this.#team];
    const rest = 9 * u;
    const [x, y] = [safe.x + rest * 1.4, safe.y + safe.h - rest * 1.4];
    const size = 8 * u;
    const value = this.#stage.tell(frame, frame.told.values[this.#team]);
    const unit = this.#stage.unit(frame);
    const wide = Math.max(type.figuresWidth(value, size, unit), 24 * u);
    this.#stage.plate({ x, y: y - 8 * u, w: rest * 1.6 + wide + 3 * u, h: 16 * u }, 2 * u, VEIL);
    this.#disc(x, y, rest * (1 + (swing - 1) * 0.8));
    type.words(code, x, y + 5.4 * u * CAPITAL * 0.5, 5.4 * u, { color: ink, align: 'center', max: rest * 1.6 });
    type.figures(value, x + rest * 1.45, y + 1.4 * u, size, { color: INK, unit });
    type.words(name, x + rest * 1.45, y + 6 * u, 3.4 * u, { color: SOFT, weight: 600, max: wide });
  }

  /**
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   */
  #disc(x, y, radius) {
    const { pen, teams } = this.#stage;
    pen.fillStyle = teams[this.#team].paint;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fill();
  }

  /**
   * Each beat sends one ring out, which fades on its way: one passes any point as often as the heart beats.
   *
   * @param {number} x
   * @param {number} y
   * @param {number} radius
   * @param {number} loudness
   */
  #rings(x, y, radius, loudness) {
    const { pen, teams, isCalm } = this.#stage;
    if (isCalm) return;
    pen.strokeStyle = teams[this.#team].paint;
    for (let ring = 0; ring < RING_BEATS; ring++) {
      const way = ((this.#heart.beats % 1) + ring) / RING_BEATS;
      pen.globalAlpha = this.#ringStrength * loudness * (1 - way) ** 1.5;
      pen.lineWidth = radius * 0.1 * (1 - way * 0.5);
      pen.beginPath();
      pen.arc(x, y, radius * (1 + RING_REACH * way), 0, 2 * Math.PI);
      pen.stroke();
    }
    pen.globalAlpha = 1;
  }
}

/** @param {string} color `#rrggbb` */
const strengthOf = (color) => Math.min(RING_STRENGTH_MAX, (RING_LUMINANCE / luminanceOf(color)) ** (1 / GAMMA));
