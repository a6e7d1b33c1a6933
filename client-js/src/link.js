/**
 * Keeps one WebSocket to the server alive for as long as that makes sense.
 *
 * Opens it, watches its silence, comes back with full jitter, wakes up with the page, and stays away where the server
 * says so. A message of a socket that was given up is never heard. Knows no frame: its owner says what a greeting is.
 *
 * @import { Cause } from './closing.js'
 * @import { Clock, Socket, World } from './world.js'
 *
 * @typedef {{ name: 'idle' }} Idle until `open()`
 * @typedef {{ name: 'connecting' }} Connecting
 * @typedef {{ name: 'live' }} Live
 * @typedef {{ name: 'waiting', until: number, code: number, reason: string }} Waiting `until` on the world's clock
 * @typedef {{ name: 'closed', cause: Cause, code: number, reason: string, advice: string }} Closed for good
 * @typedef {Idle | Connecting | Live | Waiting | Closed} LinkState
 *
 * @typedef {object} Owner
 * @property {() => Socket} open
 * @property {(data: unknown) => void} onMessage
 * @property {(state: LinkState) => void} onState
 * @property {() => boolean} [onTaken] the session was opened elsewhere (4509); whether to come back with another
 * @property {(news: 'awake' | 'leaving') => void} onNews of the page; of its waking before anything is done about it
 * @property {() => void} [onFailure] a socket has ended before its server greeted
 */

import { backoff } from './backoff.js';
import { endOf, retryAfter } from './closing.js';

/** A server beats twice a second, and once a second when it has nothing new: this long a silence is its death. */
const SILENCE_MAX_MS = 5_000;

/** Names, TCP, TLS and the upgrade take five round trips, each more than a second on the worst of mobile networks. */
const GREETING_MAX_MS = 10_000;

/** A connection that lived this long has proved its server well: the next failure is a first one. */
const STEADY_MS = 5_000;

/** Spreads the phones of a venue whose network has just come back. */
const WAKE_JITTER_MS = 300;

const NORMAL = 1000;
const TAKEN = 4509;
const ABNORMAL = 1006;

export class Link {
  /** @type {LinkState} */
  state = { name: 'idle' };
  #owner;
  /** @type {Clock} */
  #clock;
  #random;
  /** @type {Socket | null} */
  #socket = null;
  #heardAt = 0;
  #liveAt = Infinity;
  #notBefore = 0;
  #tries = 0;
  #cancelTimer = () => {};
  #unbindPage;

  /**
   * @param {World} world
   * @param {Owner} owner
   */
  constructor({ clock, random, page }, owner) {
    this.#owner = owner;
    this.#clock = clock;
    this.#random = random;
    this.#unbindPage = page((news) => {
      owner.onNews(news);
      if (news === 'awake') this.#wake();
    });
  }

  /** Begins, if it has not. */
  open() {
    if (this.state.name === 'idle') this.#connect();
  }

  #connect() {
    const socket = this.#owner.open();
    socket.binaryType = 'arraybuffer';
    socket.onmessage = ({ data }) => {
      this.#heardAt = this.#clock.now();
      this.#owner.onMessage(data);
    };
    socket.onclose = ({ code, reason }) => this.#lose(code, reason);
    this.#socket = socket;
    this.#enter({ name: 'connecting' }, GREETING_MAX_MS, () => {
      this.#owner.onFailure?.();
      this.drop('no welcome');
    });
  }

  /** The server has greeted. */
  live() {
    this.#liveAt = this.#clock.now();
    this.#enter({ name: 'live' }, SILENCE_MAX_MS, () => this.#watch());
  }

  /** Whether the socket has sent all it was given. */
  get isDrained() {
    return this.#socket?.bufferedAmount === 0;
  }

  /** @param {ArrayBuffer} bytes */
  send(bytes) {
    this.#socket?.send(bytes);
  }

  /**
   * Gives the present socket up, if there is one, and comes back later.
   *
   * @param {string} reason
   */
  drop(reason) {
    if (this.#socket === null) return;
    this.#release();
    this.#wait(ABNORMAL, reason);
  }

  /** Ends the link for good; nothing of it stays behind. */
  close() {
    if (this.state.name === 'closed') return;
    this.#release();
    this.#end('here', 'connect', NORMAL, '');
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #lose(code, reason) {
    this.#release();
    if (this.state.name === 'connecting') this.#owner.onFailure?.();
    const end = endOf(code);
    if (end && !(code === TAKEN && this.#owner.onTaken?.())) this.#end(...end, code, reason);
    else this.#wait(code, reason);
  }

  #release() {
    if (this.#socket === null) return;
    this.#socket.onmessage = null;
    this.#socket.onclose = null;
    this.#socket.close(NORMAL);
    this.#socket = null;
  }

  /**
   * @param {number} code
   * @param {string} reason
   */
  #wait(code, reason) {
    const now = this.#clock.now();
    if (now - this.#liveAt >= STEADY_MS) this.#tries = 0;
    this.#liveAt = Infinity;
    this.#notBefore = now + retryAfter(code, reason);
    this.#sleep({ name: 'waiting', until: this.#notBefore + backoff(this.#tries++, this.#random), code, reason });
  }

  /** @param {Waiting} state */
  #sleep(state) {
    this.#enter(state, state.until - this.#clock.now(), () => this.#connect());
  }

  #wake() {
    const { state } = this;
    if (state.name === 'live') this.#watch();
    if (state.name !== 'waiting') return;
    const soon = Math.max(this.#notBefore, this.#clock.now() + this.#random() * WAKE_JITTER_MS);
    if (soon < state.until) this.#sleep({ ...state, until: soon });
  }

  #watch() {
    const silence_ms = this.#clock.now() - this.#heardAt;
    if (silence_ms >= SILENCE_MAX_MS) this.drop('silence');
    else this.#arm(SILENCE_MAX_MS - silence_ms, () => this.#watch());
  }

  /**
   * @param {Cause} cause
   * @param {string} advice
   * @param {number} code
   * @param {string} reason
   */
  #end(cause, advice, code, reason) {
    this.#cancelTimer();
    this.#unbindPage();
    this.#tell({ name: 'closed', cause, code, reason, advice });
  }

  /**
   * Each state but the last ends by itself after a while, so one timer is enough.
   *
   * @param {LinkState} state
   * @param {number} ms
   * @param {() => void} then
   */
  #enter(state, ms, then) {
    this.#arm(ms, then);
    this.#tell(state);
  }

  /**
   * @param {number} ms
   * @param {() => void} task
   */
  #arm(ms, task) {
    this.#cancelTimer();
    this.#cancelTimer = this.#clock.after(ms, task);
  }

  /** @param {LinkState} state */
  #tell(state) {
    this.state = state;
    this.#owner.onState(state);
  }
}
