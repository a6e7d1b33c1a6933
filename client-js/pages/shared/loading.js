/**
 * Asks until it is answered, as patiently as the SDK reconnects.
 */

import { backoff } from '../../src/backoff.js';

/**
 * @template Answer
 * @param {() => Promise<Answer>} load
 * @param {(error: unknown) => void} onFailure
 */
export async function untilLoaded(load, onFailure) {
  for (let tries = 0; ; tries++) {
    try {
      return await load();
    } catch (error) {
      onFailure(error);
      await pause(backoff(tries, Math.random));
    }
  }
}

/** A page that nobody looks at has no frames. */
const FRAME_MAX_MS = 200;

/** Until what has been changed can be seen. */
export const frame = () =>
  Promise.race([pause(FRAME_MAX_MS), new Promise((resume) => requestAnimationFrame(() => setTimeout(resume)))]);

/** @param {number} ms */
export const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));
