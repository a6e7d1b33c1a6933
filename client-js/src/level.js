/**
 * A rate on one byte, as it travels, and back.
 *
 * A level is a number of the wire, the same for everyone; how tall to draw it is the business of who draws.
 */

const LEVELS_PER_DECADE = 32;
const LEVEL_MAX = 255;

/**
 * @param {number} tapsPerSecond 0 or more
 * @returns {number} 0 is silence, +32 is ten times as many
 */
export function levelOf(tapsPerSecond) {
  return Math.min(LEVEL_MAX, Math.round(LEVELS_PER_DECADE * Math.log10(1 + tapsPerSecond)));
}

/**
 * The rate in the middle of a level's step; a step is 7.5 % wide, so no more than two digits of it mean anything.
 *
 * @param {number} level
 * @returns {number} taps per second
 */
export function rateOf(level) {
  return 10 ** (level / LEVELS_PER_DECADE) - 1;
}
