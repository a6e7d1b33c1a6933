/**
 * The button that is tapped: it answers within the frame, whatever the network does.
 *
 * Every finger counts as it lands, a key as it goes down but not as it repeats, a switch as it clicks. Knows nothing of
 * teams or servers.
 */

import { Hold } from './hold.js';
import { make } from '../shared/elements.js';

/** Marks that may be seen at once: as many taps as the quickest thumbs land while one fades. */
const SPLASHES = 10;
const FADE_MS = 600;

/** A click this soon after a press is the press's own. */
const CLICK_AFTER_PRESS_MS = 1_000;

const KEYS = [' ', 'Enter'];
const isCalm = matchMedia('(prefers-reduced-motion: reduce)');

export class Pad {
  #pad;
  #count;
  #onTap;
  #hold = new Hold(() => this.#landInTheMiddle());
  #rings = Array.from({ length: SPLASHES }, () => make('span', 'splash'));
  #sparks = Array.from({ length: SPLASHES }, () => make('span', 'spark flag'));
  #landed = 0;
  #pressedAt = -Infinity;

  /**
   * @param {HTMLButtonElement} pad
   * @param {HTMLElement} count
   * @param {HTMLElement} marks what lies over the button, and takes the marks of taps
   * @param {() => void} onTap
   */
  constructor(pad, count, marks, onTap) {
    this.#pad = pad;
    this.#count = count;
    this.#onTap = onTap;
    marks.append(...this.#rings, ...this.#sparks);
    this.#listen();
  }

  /** @param {boolean} isOn whether holding cheers */
  set holding(isOn) {
    this.#hold.isOn = isOn;
    this.#hold.releaseAll();
  }

  /** @param {(element: HTMLElement) => void} show puts what flies up from a finger into an element */
  dress(show) {
    this.#sparks.forEach(show);
  }

  #listen() {
    const pad = this.#pad;
    pad.addEventListener('pointerdown', (event) => {
      if (event.button !== 0 || pad.disabled) return;
      const box = pad.getBoundingClientRect();
      this.#press(event.pointerId, event.clientX - box.left, event.clientY - box.top);
    });
    for (const end of ['pointerup', 'pointercancel', 'lostpointercapture']) {
      addEventListener(end, (event) => this.#release(/** @type {PointerEvent} */ (event).pointerId));
    }
    // With nothing else in focus a key is for the button: who has just come need not look for it.
    document.addEventListener('keydown', (event) => {
      if (!KEYS.includes(event.key) || pad.disabled) return;
      if (document.activeElement !== pad && document.activeElement !== document.body) return;
      event.preventDefault();
      if (!event.repeat) this.#press(event.key, pad.clientWidth / 2, pad.clientHeight / 2);
    });
    document.addEventListener('keyup', (event) => this.#release(event.key));
    pad.addEventListener('keyup', (event) => event.preventDefault());
    // A switch, or a screen reader, clicks without a press.
    pad.addEventListener('click', (event) => {
      if (event.detail === 0 || performance.now() - this.#pressedAt > CLICK_AFTER_PRESS_MS) this.#landInTheMiddle();
    });
    pad.addEventListener('contextmenu', (event) => event.preventDefault());
    addEventListener('blur', () => this.#hold.releaseAll());
    document.addEventListener('visibilitychange', () => this.#hold.releaseAll());
  }

  /**
   * @param {string | number} what
   * @param {number} x
   * @param {number} y
   */
  #press(what, x, y) {
    this.#pressedAt = performance.now();
    this.#pad.toggleAttribute('data-down', true);
    this.#hold.press(what);
    this.#land(x, y);
  }

  /** @param {string | number} what */
  #release(what) {
    if (this.#hold.isDown) this.#pressedAt = performance.now();
    this.#hold.release(what);
    this.#pad.toggleAttribute('data-down', this.#hold.isDown);
  }

  #landInTheMiddle() {
    if (this.#pad.disabled) return this.#hold.releaseAll();
    this.#land(this.#pad.clientWidth / 2, this.#pad.clientHeight / 2);
  }

  /**
   * One tap. Its marks are lines and small things: a whole half of a screen must not flash ten times a second.
   *
   * @param {number} x
   * @param {number} y
   */
  #land(x, y) {
    this.#onTap();
    if (isCalm.matches) return;
    const at = this.#landed++ % SPLASHES;
    const ring = this.#rings[at];
    ring.style.translate = `${x}px ${y}px`;
    ring.animate({ opacity: [0.75, 0], scale: [0.25, 1.7] }, { duration: FADE_MS, easing: 'cubic-bezier(.1,.7,.3,1)' });
    const spark = this.#sparks[at];
    const drift = ((this.#landed * 47) % 90) - 45;
    spark.animate(
      {
        opacity: [1, 1, 0],
        translate: [`${x}px ${y - 20}px`, `${x + drift}px ${y - 150}px`],
        rotate: ['0deg', `${drift / 2}deg`],
      },
      { duration: FADE_MS * 1.6, easing: 'cubic-bezier(.2,.7,.3,1)' },
    );
    this.#count.animate({ scale: [1.12, 1] }, { duration: 160, easing: 'ease-out' });
  }
}
