/**
 * A screen's connection: every beat as the display feed tells it, ranked by the server.
 *
 * Watches and says nothing. Knows no taps, no frames and no drawing.
 *
 * @import { LinkState } from './link.js'
 * @import { World } from './world.js'
 *
 * @typedef {object} FeedTeam
 * @property {number} rank from 1, unique
 * @property {string} code
 * @property {string} name
 * @property {number} total
 * @property {number} rate taps per second
 * @property {number} level
 *
 * @typedef {object} FeedBeat
 * @property {number} beat
 * @property {number} at_ms
 * @property {string} event
 * @property {'scheduled' | 'open' | 'closed'} state
 * @property {('stale' | 'closed' | 'rehearsal')[]} flags
 * @property {number} total of all teams
 * @property {number} rate of all teams, taps per second
 * @property {FeedTeam[]} teams by rank
 *
 * @typedef {object} DisplayEvents
 * @property {FeedBeat} beat
 * @property {LinkState} state
 * @property {Error} error a message that is no JSON
 */

import { address } from './address.js';
import { Events } from './events.js';
import { Link } from './link.js';
import { browser } from './world.js';

/**
 * Connects a screen to an event's display feed.
 *
 * @param {{ event: string, top?: number } & Partial<World>} options `top`: only so many teams
 */
export function display({ event, top, ...rest }) {
  const world = { ...browser, ...rest };
  /** @type {Events<DisplayEvents & {}>} */
  const events = new Events();
  const link = new Link(world, {
    open: () => world.socket(address(world.url, 'ws', `/v1/events/${event}/feed`, { top }), []),
    onMessage: hear,
    onState: (state) => events.emit('state', state),
    onLeaving: () => {},
  });
  link.open();

  /** @param {unknown} data */
  function hear(data) {
    /** @type {FeedBeat} */
    let beat;
    try {
      beat = JSON.parse(String(data));
    } catch (error) {
      events.emit('error', /** @type {Error} */ (error));
      return;
    }
    if (link.state.name === 'connecting') link.live();
    events.emit('beat', beat);
  }

  return {
    /** @returns {LinkState} */
    get state() {
      return link.state;
    },
    /**
     * @template {keyof DisplayEvents} Name
     * @param {Name} name
     * @param {(value: DisplayEvents[Name]) => void} listener
     * @returns {() => void} its unbind
     */
    on: (name, listener) => events.on(name, listener),
    close: () => link.close(),
  };
}
