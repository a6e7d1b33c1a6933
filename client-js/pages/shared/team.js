/**
 * How a team looks: its flag, its colour, and what can be read on that colour.
 *
 * @import { Team } from '../../src/index.js'
 */

/**
 * Paints an element, and all in it, in a team's colour; a team without one wears the house's.
 *
 * @param {HTMLElement} element
 * @param {Team | undefined} team
 */
export function paint(element, team) {
  const ink = team?.color && inkOn(team.color);
  for (const [name, value] of [
    ['--team', team?.color],
    ['--on-team', ink],
    ['--against-ink', ink && (ink === '#000000' ? '#ffffff' : '#000000')],
  ]) {
    if (value) element.style.setProperty(/** @type {string} */ (name), value);
    else element.style.removeProperty(/** @type {string} */ (name));
  }
}

/**
 * Black or white, whichever stands out more (WCAG 2.2, relative luminance; the two are even at 0.179).
 *
 * @param {string} color `#rrggbb`
 */
export function inkOn(color) {
  const [red, green, blue] = [1, 3, 5]
    .map((at) => parseInt(color.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue > 0.179 ? '#000000' : '#ffffff';
}
