/**
 * What a screen reader is told, politely and four times a minute, of what the page shows all the time.
 */

import { byId } from '../shared/elements.js';

const EVERY_MS = 15_000;

/** @param {() => string} summary what there is to say now; nothing where there is nothing */
export function tellNowAndThen(summary) {
  const element = byId('summary');
  setInterval(() => {
    const words = document.hidden ? '' : summary();
    // The same again is no news.
    if (words !== '' && element.textContent !== words) element.textContent = words;
  }, EVERY_MS);
}
