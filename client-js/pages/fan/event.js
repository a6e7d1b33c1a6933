/**
 * Which event the page is for, and when it turns: opens, or opens once more.
 *
 * @import { EventInfo } from '../../src/index.js'
 * @import { ServerClock } from './countdown.js'
 */

import { loadEvent, loadEvents } from '../../src/index.js';
import { byId } from '../shared/elements.js';
import { pause } from '../shared/loading.js';

/** How soon a page that came early asks again whether the event has opened; up to twice that, so that not all ask as one. */
const OPEN_YET_MS = 2_500;

/** Nobody waits for an event to open once more; but a rehearsal is followed by a match. */
const OPEN_AGAIN_MS = 60_000;

/** A timetable may change while a page waits. */
const TIMETABLE_MS = 300_000;

/**
 * The event asked for; else the first that is open; else the first. As a rule it came with the page.
 *
 * @param {string | null} asked
 * @returns {Promise<EventInfo>}
 */
export async function findEvent(asked) {
  const told = byId('info').textContent;
  /** @type {EventInfo | undefined} */
  const info = told ? JSON.parse(told) : undefined;
  if (info && (!asked || asked === info.id)) return info;
  if (asked) return loadEvent({ event: asked });
  const events = await loadEvents();
  const event = events.find(({ state }) => state === 'open') ?? events[0];
  if (event === undefined) throw new Error('no event yet');
  return loadEvent({ event: event.id });
}

/**
 * Watches an event that is not open, and tells when it is.
 *
 * @param {() => EventInfo['state']} state as far as the page knows
 * @param {EventInfo} info
 * @param {ServerClock} clock
 * @param {(state: EventInfo['state']) => void} onTurn
 */
export async function whenItTurns(state, info, clock, onTurn) {
  for (;;) {
    await pause(waitOf(state(), info.opens_at_ms, clock.at(performance.now())) * (1 + Math.random()));
    if (state() === 'open') continue;
    const events = await loadEvents().catch(() => []);
    const now = events.find(({ id }) => id === info.id)?.state;
    if (now !== undefined && now !== state()) onTurn(now);
  }
}

/**
 * @param {EventInfo['state']} state
 * @param {number | undefined} opens_at_ms
 * @param {number} now_ms
 */
function waitOf(state, opens_at_ms, now_ms) {
  if (state !== 'scheduled') return OPEN_AGAIN_MS;
  const left_ms = (opens_at_ms ?? now_ms) - now_ms;
  return Math.min(TIMETABLE_MS, Math.max(OPEN_YET_MS, left_ms / 2));
}
