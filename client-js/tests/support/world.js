/**
 * A world without time, chance or a network of its own: everything happens when the test says so.
 *
 * @import { World } from '../../src/world.js'
 */

/** @param {number} seed */
export function seeded(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** A clock that stands still until it is told to go. */
export class FakeClock {
  #now = 0;
  /** @type {Set<{ at: number, task: () => void }>} */
  #timers = new Set();

  now = () => this.#now;

  /**
   * @param {number} ms
   * @param {() => void} task
   */
  after = (ms, task) => {
    const timer = { at: this.#now + Math.max(0, ms), task };
    this.#timers.add(timer);
    return () => void this.#timers.delete(timer);
  };

  get timers() {
    return this.#timers.size;
  }

  /** @param {number} ms */
  advance(ms) {
    const until = this.#now + ms;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#timers.delete(next);
      this.#now = next.at;
      next.task();
    }
    this.#now = until;
  }

  /** @param {number} until */
  #next(until) {
    /** @type {{ at: number, task: () => void } | undefined} */
    let first;
    for (const timer of this.#timers) {
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer;
    }
    return first;
  }
}

/** The client's end of a connection whose other end is the test. */
export class FakeSocket {
  binaryType = 'blob';
  bufferedAmount = 0;
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;
  /** @type {ArrayBuffer[]} */
  sent = [];
  /** @type {number | null} the code the client closed it with */
  closedWith = null;

  /**
   * @param {string} url
   * @param {string[]} protocols
   */
  constructor(url, protocols) {
    this.url = new URL(url);
    this.protocols = protocols;
  }

  /** @param {ArrayBuffer} bytes */
  send(bytes) {
    this.sent.push(bytes);
  }

  /** @param {number} code */
  close(code) {
    this.closedWith ??= code;
  }

  /** @param {unknown} data */
  deliver(data) {
    this.onmessage?.({ data });
  }

  /**
   * @param {number} code
   * @param {string} [reason]
   */
  end(code, reason = '') {
    this.onclose?.({ code, reason });
  }
}

/** One of everything, for one client. */
export class FakeWorld {
  url = 'https://cheer.test';
  clock = new FakeClock();
  /** @type {FakeSocket[]} */
  sockets = [];
  /** @type {Set<(news: 'awake' | 'leaving') => void>} */
  pageListeners = new Set();
  /** @type {string[]} */
  requests = [];
  /** What requests are answered with. */
  answer = () => Response.json({});
  random = () => 0.5;
  /** @type {World['storage']} */
  storage = null;

  /**
   * @param {string} url
   * @param {string[]} protocols
   */
  socket = (url, protocols) => {
    const socket = new FakeSocket(url, protocols);
    this.sockets.push(socket);
    return socket;
  };

  /** @type {World['fetch']} */
  fetch = async (url) => {
    this.requests.push(url);
    return this.answer();
  };

  /** @type {World['page']} */
  page = (listener) => {
    this.pageListeners.add(listener);
    return () => void this.pageListeners.delete(listener);
  };

  /** The socket opened last. */
  get line() {
    return this.sockets[this.sockets.length - 1];
  }

  /** @param {'awake' | 'leaving'} news */
  news(news) {
    this.pageListeners.forEach((listener) => listener(news));
  }
}
