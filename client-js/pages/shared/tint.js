/**
 * A team's colour as it can be told from what it stands on.
 *
 * A third of all rosters' colours are a navy or a yellow that vanishes on a dark or a light ground: those are mixed with
 * white or black, as little as it takes.
 */

/** WCAG 2.2, 1.4.11: what has to be seen stands out from its ground by 3 to 1. */
const CONTRAST = 3;

const STEPS = 20;

/**
 * @param {string} color `#rrggbb`
 * @param {string} ground `#rrggbb`
 * @returns {string} `#rrggbb`
 */
export function tint(color, ground) {
  const [paint, under] = [parts(color), parts(ground)];
  const towards = luminance(under) > 0.179 ? 0 : 255;
  for (let step = 0; step <= STEPS; step++) {
    const mixed = paint.map((part) => Math.round(part + ((towards - part) * step) / STEPS));
    if (contrast(luminance(mixed), luminance(under)) >= CONTRAST || step === STEPS) return hex(mixed);
  }
  return color;
}

/**
 * @param {number} one
 * @param {number} other
 */
const contrast = (one, other) => (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);

/**
 * WCAG 2.2, relative luminance.
 *
 * @param {number[]} rgb
 */
function luminance(rgb) {
  const [red, green, blue] = rgb
    .map((part) => part / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}

/** @param {string} color `#rrggbb` */
export const luminanceOf = (color) => luminance(parts(color));

/** @param {string} color */
const parts = (color) => [1, 3, 5].map((at) => parseInt(color.slice(at, at + 2), 16));

/** @param {number[]} rgb */
const hex = (rgb) => `#${rgb.map((part) => part.toString(16).padStart(2, '0')).join('')}`;
