/**
 * How many taps may be handed over now, so that the server never takes an honest fan for a machine.
 *
 * The server's bucket starts a session with 24 taps, gains `taps_per_second` and holds 80. This one starts alike and
 * gains alike, but holds no more than the taps of one cadence. So what is owed after a pause is caught up evenly rather
 * than at one blow, and the server's remaining room (80 − 5 at a cadence of 250 ms: 4.7 s of tapping) absorbs frames
 * that a bad network delays and then delivers together. Knows no clock: the time is an argument, in milliseconds.
 */

const START_TAPS = 24;

export class Pace {
  /** What may be handed over at the next moment. */
  room;
  #tapsPerSecond;
  #at;

  /**
   * @param {number} now
   * @param {number} tapsPerSecond
   * @param {number} [room] what the session has left; by default it begins
   */
  constructor(now, tapsPerSecond, room = START_TAPS) {
    this.room = room;
    this.#at = now;
    this.#tapsPerSecond = tapsPerSecond;
  }

  /**
   * Takes out up to `wanted` taps, whole ones.
   *
   * @param {number} now
   * @param {number} wanted
   * @param {number} cadence_ms
   * @returns {number} how many
   */
  take(now, wanted, cadence_ms) {
    const capacity = 1 + (cadence_ms / 1000) * this.#tapsPerSecond;
    const gained = ((now - this.#at) / 1000) * this.#tapsPerSecond;
    this.room = Math.min(capacity, this.room + gained);
    this.#at = now;
    const taken = Math.min(wanted, Math.floor(this.room));
    this.room -= taken;
    return taken;
  }
}
