/**
 * Which events there are, and which teams can be cheered in one.
 *
 * Asks over plain HTTP and keeps nothing: what may be kept is the browser's cache to know.
 *
 * @import { World } from './world.js'
 *
 * @typedef {object} Team
 * @property {string} code at most 12 printable ASCII characters
 * @property {string} name
 * @property {string} flag an emoji, or nothing
 * @property {string} [color] `#rrggbb`
 *
 * @typedef {{ id: string, name: string, state: 'scheduled' | 'open' | 'closed', roster: string }} EventHead
 * @typedef {object} Timetable of an event that has one, in milliseconds since 1970
 * @property {number} [opens_at_ms]
 * @property {number} [closes_at_ms]
 *
 * @typedef {EventHead & Timetable & { teams: Team[] }} EventInfo its teams in the order of their indexes; they only
 *   grow, at the end
 */

import { address } from './address.js';
import { browser } from './world.js';

/**
 * @param {Partial<World>} [options]
 * @returns {Promise<EventHead[]>}
 */
export async function loadEvents(options) {
  return (await load('/v1/events', {}, options)).events;
}

/**
 * @param {Partial<World> & { event: string, roster?: string }} options `roster` is a tag: the answer may then come
 * from a cache, and only its teams are sure to be true
 * @returns {Promise<EventInfo>}
 */
export function loadEvent({ event, roster, ...options }) {
  return load(`/v1/events/${event}`, { roster }, options);
}

/**
 * @param {string} path
 * @param {{ [name: string]: string | undefined }} query
 * @param {Partial<World>} [options]
 */
async function load(path, query, options) {
  const { url, fetch } = { ...browser, ...options };
  const response = await fetch(address(url, 'http', path, query));
  if (!response.ok) throw new Error(`${path} answered ${response.status}`);
  return response.json();
}
