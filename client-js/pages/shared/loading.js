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

/** @param {number} ms */
export const pause = (ms) => new Promise((resume) => setTimeout(resume, ms));
