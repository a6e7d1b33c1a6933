/**
 * What a close code asks of a client: come back, when, or stay away.
 *
 * The list is PROTOCOL.md's; a code it does not name means "come back". Knows no socket and waits for nothing.
 */

/** @type {ReadonlyMap<number, string>} the codes that end a connection for good, and what to do about them */
const FINAL = new Map([
  [1002, 'update this client: the server does not speak its protocol'],
  [1003, 'update this client: the server does not take its frames'],
  [1007, 'update this client: the server cannot read its text'],
  [1009, 'update this client: the server finds its messages too long'],
  [4500, 'update this client: the server cannot read its messages'],
  [4501, 'ask for a new ticket'],
  [4503, 'check where this page is served from, and for which event'],
  [4504, 'check the name of the event'],
  [4509, 'go on where the session was opened last'],
  [4510, 'the event has closed; the last beat is its final tally'],
]);

/** No server may send a client away for longer; timers cannot count past 24 days either. */
const RETRY_LONGEST_MS = 300_000;

/**
 * @param {number} code
 * @returns {boolean} whether to stay away
 */
export function isFinal(code) {
  return FINAL.has(code) || (code >= 4500 && code <= 4999);
}

/**
 * @param {number} code a final one
 * @returns {string} what to do, for a person to read
 */
export function advice(code) {
  return FINAL.get(code) ?? 'update this client: the server closes with a code it does not know';
}

/**
 * Reads the least wait a restarting (1012) or overloaded (1013) server asks for: `{"retry_ms":N}`.
 *
 * @param {number} code
 * @param {string} reason
 * @returns {number} milliseconds, 0 where nothing is asked
 */
export function retryAfter(code, reason) {
  if (code !== 1012 && code !== 1013) return 0;
  try {
    const { retry_ms } = JSON.parse(reason);
    return retry_ms > 0 ? Math.min(retry_ms, RETRY_LONGEST_MS) : 0;
  } catch {
    return 0;
  }
}
