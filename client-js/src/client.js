/**
 * A fan's connection: taps go in, beats come out.
 *
 * What an app holds in its hand: it refuses what cannot count, and leaves the rest to `Talk`.
 *
 * @import { LinkState } from './link.js'
 * @import { BeatError } from './errors.js'
 * @import { Beat } from './picture.js'
 * @import { EventInfo, Team } from './roster.js'
 * @import { Count, Terms } from './taps.js'
 * @import { World } from './world.js'
 *
 * @typedef {object} ConnectOptions
 * @property {string} event
 * @property {string} [team] the code that `tap()` taps for
 * @property {EventInfo} [info] what `loadEvent` gave, to spare asking for the teams again
 * @property {boolean} [start] whether to connect at once (the default) or with `open()`
 *
 * @typedef {object} Greeting
 * @property {string} event
 * @property {'scheduled' | 'open' | 'closed'} state
 * @property {string} session
 * @property {string} roster the tag of the roster in force
 * @property {number} t0_ms
 * @property {number} beat_ms
 *
 * @typedef {Greeting & Terms} Welcome
 *
 * @typedef {object} ClientEvents
 * @property {Welcome} welcome
 * @property {LinkState} state
 * @property {readonly Team[]} teams the roster, once known and whenever it has grown
 * @property {Beat} beat
 * @property {Count} counted how a team's taps stand now: some were told, or the server gave its word on them
 * @property {BeatError} error something that ended nothing; its `code` says what, its `advice` what to do
 */

import { TapError } from './errors.js';
import { Talk } from './talk.js';
import { browser } from './world.js';

/**
 * Connects a fan to an event. Taps count from now on, whenever the server is reached.
 *
 * @param {ConnectOptions & Partial<World>} options
 */
export function connect(options) {
  return new Client(options);
}

export class Client {
  #team;
  #talk;

  /** @param {ConnectOptions & Partial<World>} options */
  constructor({ event, team = '', info, start = true, ...world }) {
    this.#team = team;
    this.#talk = new Talk({ ...browser, ...world }, event);
    if (info) this.#talk.fill(info.roster, info.teams);
    if (start) this.open();
  }

  /** Connects, where `start: false` put that off. */
  open() {
    this.#talk.link.open();
  }

  /** @returns {LinkState} */
  get state() {
    return this.#talk.link.state;
  }

  /** The roster in the order of a beat's levels and totals; empty until known. */
  get teams() {
    return this.#talk.seats.teams;
  }

  /**
   * @template {keyof ClientEvents} Name
   * @param {Name} name
   * @param {(value: ClientEvents[Name]) => void} listener
   * @returns {() => void} its unbind
   */
  on(name, listener) {
    return this.#talk.events.on(name, listener);
  }

  /**
   * One tap. It is told to the server at once, or with the next CHEER, or when there is a server again.
   *
   * @param {string} [team] a code; by default the one connected with
   * @returns {boolean} whether it can count; an `error` says why not
   */
  tap(team = this.#team) {
    const refusal = this.#refusal(team);
    if (refusal !== null) {
      this.#talk.events.emit('error', refusal);
      return false;
    }
    this.#talk.stay();
    this.#talk.taps.tap(team);
    this.#talk.tell();
    return true;
  }

  /**
   * How often this client has tapped for a team, told or not.
   *
   * @param {string} [team]
   */
  total(team = this.#team) {
    return this.#talk.taps.total(team);
  }

  /** How many taps have not been handed to a server yet: they wait for a network, or for their turn. */
  get owed() {
    return this.#talk.taps.owed;
  }

  /**
   * What can truthfully be said of a team's taps now.
   *
   * @param {string} [team]
   * @returns {Count}
   */
  counted(team = this.#team) {
    return this.#talk.taps.count(team);
  }

  /** Tells what may be told, and ends for good. */
  close() {
    this.#talk.close();
  }

  /** @param {string} team */
  #refusal(team) {
    if (this.state.name === 'closed') return new TapError('closed');
    if (team === '') return new TapError('no_team');
    if (!this.#talk.seats.has(team)) return new TapError('unknown_team', team);
    return this.#talk.taps.refusal(team);
  }
}
