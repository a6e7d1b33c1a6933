/**
 * A screen's connection: every beat as the display feed tells it, ranked by the server.
 *
 * By WebSocket; where one ends before its first beat, by server-sent events next time, and so on in turn. Watches and says
 * nothing. Knows no taps, no frames and no drawing.
 *
 * @import { LinkState } from './link.js'
 * @import { Stream } from './stream.js'
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
 * @property {number} age_ms beyond the quickest arrival seen
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
 * @property {FrameError} error a message that is no JSON
 *
 * @typedef {object} DisplayOptions
 * @property {string} event
 * @property {number} [top] only so many teams
 * @property {boolean} [start] whether to connect at once (the default) or with `open()`
 * @property {((url: string) => Stream) | null} [stream] server-sent events, where no WebSocket gets through; null: none
 */

import { address } from './address.js';
import { Age } from './age.js';
import { FrameError } from './errors.js';
import { Events } from './events.js';
import { Link } from './link.js';
import { browserStream, socketOf } from './stream.js';
import { browser } from './world.js';

/**
 * Connects a screen to an event's display feed.
 *
 * @param {DisplayOptions & Partial<World>} options
 */
export function display({ event, top, start = true, stream = browserStream, ...rest }) {
  const world = { ...browser, ...rest };
  /** @type {Events<DisplayEvents & {}>} */
  const events = new Events();
  const age = new Age();
  let byStream = false;
  const link = new Link(world, {
    open: connect,
    onMessage: hear,
    onState: (state) => events.emit('state', state),
    onNews: () => {},
    onFailure: () => void (byStream = !byStream && stream !== null),
  });
  if (start) link.open();

  function connect() {
    const path = `/v1/events/${event}/feed`;
    const query = { top, ticket: world.ticket?.() };
    if (byStream && stream) return socketOf(stream(address(world.url, 'http', path, query)));
    return world.socket(address(world.url, 'ws', path, query), []);
  }

  /** @param {unknown} data */
  function hear(data) {
    /** @type {FeedBeat} */
    let beat;
    try {
      beat = JSON.parse(String(data));
    } catch (error) {
      events.emit('error', new FrameError('bad_frame', error));
      return;
    }
    if (link.state.name === 'connecting') link.live();
    events.emit('beat', { ...beat, age_ms: age.of(world.clock.now(), beat.at_ms) });
  }

  return {
    /** @returns {LinkState} */
    get state() {
      return link.state;
    },
    /** Connects, where `start: false` put that off. */
    open: () => link.open(),
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
