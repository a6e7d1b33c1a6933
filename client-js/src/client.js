/**
 * A fan's connection: taps go in, beats come out.
 *
 * The shell around `Taps` (what to tell), `Picture` (what to show) and `Link` (whom to talk to): it turns team codes
 * into the roster's indexes and keeps the cadence between two CHEERs. Decides nothing about counting.
 *
 * @import { Delta, FrameError, Key, Marks, Record } from './codec.js'
 * @import { LinkState } from './link.js'
 * @import { Beat } from './picture.js'
 * @import { EventInfo, Team } from './roster.js'
 * @import { Entry, Terms } from './taps.js'
 * @import { World } from './world.js'
 *
 * @typedef {object} ConnectOptions
 * @property {string} event
 * @property {string} [team] the code that `tap()` taps for
 * @property {EventInfo} [info] what `loadEvent` gave, to spare asking for the teams again
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
 * @property {Error} error a tap that cannot count (`TapError`), bytes that are no frame (`FrameError`), a failed request
 */

import { address } from './address.js';
import { decode, encodeBase, encodeCheer } from './codec.js';
import { Events } from './events.js';
import { Link } from './link.js';
import { Picture } from './picture.js';
import { loadEvent } from './roster.js';
import { Taps } from './taps.js';
import { browser } from './world.js';

const SUBPROTOCOL = 'cheer.v1';

/** Until the first beat names one. */
const FIRST_CADENCE_MS = 250;

/** After a welcome come a KEY and a DELTA, and MARKS with them: beats beyond these say that there are no marks. */
const BEATS_BEFORE_MARKS = 2;

/** A tap that cannot count, and why. */
export class TapError extends Error {
  /** @override */
  name = 'TapError';
}

/**
 * Connects a fan to an event. Taps count from now on, whenever the server is reached.
 *
 * @param {ConnectOptions & Partial<World>} options
 */
export function connect(options) {
  return new Client(options);
}

export class Client {
  #world;
  #event;
  #team;
  /** @type {Events<ClientEvents & {}>} */
  #events = new Events();
  #taps = new Taps();
  #link;
  /** @type {string | undefined} */
  #session;
  /** @type {Picture | null} */
  #picture = null;
  /** @type {number | null} */
  #t0_ms = null;
  #beatsSinceWelcome = 0;
  /** @type {string | null} */
  #rosterTag = null;
  /** @type {readonly Team[]} */
  #teams = [];
  /** @type {Map<string, number>} */
  #indexes = new Map();
  #cadence_ms = FIRST_CADENCE_MS;
  #cheeredAt = -Infinity;
  /** @type {(() => void) | null} */
  #cancelCheer = null;

  /** @param {ConnectOptions & Partial<World>} options */
  constructor({ event, team, info, ...world }) {
    this.#world = { ...browser, ...world };
    this.#event = event;
    this.#team = team;
    if (info) this.#seat(info.roster, info.teams);
    this.#link = new Link(this.#world, {
      open: () => this.#open(),
      onMessage: (data) => this.#hear(data),
      onState: (state) => this.#turn(state),
      onLeaving: () => this.#handOver(),
    });
    this.#link.open();
  }

  /** @returns {LinkState} */
  get state() {
    return this.#link.state;
  }

  /** The roster in the order of a beat's levels and totals; empty until known. */
  get teams() {
    return this.#teams;
  }

  /**
   * @template {keyof ClientEvents} Name
   * @param {Name} name
   * @param {(value: ClientEvents[Name]) => void} listener
   * @returns {() => void} its unbind
   */
  on(name, listener) {
    return this.#events.on(name, listener);
  }

  /**
   * One tap. It is told to the server at once, or with the next CHEER, or when there is a server again.
   *
   * @param {string} [team] a code; by default the one connected with
   * @returns {boolean} whether it can count; an `error` says why not
   */
  tap(team = this.#team) {
    const refusal = this.#refusal(team);
    if (team === undefined || refusal !== null) {
      this.#events.emit('error', new TapError(refusal ?? 'no team is chosen'));
      return false;
    }
    this.#taps.tap(team);
    this.#cheer();
    return true;
  }

  /**
   * How often this client has tapped for a team, told or not.
   *
   * @param {string} [team]
   */
  total(team = this.#team) {
    return team === undefined ? 0 : this.#taps.total(team);
  }

  /** How many taps have not been handed to a server yet: they wait for a network, or for their turn. */
  get owed() {
    return this.#taps.owed;
  }

  /** Tells what may be told, and ends for good. */
  close() {
    this.#handOver();
    this.#link.close();
  }

  /** @param {string | undefined} team */
  #refusal(team) {
    if (this.state.name === 'closed') return 'the connection is closed';
    if (team === undefined) return 'no team is chosen';
    if (this.#rosterTag !== null && !this.#indexes.has(team)) return `there is no team ${team}`;
    return this.#taps.refusal(team);
  }

  #open() {
    const path = `/v1/events/${this.#event}/ws`;
    const url = address(this.#world.url, 'ws', path, { session: this.#session });
    return this.#world.socket(url, [SUBPROTOCOL]);
  }

  /** @param {LinkState} state */
  #turn(state) {
    if (state.name !== 'live') {
      this.#taps.disconnect();
      this.#cancelCheer?.();
      this.#cancelCheer = null;
    }
    this.#events.emit('state', state);
  }

  /** @param {unknown} data */
  #hear(data) {
    const message = this.#read(data);
    if (message === null) return;
    if ('welcome' in message) this.#welcome(message.welcome);
    else if (message.type === 'MARKS') this.#mark(message);
    else this.#beat(message);
  }

  /**
   * What cannot be read is as good as lost, and the next message repairs that.
   *
   * @param {unknown} data
   * @returns {{ welcome: Welcome } | Key | Delta | Marks | null}
   */
  #read(data) {
    try {
      return typeof data === 'string' ? JSON.parse(data) : decode(/** @type {ArrayBuffer} */ (data));
    } catch (error) {
      this.#events.emit('error', /** @type {FrameError | SyntaxError} */ (error));
      return null;
    }
  }

  /** @param {Welcome} welcome */
  #welcome(welcome) {
    this.#session = welcome.session;
    this.#beatsSinceWelcome = 0;
    if (this.#picture === null || this.#t0_ms !== welcome.t0_ms) this.#picture = new Picture(welcome.beat_ms);
    else this.#picture.reconnect();
    this.#t0_ms = welcome.t0_ms;
    // BASE goes before anyone can hear of the welcome and tap: it is ignored after a team's first CHEER.
    const base = this.#taps.welcome(this.#world.clock.now(), welcome);
    if (base.length > 0) this.#link.send(encodeBase(this.#records(base)));
    if (welcome.roster !== this.#rosterTag) this.#loadTeams(welcome.roster);
    this.#link.live();
    this.#events.emit('welcome', welcome);
    this.#cheer();
  }

  /** @param {Marks} marks */
  #mark({ records }) {
    const known = records.filter(([index]) => index < this.#teams.length);
    this.#taps.marks(known.map(([index, total]) => [this.#teams[index].code, total]));
    this.#cheer();
  }

  /** @param {Key | Delta} frame */
  #beat(frame) {
    if (this.#taps.isResuming && ++this.#beatsSinceWelcome > BEATS_BEFORE_MARKS) this.#goUnmarked();
    this.#cadence_ms = frame.cadence_ms;
    const beat = this.#picture?.take(this.#world.clock.now(), frame);
    if (beat) this.#events.emit('beat', beat);
  }

  #goUnmarked() {
    if (this.#taps.unmarked()) return this.#cheer();
    this.#session = undefined;
    this.#link.drop('the session has lost its BASE');
  }

  /** Whether there are taps to tell, and words to tell them in. */
  get #isOwing() {
    return this.#rosterTag !== null && this.#taps.isOwing;
  }

  /** Tells what is owed, or sees to it that it is told when its time has come. */
  #cheer() {
    if (this.#cancelCheer !== null || !this.#isOwing) return;
    const wait_ms = this.#cheeredAt + this.#cadence_ms - this.#world.clock.now();
    if (wait_ms <= 0) this.#handOver();
    if (!this.#isOwing) return;
    this.#cancelCheer = this.#world.clock.after(wait_ms > 0 ? wait_ms : this.#cadence_ms, () => {
      this.#cancelCheer = null;
      this.#cheer();
    });
  }

  /** One CHEER, unless the last has not left yet or there is nothing to tell. */
  #handOver() {
    if (!this.#isOwing || !this.#link.isDrained) return;
    const now = this.#world.clock.now();
    const entries = this.#taps.cheer(now, this.#cadence_ms);
    if (entries.length === 0) return;
    this.#link.send(encodeCheer(this.#records(entries)));
    this.#cheeredAt = now;
  }

  /**
   * @param {Entry[]} entries of teams that are in the roster: none is handed over before it is known
   * @returns {Record[]}
   */
  #records(entries) {
    return entries.map(([team, total]) => [/** @type {number} */ (this.#indexes.get(team)), total]);
  }

  /** @param {string} tag */
  async #loadTeams(tag) {
    try {
      const { teams } = await loadEvent({ ...this.#world, event: this.#event, roster: tag });
      this.#seat(tag, teams);
    } catch (error) {
      this.#events.emit('error', /** @type {Error} */ (error));
      if (this.state.name === 'live') this.#link.drop('the roster did not come');
      return;
    }
    this.#events.emit('teams', this.#teams);
    this.#cheer();
  }

  /**
   * @param {string} tag
   * @param {Team[]} teams
   */
  #seat(tag, teams) {
    this.#rosterTag = tag;
    this.#teams = teams;
    this.#indexes = new Map(teams.map(({ code }, index) => [code, index]));
    for (const team of this.#taps.teams.filter((code) => !this.#indexes.has(code))) {
      this.#taps.withdraw(team);
      this.#events.emit('error', new TapError(`there is no team ${team}`));
    }
  }
}
