/**
 * What this fan has tapped, and how much of it the server has been told: the half of "each tap counts once" that is
 * the client's.
 *
 * Every team has two running totals, *tapped* and *handed*. Handed is the highest total that any gateway may have
 * taken in: it rises with each CHEER, falls back to what MARKS say where a gateway knows exactly, and is the BASE at a
 * gateway that knows nothing. Teams are named by code. Knows no socket, no bytes and no clock.
 *
 * @typedef {[team: string, total: number]} Entry
 *
 * @typedef {object} Terms what a welcome says about tapping
 * @property {boolean} resumed
 * @property {number} taps_per_second
 * @property {number} teams_max
 * @property {string | null} team the only one that may be tapped, null: any
 */

import { Pace } from './pace.js';

const TEAMS_MAX = 8;

export class Taps {
  /** @type {Map<string, number>} */
  #tapped = new Map();
  /** @type {Map<string, number>} */
  #handed = new Map();
  /** @type {Map<string, number>} what *handed* was when the present session began */
  #base = new Map();
  #teams_max = TEAMS_MAX;
  /** @type {string | null} */
  #only = null;
  /** @type {Pace | null} of the present session */
  #pace = null;
  /**
   * *shut*: no session, or one that takes in nothing more; *resuming*: its MARKS are on their way; *open*: tell.
   *
   * @type {'shut' | 'resuming' | 'open'}
   */
  #session = 'shut';

  /**
   * @param {string} team
   * @returns {string | null} why a tap for it would not count
   */
  refusal(team) {
    if (this.#only !== null && team !== this.#only) return `only ${this.#only} may be tapped`;
    if (this.#tapped.has(team) || this.#tapped.size < this.#teams_max) return null;
    return `no more than ${this.#teams_max} teams may be tapped`;
  }

  /** @param {string} team one without a refusal */
  tap(team) {
    this.#tapped.set(team, this.total(team) + 1);
  }

  /** @param {string} team */
  total(team) {
    return this.#tapped.get(team) ?? 0;
  }

  /** The teams tapped so far. */
  get teams() {
    return [...this.#tapped.keys()];
  }

  /** @param {string} team one that turns out not to exist: its taps can never be told */
  withdraw(team) {
    this.#tapped.delete(team);
  }

  /**
   * A gateway has greeted.
   *
   * @param {number} now milliseconds
   * @param {Terms} terms
   * @returns {Entry[]} the BASE to send it first, empty where it needs none
   */
  welcome(now, { resumed, taps_per_second, teams_max, team }) {
    this.#teams_max = Math.min(TEAMS_MAX, teams_max);
    this.#only = team;
    // Where nothing was ever handed over there are no marks to come.
    this.#session = resumed && this.#handed.size > 0 ? 'resuming' : 'open';
    if (resumed) return [];
    this.#pace = new Pace(now, taps_per_second);
    this.#base = new Map(this.#handed);
    return [...this.#base];
  }

  /**
   * What exactly has been taken in. The marks of a resumed session open it; any others are the last word of a gateway
   * that stops: it takes in nothing more.
   *
   * @param {Entry[]} entries
   */
  marks(entries) {
    this.#handed = new Map(entries);
    this.#session = this.#session === 'resuming' ? 'open' : 'shut';
  }

  /**
   * A resumed session has no marks: all it was told was lost, its BASE too, and it would take no other now.
   *
   * @returns {boolean} whether it can go on, having had no BASE; if not, the next session repeats it
   */
  unmarked() {
    this.#handed = new Map(this.#base);
    this.#session = this.#base.size === 0 ? 'open' : 'shut';
    return this.#session === 'open';
  }

  /** The connection is gone. */
  disconnect() {
    this.#session = 'shut';
  }

  /** Whether a resumed session still owes its MARKS. */
  get isResuming() {
    return this.#session === 'resuming';
  }

  /** Whether there are taps to tell, and someone to tell them to. */
  get isOwing() {
    return this.#session === 'open' && this.#owed().length > 0;
  }

  /** How many taps no server has been handed yet. */
  get owed() {
    return this.#owed().reduce((sum, { taps }) => sum + taps, 0);
  }

  /**
   * The next CHEER. What it returns counts as handed over.
   *
   * @param {number} now milliseconds
   * @param {number} cadence_ms
   * @returns {Entry[]} empty where the pace allows nothing yet
   */
  cheer(now, cadence_ms) {
    if (this.#session !== 'open' || this.#pace === null) return [];
    /** @type {Entry[]} */
    const entries = [];
    for (const { team, handed, taps } of this.#owed()) {
      const taken = this.#pace.take(now, taps, cadence_ms);
      if (taken > 0) entries.push([team, handed + taken]);
    }
    for (const [team, total] of entries) this.#handed.set(team, total);
    return entries;
  }

  #owed() {
    return this.teams
      .filter((team) => this.#only === null || team === this.#only)
      .map((team) => ({ team, handed: this.#handed.get(team) ?? 0 }))
      .map((row) => ({ ...row, taps: this.total(row.team) - row.handed }))
      .filter(({ taps }) => taps > 0);
  }
}
