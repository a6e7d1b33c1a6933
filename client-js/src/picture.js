/**
 * The picture of an event that KEYs and DELTAs paint: the latest beat, never an older one.
 *
 * A KEY paints all, a DELTA what differs from the KEY it names; where that KEY is not at hand, the DELTA is ignored and
 * the next frame repairs it. Knows no socket and no names; the time of arrival is an argument.
 *
 * @import { Delta, Flags, Key } from './codec.js'
 *
 * @typedef {object} Beat the state of an event at an instant
 * @property {number} number
 * @property {Flags} flags
 * @property {Uint8Array} levels one per team, in the order of the roster
 * @property {readonly number[]} totals one per team, of the last KEY: up to 10 s old
 * @property {number} cadence_ms how long to wait between two CHEERs
 * @property {number} age_ms beyond the quickest arrival seen
 */

import { Age } from './age.js';

export class Picture {
  #beat_ms;
  /** Which beats it is of. */
  t0_ms;
  /** @type {Key | null} the last KEY of the present connection */
  #key = null;
  #number = -1;
  #totalsNumber = -1;
  /** @type {readonly number[]} */
  #totals = [];
  #age = new Age();

  /** @param {{ t0_ms: number, beat_ms: number }} times as a welcome has them */
  constructor({ t0_ms, beat_ms }) {
    this.t0_ms = t0_ms;
    this.#beat_ms = beat_ms;
  }

  /** A new connection: its DELTAs name its own KEYs. What has been seen stays seen. */
  reconnect() {
    this.#key = null;
  }

  /**
   * @param {number} now
   * @param {Key | Delta} frame
   * @returns {Beat | null} null where the frame shows nothing newer
   */
  take(now, frame) {
    const levels = frame.type === 'KEY' ? this.#keep(frame) : this.#apply(frame);
    if (levels === null || frame.number < this.#number) return null;
    this.#number = frame.number;
    const { number, flags, cadence_ms } = frame;
    return { number, flags, levels, totals: this.#totals, cadence_ms, age_ms: this.#age.of(now, number * this.#beat_ms) };
  }

  /**
   * The first KEY of another gateway may be older than what the last gateway showed: its totals must not fall back.
   *
   * @param {Key} key
   */
  #keep(key) {
    this.#key = key;
    if (key.number >= this.#totalsNumber) {
      this.#totalsNumber = key.number;
      this.#totals = key.totals;
    }
    return key.levels.slice();
  }

  /** @param {Delta} delta */
  #apply(delta) {
    if (this.#key?.number !== delta.key) return null;
    const levels = this.#key.levels.slice();
    if (delta.levels.some(([team]) => team >= levels.length)) return null;
    for (const [team, level] of delta.levels) levels[team] = level;
    return levels;
  }
}
