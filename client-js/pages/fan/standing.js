/**
 * Where a fan stands: the one situation, of all that can meet, that the page has to speak of now.
 *
 * Decides from what is known; shows nothing and waits for nothing.
 *
 * @import { LinkState } from '../../src/index.js'
 *
 * @typedef {'choose' | 'early' | 'connecting' | 'live' | 'held' | 'offline' | 'full' | 'ended'
 *   | 'taken' | 'ticket' | 'refused' | 'missing' | 'outdated'} Standing
 *
 * @typedef {object} Known
 * @property {'scheduled' | 'open' | 'closed'} event
 * @property {boolean} hasTeam
 * @property {LinkState} link
 * @property {boolean} wasLive whether there has been a connection before
 * @property {boolean} isOnline as far as the browser knows
 * @property {boolean} isHeld whether the last beat is too old to be called live
 */

const OVERLOADED = 1013;

/** @type {{ [cause in import('../../src/index.js').Cause]: Standing }} why a connection has ended for good */
const ENDINGS = {
  ticket_invalid: 'ticket',
  not_allowed: 'refused',
  no_such_event: 'missing',
  taken_over: 'taken',
  event_closed: 'ended',
  here: 'ended',
  outdated: 'outdated',
};

/** Where taps are taken, whatever becomes of the network. */
const TAPPING = new Set(['connecting', 'live', 'held', 'offline', 'full']);

/**
 * @param {Known} known
 * @returns {Standing}
 */
export function standingOf({ event, hasTeam, link, wasLive, isOnline, isHeld }) {
  if (link.name === 'closed') return ENDINGS[link.cause];
  if (event === 'closed') return 'ended';
  if (!hasTeam) return 'choose';
  if (event === 'scheduled') return 'early';
  if (link.name === 'waiting' && link.code === OVERLOADED) return 'full';
  if (link.name === 'live') return isHeld ? 'held' : 'live';
  return wasLive || link.name === 'waiting' || !isOnline ? 'offline' : 'connecting';
}

/** @param {Standing} standing */
export const canTap = (standing) => TAPPING.has(standing);
