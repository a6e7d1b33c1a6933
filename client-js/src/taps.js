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
 * @typedef {object} Carried all there is to know of a client's taps, for the next page to go on with
 * @property {Entry[]} tapped
 * @property {Entry[]} handed
 * @property {Entry[]} base
 * @property {number} room what the pace had left; what it has gained since is not counted on
 *
 * @typedef {object} Count what can truthfully be said of a team's taps
 * @property {string} team
 * @property {number} tapped here, in all
 * @property {number} told handed to a server: probably taken in, but that is not known yet
 * @property {number} confirmed taken in, by the server's own word, which it gives when a session is resumed and when it stops
 * @property {number} owed still to be told
 *
 * @typedef {object} Terms what a welcome says about tapping
 * @property {boolean} resumed
 * @property {number} taps_per_second
 * @property {number} teams_max
 * @property {string | null} team the only one that may be tapped, null: any
 */

import { TapError } from './errors.js';
import { Pace } from './pace.js';

const TEAMS_MAX = 8;

export class Taps {
  /** @type {Map<string, number>} */
  #tapped;
  /** @type {Map<string, number>} */
  #handed;
  /** @type {Map<string, number>} what *handed* was when the present session began */
  #base;
  /** @type {Map<string, number>} the highest MARKS */
  #confirmed = new Map();
  #room;
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

  /** @param {Partial<Carried>} [carried] by a page before this one */
  constructor({ tapped, handed, base, room = 0 } = {}) {
    this.#tapped = new Map(tapped);
    this.#handed = new Map(handed);
    this.#base = new Map(base);
    this.#room = room;
  }

  /** @returns {Carried} */
  carry() {
    return {
      tapped: [...this.#tapped],
      handed: [...this.#handed],
      base: [...this.#base],
      room: this.#pace?.room ?? this.#room,
    };
  }

  /**
   * Another page has taken up what was carried, and tells what was owed then.
   *
   * @param {Carried} carried
   */
  forsake({ tapped }) {
    this.#handed = new Map(tapped);
    this.#session = 'shut';
  }

  /**
   * @param {string} team
   * @returns {TapError | null} why a tap for it would not count
   */
  refusal(team) {
    if ((this.#only ?? team) !== team) return new TapError('other_team', this.#only);
    if (this.#tapped.has(team) || this.#tapped.size < this.#teams_max) return null;
    return new TapError('too_many_teams', this.#teams_max);
  }

  /** @param {string} team one without a refusal */
  tap(team) {
    this.#tapped.set(team, this.total(team) + 1);
  }

  /** @param {string} team */
  total(team) {
    return this.#tapped.get(team) ?? 0;
  }

  /**
   * @param {string} team
   * @returns {Count}
   */
  count(team) {
    const tapped = this.total(team);
    const told = this.#handed.get(team) ?? 0;
    return { team, tapped, told, confirmed: this.#confirmed.get(team) ?? 0, owed: tapped - told };
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
    if (resumed) {
      // Over a reload the server's bucket goes on as well.
      this.#pace ??= new Pace(now, taps_per_second, this.#room);
      return [];
    }
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
    for (const [team, mark] of entries) this.#confirmed.set(team, mark);
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
    return this.#owed().reduce((sum, { owed }) => sum + owed, 0);
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
    for (const { team, told, owed } of this.#owed()) {
      const taken = this.#pace.take(now, owed, cadence_ms);
      if (taken === 0) continue;
      this.#handed.set(team, told + taken);
      entries.push([team, told + taken]);
    }
    return entries;
  }

  #owed() {
    const counts = this.teams.map((team) => this.count(team));
    return counts.filter(({ team, owed }) => owed > 0 && (this.#only ?? team) === team);
  }
}
