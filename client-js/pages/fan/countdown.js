/**
 * How long until something, as a reader of the page's language says it, and the clock to tell it by.
 */

const SECOND_MS = 1_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/**
 * @param {number} ms
 * @param {string} locale
 * @returns {string} `3 days`, or from the last day on `05:09:07`
 */
export function untilThen(ms, locale) {
  if (ms >= 2 * DAY_MS) return unit(Math.floor(ms / DAY_MS), 'day', locale);
  const seconds = Math.ceil(Math.max(0, ms) / SECOND_MS);
  const digits = new Intl.NumberFormat(locale, { minimumIntegerDigits: 2, useGrouping: false });
  const parts = [Math.floor(seconds / 60) % 60, seconds % 60];
  if (seconds >= HOUR_MS / SECOND_MS) parts.unshift(Math.floor(seconds / 3600));
  return parts.map((part) => digits.format(part)).join(':');
}

/**
 * @param {number} ms
 * @param {string} locale
 * @returns {string} `5 seconds`
 */
export const seconds = (ms, locale) => unit(Math.max(1, Math.ceil(ms / SECOND_MS)), 'second', locale);

/**
 * @param {number} at_ms since 1970
 * @param {string} locale
 */
export function moment(at_ms, locale) {
  const day = { weekday: 'short', day: 'numeric', month: 'short', hour: 'numeric', minute: '2-digit' };
  return new Intl.DateTimeFormat(locale, /** @type {Intl.DateTimeFormatOptions} */ (day)).format(at_ms);
}

/**
 * @param {number} count
 * @param {'day' | 'second'} name
 * @param {string} locale
 */
const unit = (count, name, locale) =>
  new Intl.NumberFormat(locale, { style: 'unit', unit: name, unitDisplay: 'long' }).format(count);

/**
 * The server's time of the wall, told by its beats: a phone's own clock may be minutes wrong.
 */
export class ServerClock {
  #ahead_ms;
  #isTold = false;

  /** @param {number} ahead_ms of the wall, before the page's clock, as far as the phone knows */
  constructor(ahead_ms) {
    this.#ahead_ms = ahead_ms;
  }

  /**
   * The quickest beat is the truest: one that came late makes the server seem behind.
   *
   * @param {number} nominal_ms when the beat was due, since 1970
   * @param {number} now_ms on the page's clock, which never goes back
   */
  hear(nominal_ms, now_ms) {
    const ahead_ms = nominal_ms - now_ms;
    this.#ahead_ms = this.#isTold ? Math.max(this.#ahead_ms, ahead_ms) : ahead_ms;
    this.#isTold = true;
  }

  /** @param {number} now_ms on the page's clock */
  at(now_ms) {
    return now_ms + this.#ahead_ms;
  }
}
