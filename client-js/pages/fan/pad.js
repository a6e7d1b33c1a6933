/**
 * The button that is tapped: it answers within the frame, whatever the network does.
 *
 * Every finger counts as it lands, a key as it goes down but not as it repeats. Knows nothing of teams or servers.
 */

import { make } from '../shared/elements.js';

/** Splashes that may be seen at once: as many taps as the quickest thumbs land while one fades. */
const SPLASHES = 8;
const FADE_MS = 450;

const isCalm = matchMedia('(prefers-reduced-motion: reduce)');

/**
 * @param {HTMLElement} pad
 * @param {HTMLElement} count
 * @param {() => void} onTap
 */
export function listen(pad, count, onTap) {
  const splashes = Array.from({ length: SPLASHES }, () => make('span', 'splash'));
  pad.append(...splashes);
  let taps = 0;

  /**
   * @param {number} x
   * @param {number} y
   */
  function land(x, y) {
    onTap();
    if (isCalm.matches) return;
    const splash = splashes[taps++ % SPLASHES];
    splash.style.translate = `${x}px ${y}px`;
    splash.animate({ opacity: [0.32, 0], scale: [0.3, 2.4] }, { duration: FADE_MS, easing: 'ease-out' });
    count.animate({ scale: [1.1, 1] }, { duration: 140, easing: 'ease-out' });
  }

  const landInTheMiddle = () => land(pad.clientWidth / 2, pad.clientHeight / 2);

  pad.addEventListener('pointerdown', (event) => {
    if (event.button !== 0) return;
    const box = pad.getBoundingClientRect();
    land(event.clientX - box.left, event.clientY - box.top);
  });
  pad.addEventListener('keydown', (event) => {
    if (event.key !== ' ' && event.key !== 'Enter') return;
    event.preventDefault();
    if (!event.repeat) landInTheMiddle();
  });
  pad.addEventListener('keyup', (event) => event.preventDefault());
  // Of all clicks only those of assistive technology come without a press before.
  pad.addEventListener('click', (event) => {
    if (event.detail === 0) landInTheMiddle();
  });
  pad.addEventListener('contextmenu', (event) => event.preventDefault());
}
