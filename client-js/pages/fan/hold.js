/**
 * Turns presses into taps: one for each, and, where the fan has asked for it, more while one is held.
 *
 * Held taps come at the rate of one finger, whatever is held and however much of it: holding is for those who cannot
 * tap fast, and gains nothing on those who can. Knows no button; time comes from the timers it is given.
 */

/** One finger sustains five to seven taps a second. */
export const HELD_TAPS_PER_SECOND = 5;

const BETWEEN_MS = 1000 / HELD_TAPS_PER_SECOND;

export class Hold {
  /** Whether holding cheers. */
  isOn = false;
  #onTap;
  /** @type {Set<string | number>} pointers and keys that are down */
  #down = new Set();
  /** @type {ReturnType<typeof setInterval> | undefined} */
  #timer;

  /** @param {() => void} onTap a tap that nobody pressed for: one more of holding */
  constructor(onTap) {
    this.#onTap = onTap;
  }

  /** Whether anything is pressed. */
  get isDown() {
    return this.#down.size > 0;
  }

  /** @param {string | number} what a pointer or a key; the press itself is its owner's to count */
  press(what) {
    this.#down.add(what);
    if (this.isOn && this.#timer === undefined) this.#timer = setInterval(this.#onTap, BETWEEN_MS);
  }

  /** @param {string | number} what */
  release(what) {
    this.#down.delete(what);
    if (!this.isDown) this.releaseAll();
  }

  /** The page is left, or the button is no more. */
  releaseAll() {
    this.#down.clear();
    clearInterval(this.#timer);
    this.#timer = undefined;
  }
}
