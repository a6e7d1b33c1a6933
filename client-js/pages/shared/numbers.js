/**
 * Numbers as people read them, in the language of their browser.
 */

const whole = new Intl.NumberFormat(undefined, { maximumFractionDigits: 0 });
const short = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 3 });
const rough = new Intl.NumberFormat(undefined, { notation: 'compact', maximumSignificantDigits: 2 });

/** @param {number} count every digit of it */
export const exact = (count) => whole.format(count);

/** @param {number} count in few letters */
export const brief = (count) => short.format(count);

/** @param {number} rate taps per second */
export const briefPerSecond = (rate) => `${brief(rate)}/s`;

/** @param {number} rate taps per second that a level told: two digits of it mean something */
export const roughPerSecond = (rate) => `${rough.format(rate)}/s`;
