/**
 * A connected fan, seen from the other end of its socket.
 */

import { connect } from '../../src/index.js';
import { delta, heard, key } from './wire.js';
import { FakeWorld } from './world.js';

/** @import { ConnectOptions } from '../../src/client.js' */
/** @import { World } from '../../src/world.js' */

export const INFO = {
  id: 'demo',
  name: 'Demo',
  state: /** @type {const} */ ('open'),
  roster: 'r1',
  teams: ['JPN', 'FRA', 'KEN'].map((code) => ({ code, name: code, flag: '' })),
};

const WELCOME = {
  event: 'demo',
  state: 'open',
  session: 'first-session-of-22-ch',
  resumed: false,
  roster: 'r1',
  t0_ms: 1_790_000_000_000,
  beat_ms: 100,
  taps_per_second: 16,
  teams_max: 8,
  team: null,
};

/** @param {Partial<ConnectOptions> & Partial<World>} [options] */
export function fan(options = {}) {
  const world = new FakeWorld();
  const client = connect({ ...world, event: 'demo', team: 'JPN', info: INFO, ...options });
  let read = 0;
  let number = 0;
  const self = {
    world,
    client,
    clock: world.clock,
    /** The server greets on the socket opened last, as it does: with a KEY and a DELTA behind. */
    welcome: (/** @type {Partial<typeof WELCOME>} */ changes = {}, cadence = 5) => {
      world.line.deliver(JSON.stringify({ welcome: { ...WELCOME, ...changes } }));
      self.beat(cadence);
      world.line.deliver(delta({ number, key: number, cadence }));
    },
    beat: (cadence = 5) => world.line.deliver(key({ number: ++number, levels: [0, 0, 0], cadence })),
    /** Time goes by while the server beats. */
    pass: (/** @type {number} */ ms, cadence = 5) => {
      for (let left = ms; left > 0; left -= 500) {
        world.clock.advance(Math.min(500, left));
        self.beat(cadence);
      }
    },
    tap: (/** @type {number} */ times, team = 'JPN') => {
      for (let i = 0; i < times; i++) client.tap(team);
    },
    /** What has been said on the present socket since it was last asked. */
    said: () => {
      const fresh = world.line.sent.slice(read);
      read = world.line.sent.length;
      return fresh.map(heard);
    },
    /** The socket ends, and the client opens the next one as soon as it will. */
    reopen: (code = 1006, reason = '') => {
      world.line.end(code, reason);
      world.clock.advance(self.wait_ms());
      read = 0;
    },
    /** How long it still waits before it opens the next socket. */
    wait_ms: () => (client.state.name === 'waiting' ? client.state.until - world.clock.now() : NaN),
    /** The next event of a name. */
    next: (/** @type {'teams' | 'error'} */ name) =>
      new Promise((resolve) => {
        const unbind = client.on(name, (value) => resolve((unbind(), value)));
      }),
  };
  return self;
}
