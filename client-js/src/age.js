/**
 * How old a beat is when it arrives, though no phone's clock can be trusted.
 *
 * The quickest arrival seen counts as no age at all, and every other is measured against it: an age is what a beat lost
 * beyond the best this network did. Knows no clock: times are arguments, in milliseconds.
 */
export class Age {
  #quickest_ms = Infinity;

  /**
   * @param {number} now_ms on any clock that does not jump
   * @param {number} nominal_ms when the beat was due, on the server's
   */
  of(now_ms, nominal_ms) {
    const since_ms = now_ms - nominal_ms;
    this.#quickest_ms = Math.min(this.#quickest_ms, since_ms);
    return since_ms - this.#quickest_ms;
  }
}
