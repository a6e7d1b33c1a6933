/**
 * A team's flag: the roster's emoji where the platform draws it, else a badge in the team's colour with its code.
 *
 * Windows has no flag emoji and writes the two letters of the country instead; a club may have no emoji at all; and a
 * white flag says nothing of a team. Each of them gets the badge. What the platform can do is found out once.
 *
 * @import { Team } from '../../src/index.js'
 */

import { inkOn } from './team.js';

/** Letters of a code that fit a badge. */
const BADGE_LETTERS = 3;

const REGION_FLAG = /^[\u{1F1E6}-\u{1F1FF}]{2}$/u;
/** England, Scotland, Wales: a black flag and a name in tags. */
const TAGGED_FLAG = /^\u{1F3F4}[\u{E0020}-\u{E007F}]+$/u;
const WHITE_FLAG = /^\u{1F3F3}\uFE0F?$/u;

/** @type {boolean | undefined} */
let drawn;

/**
 * Puts the flag into an element of the class `flag`, in place of all that was in it.
 *
 * @param {HTMLElement} element
 * @param {Pick<Team, 'code' | 'flag' | 'color'>} team
 */
export function showFlag(element, team) {
  const isBadge = needsBadge(team.flag, (drawn ??= drawsFlags()));
  element.classList.toggle('badge', isBadge);
  element.textContent = isBadge ? team.code.slice(0, BADGE_LETTERS) : team.flag;
  element.style.backgroundColor = isBadge ? (team.color ?? '') : '';
  element.style.color = isBadge && team.color ? inkOn(team.color) : '';
}

/**
 * @param {string} flag as the roster has it
 * @param {boolean} drawsFlags whether the platform draws the flags of regions
 */
export function needsBadge(flag, drawsFlags) {
  if (flag === '' || WHITE_FLAG.test(flag)) return true;
  return !drawsFlags && (REGION_FLAG.test(flag) || TAGGED_FLAG.test(flag));
}

/**
 * The country of a flag emoji, which is spelled in regional indicators.
 *
 * @param {string} flag
 * @returns {string | undefined} ISO 3166-1 alpha-2, or XK for Kosovo; nothing where the flag is no country's
 */
export function regionOf(flag) {
  if (!REGION_FLAG.test(flag)) return undefined;
  return String.fromCodePoint(...Array.from(flag, (letter) => /** @type {number} */ (letter.codePointAt(0)) - 0x1f1a5));
}

/** Paints the flag of France in black: where anything but grey comes out, an emoji was drawn and not two letters. */
function drawsFlags() {
  const canvas = document.createElement('canvas');
  canvas.width = canvas.height = 20;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (context === null) return false;
  context.font = '16px "Apple Color Emoji", "Segoe UI Emoji", "Noto Color Emoji", sans-serif';
  context.textBaseline = 'top';
  context.fillText('\u{1F1EB}\u{1F1F7}', 0, 2);
  return hasColor(context.getImageData(0, 0, canvas.width, canvas.height).data);
}

/**
 * @param {ArrayLike<number>} pixels red, green, blue, alpha
 * @returns {boolean} whether any of them is not grey; letters with coloured fringes are grey enough
 */
export function hasColor(pixels) {
  for (let at = 0; at < pixels.length; at += 4) {
    const [red, green, blue, alpha] = [pixels[at], pixels[at + 1], pixels[at + 2], pixels[at + 3]];
    if (alpha > 200 && Math.max(red, green, blue) - Math.min(red, green, blue) > 100) return true;
  }
  return false;
}
