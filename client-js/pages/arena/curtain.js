/**
 * Between seen and not seen, and between one scene and the next: a short fade, never a cut that could flash.
 */

import { Pace, Spring } from './motion.js';

const FADE_MS = 160;

/** So little is nothing. */
const SHUT = 0.02;

export class Curtain {
  #element;
  #pace = new Pace();
  #open;
  #shown = NaN;

  /**
   * @param {HTMLElement} element
   * @param {boolean} isOpen
   */
  constructor(element, isOpen) {
    this.#element = element;
    this.#open = new Spring(isOpen ? 1 : 0, FADE_MS);
  }

  /**
   * @param {number} now
   * @param {boolean} isOpen whether it should be
   * @returns {boolean} whether anything can be seen
   */
  move(now, isOpen) {
    const at = this.#open.toward(isOpen ? 1 : 0, this.#pace.step(now));
    const shown = at < SHUT ? 0 : at > 1 - SHUT ? 1 : Math.round(at * 100) / 100;
    if (shown !== this.#shown) this.#element.style.opacity = String((this.#shown = shown));
    return shown > 0;
  }
}
