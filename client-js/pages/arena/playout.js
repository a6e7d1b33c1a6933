/**
 * What a playout tool may call: `play()`, `stop()`, `update(data)` and `next()`, as CasparCG does.
 *
 * They are there as soon as this module is, since a tool calls them before a roster can have come; what was called is
 * kept until somebody can act on it.
 *
 * @import { Words } from './asked.js'
 */

import { wordsOf } from './asked.js';

/** What CasparCG alone puts into a page's window: `remove()` in all versions that have CEF, the others in later ones. */
const CASPAR = ['caspar', 'casparcg', 'remove'];

/**
 * Whether a page is hidden until `play()`: in CasparCG, where a template that shows itself has gone on air by accident,
 * and where it is asked for. OBS and vMix never call `play()`: there a hidden page would only look broken.
 *
 * @param {{ overlay: boolean, autoplay: string | null, page: object }} found
 */
export function startsHidden({ overlay, autoplay, page }) {
  if (autoplay !== null) return autoplay === '0';
  return overlay && CASPAR.some((name) => name in page);
}

export class Playout {
  /** @type {boolean} whether what is shown may be seen */
  isOn;
  /** @type {Words} what has been asked for and is not yet answered */
  wished = {};
  /** How many scenes further than before. */
  steps = 0;
  /** @type {() => void} told of every call */
  onCall = () => {};

  /** @param {boolean} isOn */
  constructor(isOn) {
    this.isOn = isOn;
  }

  /** @param {object} page the window that the tool calls into */
  listen(page) {
    Object.assign(page, {
      play: () => this.#turn(true),
      stop: () => this.#turn(false),
      next: () => {
        this.steps++;
        this.onCall();
      },
      update: (/** @type {unknown} */ data) => this.#update(data),
    });
  }

  /** @param {boolean} isOn */
  #turn(isOn) {
    this.isOn = isOn;
    this.onCall();
  }

  /** On air nothing is said of a mistake, and what is shown stays: the tool's log has it. @param {unknown} data */
  #update(data) {
    try {
      this.wished = { ...this.wished, ...wordsOf(data) };
    } catch (error) {
      console.warn(error instanceof Error ? error.message : error);
      return;
    }
    this.onCall();
  }
}
