/**
 * Smooth values between beats: many numbers that glide on a straight line to where the newest beat wants them.
 *
 * Beats come a few times a second, a screen draws sixty: the line starts wherever a value stands when news comes, so
 * that nothing jumps, ends at the news, and never goes beyond it. Knows no clock: time is an argument, in milliseconds.
 */

export class Glide {
  #span_ms;
  #from = new Float32Array();
  #to = new Float32Array();
  #shown = new Float32Array();
  #since_ms = 0;

  /** @param {number} span_ms how long the way to the newest values takes; the time between two beats is a good one */
  constructor(span_ms) {
    this.#span_ms = span_ms;
  }

  /**
   * News. There may be more values than before: those new to it are shown at once, since they stand nowhere yet.
   *
   * @param {ArrayLike<number>} values
   * @param {number} now_ms
   */
  toward(values, now_ms) {
    const stands = this.at(now_ms);
    const known = stands.length;
    if (values.length !== known) {
      this.#from = new Float32Array(values.length);
      this.#to = new Float32Array(values.length);
      this.#shown = new Float32Array(values.length);
    }
    this.#to.set(values);
    this.#from.set(this.#to);
    this.#from.set(stands.subarray(0, values.length));
    this.#since_ms = now_ms;
  }

  /**
   * @param {number} now_ms
   * @returns {Float32Array} where the values stand; the same array each time while their number stays
   */
  at(now_ms) {
    const way = (now_ms - this.#since_ms) / this.#span_ms;
    if (way >= 1) {
      this.#shown.set(this.#to);
      return this.#shown;
    }
    const part = Math.max(0, way);
    for (let i = 0; i < this.#to.length; i++) {
      this.#shown[i] = this.#from[i] + (this.#to[i] - this.#from[i]) * part;
    }
    return this.#shown;
  }
}
