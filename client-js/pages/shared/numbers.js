/**
 * Numbers as people read them, in the language of their browser, or of the page once it has chosen one.
 */

/** @type {string | undefined} */
let counted;

/** @param {string | undefined} locale from now on */
export function countIn(locale) {
  counted = locale;
}

/**
 * A format for the locale in force, made when it is first used: each takes a slow phone ten milliseconds and more.
 *
 * @param {Intl.NumberFormatOptions} options
 */
function formatter(options) {
  /** @type {Map<string | undefined, Intl.NumberFormat>} */
  const made = new Map();
  return (/** @type {number} */ number) => {
    const format = made.get(counted) ?? new Intl.NumberFormat(counted, options);
    made.set(counted, format);
    return format.format(number);
  };
}

/** A count, every digit of it. */
export const exact = formatter({ maximumFractionDigits: 0 });

/** A count in few letters. */
export const brief = formatter({ notation: 'compact', maximumSignificantDigits: 3 });

/** Taps per second that a level told: two digits of them mean something. */
export const roughly = formatter({ notation: 'compact', maximumSignificantDigits: 2 });

/** @param {number} rate taps per second */
export const briefPerSecond = (rate) => `${brief(rate)}/s`;

/** @param {number} rate taps per second that a level told */
export const roughPerSecond = (rate) => `${roughly(rate)}/s`;
