/**
 * Connections that the elements of a page share: one for each event, while any of them needs it.
 */

import { connect } from '../src/index.js';

/** @typedef {ReturnType<typeof connect>} Client */

/** @type {Map<string, { client: Client, holders: number }>} */
const lines = new Map();

/**
 * @param {string} server its origin
 * @param {string} event
 * @returns {{ client: Client, release: () => void }} to be released once
 */
export function hold(server, event) {
  const key = `${server} ${event}`;
  const line = lines.get(key) ?? { client: connect({ url: server, event }), holders: 0 };
  line.holders++;
  lines.set(key, line);
  return {
    client: line.client,
    release() {
      line.holders--;
      if (line.holders > 0) return;
      lines.delete(key);
      line.client.close();
    },
  };
}
