/**
 * What becomes of the last known levels when nothing new comes: held for a moment, then let fade.
 *
 * A frozen roar on a wall is a lie, and a wall that falls dark at the first hiccup is one too.
 */

const HOLD_MS = 2_000;
const FADE_MS = 5_000;

/**
 * @param {number} silence_ms since the last fresh beat
 * @returns {number} the part of a level that is still shown, 1 to 0
 */
export function strength(silence_ms) {
  return Math.min(1, Math.max(0, 1 - (silence_ms - HOLD_MS) / FADE_MS));
}

/**
 * @param {number} silence_ms
 * @returns {boolean} whether what is shown must be marked as held
 */
export function isHeld(silence_ms) {
  return silence_ms > HOLD_MS;
}
