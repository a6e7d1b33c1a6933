/**
 * What a close code asks of a client: come back, when, or stay away.
 *
 * The list is PROTOCOL.md's; a code it does not name means "come back". Knows no socket and waits for nothing.
 *
 * @typedef {'here' | 'event_closed' | 'taken_over' | 'no_such_event' | 'not_allowed' | 'ticket_invalid' | 'outdated'} Cause
 * why a connection has ended for good; `here`: by `close()`
 */

/** @type {ReadonlyMap<number, [cause: Cause, advice: string]>} the codes that end a connection for good */
const FINAL = new Map([
  [4501, ['ticket_invalid', 'get a new ticket']],
  [4503, ['not_allowed', 'list this origin on the server']],
  [4504, ['no_such_event', 'check the event']],
  [4509, ['taken_over', 'go on there, or reload']],
  [4510, ['event_closed', 'see the last tally']],
]);

/** Beside 4500 to 4999: protocol, kind of frame, text, length, where client and server do not understand each other. */
const END = /^(100[2379]|4[5-9]..)$/;

/** No server may send a client away for longer; timers cannot count past 24 days either. */
const RETRY_LONGEST_MS = 300_000;

/**
 * @param {number} code
 * @returns {[cause: Cause, advice: string] | undefined} why to stay away, for programs, and what to do, for people;
 * undefined: come back
 */
export function endOf(code) {
  return END.test(`${code}`) ? (FINAL.get(code) ?? ['outdated', 'update']) : undefined;
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
