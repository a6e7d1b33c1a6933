/**
 * The loudest teams as lanes that overtake each other: each glides to its rank, its bar shows its share of the leader's.
 *
 * @import { Frame } from './crowd.js'
 * @import { Box, Stage } from './stage.js'
 */

import { shareOf } from '../shared/scale.js';
import { FLAG_RATIO } from './flags.js';
import { Pace, Spring } from './motion.js';
import { INK, PLATE, SOFT, VEIL } from './stage.js';
import { CAPITAL } from './type.js';

/** How long a team is on its way to another rank: seen by everybody, over before the next reading. */
const OVERTAKE_MS = 240;

/** Parts of a lane's height. */
const AIR = 0.13;
const NAME = 0.58;
const FLAG = 0.6;

/** @typedef {{ team: number, place: Spring }} Lane */

export class Lanes {
  #stage;
  #box;
  #count;
  #pace = new Pace();
  /** @type {Map<number, Lane>} by team */
  #lanes = new Map();
  #lane;
  #gap;

  /**
   * @param {Stage} stage
   * @param {Box} box
   * @param {number} count how many are shown
   */
  constructor(stage, box, count) {
    this.#stage = stage;
    this.#box = box;
    this.#count = count;
    const row = box.h / count;
    this.#gap = row * AIR;
    this.#lane = row - this.#gap;
  }

  /**
   * @param {number} now
   * @param {Frame} frame
   */
  draw(now, frame) {
    const step_ms = this.#pace.step(now);
    const { told, loud } = frame;
    let leader = 0;
    for (let team = 0; team < loud.length; team++) leader = Math.max(leader, loud[team]);
    for (let rank = 0; rank < this.#count && rank < told.order.length; rank++) this.#admit(told.order[rank], rank);

    // From the last to the first: who overtakes passes in front.
    const shown = [...this.#lanes.values()].map((lane) => ({ lane, rank: told.order.indexOf(lane.team) }));
    shown.sort((a, b) => b.rank - a.rank);
    for (const { lane, rank } of shown) {
      const target = Math.min(rank, this.#count);
      const at = this.#stage.isCalm ? (lane.place.at = target) : lane.place.toward(target, step_ms);
      if (target === this.#count && at > this.#count - 0.02) this.#lanes.delete(lane.team);
      else this.#drawLane(lane.team, rank, at, shareOf(loud[lane.team], leader), frame);
    }
  }

  /**
   * @param {number} team
   * @param {number} rank
   */
  #admit(team, rank) {
    if (this.#lanes.has(team)) return;
    const isFirstFrame = this.#lanes.size < this.#count;
    this.#lanes.set(team, { team, place: new Spring(isFirstFrame ? rank : this.#count, OVERTAKE_MS) });
  }

  /**
   * @param {number} team
   * @param {number} rank
   * @param {number} place where it stands, in lanes from the top
   * @param {number} share of the leader's
   * @param {Frame} frame
   */
  #drawLane(team, rank, place, share, frame) {
    const { pen, type, overlay, teams } = this.#stage;
    const lane = this.#lane;
    const top = this.#box.y + place * (lane + this.#gap) + this.#gap / 2;
    const size = lane * NAME;
    const feet = top + lane / 2 + (size * CAPITAL) / 2;
    const indent = this.#count > 9 ? lane * 1.02 : lane * 0.72;
    const box = { x: this.#box.x + indent, y: top, w: this.#box.w - indent, h: lane };
    const radius = lane * 0.2;
    const { paint, ink } = teams[team];

    // Who comes in or goes does so below the last, out of nothing.
    pen.globalAlpha = Math.max(0, Math.min(1, (this.#count - place) * 3));
    if (overlay) this.#stage.plate({ ...box, x: this.#box.x, w: this.#box.w }, radius, VEIL);
    this.#stage.plate(box, radius, PLATE);
    const filled = box.w * share;
    pen.save();
    pen.beginPath();
    pen.roundRect(box.x, box.y, box.w, box.h, radius);
    pen.clip();
    pen.fillStyle = paint;
    pen.fillRect(box.x, box.y, filled, box.h);
    pen.restore();

    if (rank < this.#count) {
      type.figures(String(rank + 1), box.x - lane * 0.26, feet, size, { color: SOFT, weight: 700, align: 'right' });
    }
    // Written twice, each time only where it can be read: on the bar, and beside it.
    this.#within(box, 0, filled, () => this.#write(team, box, feet, size, ink, frame));
    this.#within(box, filled, box.w, () => this.#write(team, box, feet, size, INK, frame));
    this.#stage.flag(team, box.x + lane * (0.24 + (FLAG * FLAG_RATIO) / 2), top + lane / 2, lane * FLAG);
    pen.globalAlpha = 1;
  }

  /**
   * @param {Box} box
   * @param {number} from
   * @param {number} to
   * @param {() => void} write
   */
  #within(box, from, to, write) {
    if (to - from < 0.5) return;
    const { pen } = this.#stage;
    pen.save();
    pen.beginPath();
    pen.rect(box.x + from, box.y, to - from, box.h);
    pen.clip();
    write();
    pen.restore();
  }

  /**
   * @param {number} team
   * @param {Box} box
   * @param {number} feet
   * @param {number} size
   * @param {string} color
   * @param {Frame} frame
   */
  #write(team, box, feet, size, color, frame) {
    const { type, teams } = this.#stage;
    const lane = this.#lane;
    const value = this.#stage.tell(frame, frame.told.values[team]);
    const pad = lane * 0.3;
    const unit = this.#stage.unit(frame);
    const room = Math.max(type.figuresWidth(value, size, unit), size * 2.4);
    const left = box.x + lane * (0.24 + FLAG * FLAG_RATIO + 0.24);
    type.figures(value, box.x + box.w - pad, feet, size, { color, align: 'right', unit });
    const max = box.x + box.w - pad - room - lane * 0.3 - left;
    type.words(teams[team].name, left, feet, size, { color, weight: 700, max });
  }
}
