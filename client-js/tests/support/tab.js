/**
 * Tabs of one browser: each keeps what its pages leave, and shares the rest with all others.
 *
 * A page in a tab has timers that end with it, a socket that its end closes, and news.
 *
 * @import { Socket, World } from '../../src/world.js'
 * @import { FakeClock } from './world.js'
 */

/** The part of a `Storage` that is used. */
export class FakeShelf {
  /** @type {Map<string, string>} */
  #kept;

  /** @param {Iterable<[string, string]>} [kept] */
  constructor(kept = []) {
    this.#kept = new Map(kept);
  }

  /** @param {string} name */
  getItem = (name) => this.#kept.get(name) ?? null;

  /**
   * @param {string} name
   * @param {string} value
   */
  setItem = (name, value) => void this.#kept.set(name, value);

  copy() {
    return new FakeShelf(this.#kept);
  }
}

/**
 * A page's part of the world, and its end.
 *
 * @param {FakeClock} clock
 * @param {FakeShelf} session
 * @param {FakeShelf} local
 */
export function fakePage(clock, session, local) {
  /** @type {Set<(news: 'awake' | 'leaving') => void>} */
  const listeners = new Set();
  /** @type {Set<Socket>} */
  const sockets = new Set();
  let isAlive = true;
  return {
    /** @type {Pick<World, 'clock' | 'storage' | 'page'>} */
    world: {
      clock: { now: clock.now, after: (ms, task) => clock.after(ms, () => isAlive && task()) },
      storage: { session, local },
      page: (listener) => {
        listeners.add(listener);
        return () => void listeners.delete(listener);
      },
    },
    /**
     * A socket that ends with the page.
     *
     * @template {Socket} Kind
     * @param {Kind} socket
     */
    opened: (socket) => {
      sockets.add(socket);
      return socket;
    },
    /** @param {'awake' | 'leaving'} news */
    news: (news) => listeners.forEach((listener) => listener(news)),
    end: () => {
      isAlive = false;
      listeners.clear();
      sockets.forEach((socket) => socket.close(1001));
    },
  };
}
