/**
 * How much of a bar to fill.
 *
 * Alone, a bar shows a level, on its log scale: a village and a capital can both be seen to cheer. In a ranking, where
 * levels lie close together, it shows the rate itself: who leads, and by how much.
 */

/** Fills a bar while nobody is louder: 1,000 taps a second. */
const FULL_LEVEL = 96;

/**
 * @param {number} level
 * @param {number} [loudest] the highest level shown beside it
 * @returns {number} 0 to 1
 */
export const fillOf = (level, loudest = 0) => Math.min(1, level / Math.max(FULL_LEVEL, loudest));

/**
 * @param {number} rate
 * @param {number} leader the highest rate in the ranking
 * @returns {number} 0 to 1
 */
export const shareOf = (rate, leader) => (leader > 0 ? rate / leader : 0);
