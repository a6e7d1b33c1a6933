/**
 * Numbers as people read them, in the language of their browser, or of the page once it has chosen one.
 */

/** @type {Intl.NumberFormat} */
let whole;
/** @type {Intl.NumberFormat} */
let short;
/** @type {Intl.NumberFormat} */
let rough;
countIn(undefined);

/** @param {string | undefined} locale from now on */
export function countIn(locale) {
  whole = new Intl.NumberFormat(locale, { maximumFractionDigits: 0 });
  short = new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: 3 });
  rough = new Intl.NumberFormat(locale, { notation: 'compact', maximumSignificantDigits: 2 });
}

/** @param {number} count every digit of it */
export const exact = (count) => whole.format(count);

/** @param {number} count in few letters */
export const brief = (count) => short.format(count);

/** @param {number} rate taps per second that a level told: two digits of it mean something */
export const roughly = (rate) => rough.format(rate);

/** @param {number} rate taps per second */
export const briefPerSecond = (rate) => `${brief(rate)}/s`;

/** @param {number} rate taps per second that a level told */
export const roughPerSecond = (rate) => `${roughly(rate)}/s`;
