/**
 * How long to wait before the next try: full jitter, so that a hundred thousand clients do not come back as one.
 *
 * Each try draws evenly from a span that doubles. Knows neither why the last try failed nor what the next one is.
 */

/** The first span: half of all fans are back a quarter of a second after a gateway falls, spread evenly. */
const FIRST_MS = 500;

/** The last span: long enough to let an overloaded venue breathe, short enough to see the end of a match. */
const LONGEST_MS = 30_000;

/**
 * @param {number} tries that failed before, 0 at first
 * @param {() => number} random in [0, 1)
 * @returns {number} milliseconds
 */
export function backoff(tries, random) {
  return random() * Math.min(LONGEST_MS, FIRST_MS * 2 ** tries);
}
