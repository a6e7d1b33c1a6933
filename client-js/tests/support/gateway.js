/**
 * A gateway that keeps PROTOCOL.md's rules of sessions, written from that page and apart from `src/`.
 *
 * It also knows what no client does: how many taps it has shadowed.
 *
 * @import { Wire } from './network.js'
 * @import { FakeClock } from './world.js'
 *
 * @typedef {object} Session
 * @property {string} id
 * @property {Map<number, number>} marks
 * @property {Set<number>} cheered the teams whose first CHEER has come
 * @property {boolean} isResumed
 * @property {number} tokens
 * @property {number} filledAt
 * @property {number} leftAt
 * @property {Wire | null} wire
 */

import { INFO } from './fan.js';
import { delta, heard, key, marks } from './wire.js';

const TAPS_PER_SECOND = 16;
const BUCKET_START = 24;
const BUCKET_MAX = 80;
const MARKS_KEPT_MS = 60_000;
const BEAT_MS = 500;

export class Gateway {
  counted = 0;
  shadowed = 0;
  #clock;
  #name;
  #cadence;
  /** @type {Map<string, Session>} */
  #sessions = new Map();
  #isUp = true;
  #beats = 0;

  /**
   * @param {FakeClock} clock
   * @param {string} name
   * @param {number} cadence in units of 50 ms
   */
  constructor(clock, name, cadence) {
    this.#clock = clock;
    this.#name = name;
    this.#cadence = cadence;
    clock.after(BEAT_MS, this.#beat);
  }

  /**
   * @param {Wire} wire
   * @param {string | null} id
   */
  accept(wire, id) {
    if (!this.#isUp) return wire.cut(true);
    // Its page went while it was still connecting.
    if (wire.isClosed) return;
    const known = this.#sessions.get(id ?? '');
    const isKept = known && (known.wire !== null || this.#clock.now() - known.leftAt < MARKS_KEPT_MS);
    const session = isKept ? this.#resume(known) : this.#begin();
    session.wire = wire;
    wire.far = { onFrame: (bytes) => this.#hear(session, bytes), onLost: () => this.#leave(session, wire) };
    this.#greet(session, wire);
  }

  /** Dies, as if killed. */
  crash() {
    this.#each((wire) => wire.cut(true));
    this.#forget();
  }

  /** Stops as planned: last marks, then 1012. */
  stop() {
    this.#each((wire, session) => {
      if (session.marks.size > 0) wire.deliver(marks([...session.marks]));
      wire.end(1012, '{"retry_ms":200}');
    });
    this.#forget();
  }

  /** Whether it can give each of its fans last marks: there are none of a fan it has not heard yet. */
  get canStopExactly() {
    return [...this.#sessions.values()].every(({ wire, marks }) => wire === null || marks.size > 0);
  }

  /** @param {Session} session */
  #resume(session) {
    session.wire?.end(4509);
    session.isResumed = true;
    return session;
  }

  #begin() {
    /** @type {Session} */
    const session = {
      id: `${this.#name}-${this.#sessions.size}`,
      marks: new Map(),
      cheered: new Set(),
      isResumed: false,
      tokens: BUCKET_START,
      filledAt: this.#clock.now(),
      leftAt: 0,
      wire: null,
    };
    this.#sessions.set(session.id, session);
    return session;
  }

  /**
   * @param {Session} session
   * @param {Wire} wire
   */
  #greet(session, wire) {
    const { id, isResumed } = session;
    const welcome = { session: id, resumed: isResumed, roster: INFO.roster, t0_ms: 0, beat_ms: 100 };
    const terms = { taps_per_second: TAPS_PER_SECOND, teams_max: 8, team: null };
    wire.deliver(JSON.stringify({ welcome: { event: 'demo', state: 'open', ...welcome, ...terms } }));
    wire.deliver(this.#key());
    wire.deliver(delta({ number: this.#beats, key: this.#beats, cadence: this.#cadence }));
    if (isResumed && session.marks.size > 0) wire.deliver(marks([...session.marks]));
  }

  /**
   * @param {Session} session
   * @param {ArrayBuffer} bytes
   */
  #hear(session, bytes) {
    const { type, records } = heard(bytes);
    for (const [team, total] of records) {
      const mark = session.marks.get(team) ?? 0;
      if (type === 'BASE' && (session.isResumed || session.cheered.has(team))) continue;
      if (type === 'CHEER') {
        session.cheered.add(team);
        this.#count(session, Math.max(0, total - mark));
      }
      session.marks.set(team, Math.max(mark, total));
    }
  }

  /**
   * @param {Session} session
   * @param {number} taps
   */
  #count(session, taps) {
    const now = this.#clock.now();
    const gained = ((now - session.filledAt) / 1000) * TAPS_PER_SECOND;
    session.tokens = Math.min(BUCKET_MAX, session.tokens + gained);
    session.filledAt = now;
    const human = Math.min(taps, Math.floor(session.tokens));
    session.tokens -= human;
    this.counted += human;
    this.shadowed += taps - human;
  }

  /**
   * @param {Session} session
   * @param {Wire} wire
   */
  #leave(session, wire) {
    if (session.wire !== wire) return;
    session.wire = null;
    session.leftAt = this.#clock.now();
  }

  #beat = () => {
    if (!this.#isUp) return;
    this.#beats += 5;
    this.#each((wire) => wire.deliver(this.#key()));
    this.#clock.after(BEAT_MS, this.#beat);
  };

  #key() {
    return key({ number: this.#beats, levels: INFO.teams.map(() => 0), cadence: this.#cadence });
  }

  /** @param {(wire: Wire, session: Session) => void} visit */
  #each(visit) {
    for (const session of this.#sessions.values()) if (session.wire) visit(session.wire, session);
  }

  #forget() {
    this.#isUp = false;
    this.#sessions.clear();
  }
}
