/**
 * A bad network between one client and its gateways.
 *
 * What is sent arrives in order, late, in bursts, or never: both directions are lost together, and the client may or
 * may not be told. Knows no frames.
 *
 * @import { FakeClock } from './world.js'
 *
 * @typedef {object} Far the far end of a wire
 * @property {(data: ArrayBuffer) => void} onFrame
 * @property {() => void} onLost
 */

const CODE_LOST = 1006;

/** How late a frame may be on an ordinary wire. */
const LATE_MAX_MS = 300;

export class Wire {
  binaryType = '';
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onclose = null;
  /** @type {Far | null} */
  far = null;
  isClosed = false;
  #clock;
  #random;
  #isCut = false;
  #stalledUntil = 0;
  #isBackedUp = false;
  #up = 0;
  #down = 0;

  /**
   * @param {FakeClock} clock
   * @param {() => number} random
   */
  constructor(clock, random) {
    this.#clock = clock;
    this.#random = random;
  }

  /** A stalled uplink sometimes fills the phone's own buffer, and sometimes one further on that nobody sees. */
  get bufferedAmount() {
    return this.#isBackedUp && this.#clock.now() < this.#stalledUntil ? 1 : 0;
  }

  /** @param {ArrayBuffer} bytes */
  send(bytes) {
    this.#carryUp(() => this.far?.onFrame(bytes));
  }

  close() {
    this.isClosed = true;
    this.#carryUp(() => this.far?.onLost());
    this.onmessage = this.onclose = null;
  }

  /** @param {unknown} data */
  deliver(data) {
    this.#carryDown(() => this.onmessage?.({ data }));
  }

  /**
   * @param {number} code
   * @param {string} [reason]
   */
  end(code, reason = '') {
    this.far = null;
    this.#carryDown(() => this.onclose?.({ code, reason }));
  }

  /** @param {number} ms */
  stall(ms) {
    this.#stalledUntil = this.#clock.now() + ms;
    this.#isBackedUp = this.#random() < 0.5;
  }

  /** @param {boolean} isTold whether the client learns of it */
  cut(isTold) {
    if (this.#isCut) return;
    this.#isCut = true;
    this.far?.onLost();
    if (isTold) this.onclose?.({ code: CODE_LOST, reason: '' });
  }

  /** @param {() => void} arrive */
  #carryUp(arrive) {
    this.#up = Math.max(this.#up, this.#stalledUntil, this.#clock.now() + this.#random() * LATE_MAX_MS);
    this.#carry(this.#up, arrive);
  }

  /** @param {() => void} arrive */
  #carryDown(arrive) {
    this.#down = Math.max(this.#down, this.#clock.now() + this.#random() * LATE_MAX_MS);
    this.#carry(this.#down, arrive);
  }

  /**
   * @param {number} at
   * @param {() => void} arrive
   */
  #carry(at, arrive) {
    this.#clock.after(at - this.#clock.now(), () => {
      if (!this.#isCut) arrive();
    });
  }
}
