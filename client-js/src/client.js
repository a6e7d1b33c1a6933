/**
 * A fan's connection: taps go in, beats come out.
 *
 * The shell around `Taps` (what to tell), `Picture` (what to show) and `Link` (whom to talk to): it turns team codes
 * into the roster's indexes and keeps the cadence between two CHEERs. Decides nothing about counting.
 *
 * @import { Delta, Key, Marks, Record } from './codec.js'
 * @import { LinkState } from './link.js'
 * @import { Beat } from './picture.js'
 * @import { EventInfo, Team } from './roster.js'
 * @import { Carried, Count, Entry, Terms } from './taps.js'
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

import { address } from './address.js';
import { Batons } from './baton.js';
import { decode, encodeBase, encodeCheer } from './codec.js';
import { BeatError, FrameError, TapError } from './errors.js';
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
  #batons;
  /** @type {(Carried & { id: string }) | null} what lies there for the next page; nothing is told meanwhile */
  #laid = null;
  #taps;
  #link;
  /** @type {string | undefined} */
  #session;
  /** @type {Picture | null} */
  #picture = null;
  /** @type {number | null} */
  #t0_ms = null;
  #beatsSinceWelcome = 0;
  /** @type {Entry[]} the BASE that waits for the roster */
  #base = [];
  /** @type {Record[] | null} the MARKS that wait for the roster */
  #marks = null;
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
  constructor({ event, team = '', info, start = true, ...world }) {
    this.#world = { ...browser, ...world };
    this.#event = event;
    this.#team = team;
    const { url, storage } = this.#world;
    this.#batons = new Batons(storage, `beat:${address(url, 'http', event)}`);
    const baton = this.#batons.take();
    this.#session = baton?.session;
    this.#taps = new Taps(baton);
    if (info) this.#seat(info.roster, info.teams);
    this.#link = new Link(this.#world, {
      open: () => this.#open(),
      onMessage: (data) => this.#hear(data),
      onState: (state) => this.#turn(state),
      onTaken: () => this.#giveUp(),
      onNews: (news) => (news === 'awake' ? this.#stay() : this.#leave()),
    });
    if (start) this.open();
  }

  /** Connects, where `start: false` put that off. */
  open() {
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
    if (refusal !== null) {
      this.#events.emit('error', refusal);
      return false;
    }
    this.#stay();
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
    return this.#taps.total(team);
  }

  /** How many taps have not been handed to a server yet: they wait for a network, or for their turn. */
  get owed() {
    return this.#taps.owed;
  }

  /**
   * What can truthfully be said of a team's taps now.
   *
   * @param {string} [team]
   * @returns {Count}
   */
  counted(team = this.#team) {
    return this.#taps.count(team);
  }

  /** Tells what may be told, and ends for good. */
  close() {
    this.#stay();
    this.#handOver();
    this.#link.close();
  }

  /** @param {string} team */
  #refusal(team) {
    if (this.state.name === 'closed') return new TapError('closed');
    if (team === '') return new TapError('no_team');
    if (this.#rosterTag !== null && !this.#indexes.has(team)) return unknown(team);
    return this.#taps.refusal(team);
  }

  /** The page may be about to go: tells what may be told, and leaves the rest to the next page. */
  #leave() {
    this.#handOver();
    this.#lay();
  }

  /** Lays down what is known now; what lies there already is not all of it any more. */
  #lay() {
    if (this.#laid !== null && !this.#batons.take(this.#laid.id)) return this.#giveUp();
    const baton = { id: this.#world.random().toString(36), session: this.#session, ...this.#taps.carry() };
    this.#laid = this.#batons.lay(baton) ? baton : null;
  }

  /** The page stays after all. Where another has gone on instead, this one begins anew. */
  #stay() {
    if (this.#laid === null) return;
    if (this.#batons.take(this.#laid.id)) this.#laid = null;
    else this.#giveUp();
    this.#cheer();
  }

  /** @returns {boolean} whether another page may have its session: then this one begins anew */
  #giveUp() {
    if (this.#laid === null) return false;
    this.#taps.forsake(this.#laid);
    this.#session = undefined;
    this.#laid = null;
    this.#link.drop('another page goes on');
    return true;
  }

  #open() {
    if (this.#laid) this.#lay();
    const path = `/v1/events/${this.#event}/ws`;
    const url = address(this.#world.url, 'ws', path, { session: this.#session });
    const ticket = this.#world.ticket?.();
    return this.#world.socket(url, ticket ? [SUBPROTOCOL, `ticket.${ticket}`] : [SUBPROTOCOL]);
  }

  /** @param {LinkState} state */
  #turn(state) {
    if (state.name !== 'live') {
      this.#taps.disconnect();
      this.#base = [];
      this.#marks = null;
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
      this.#events.emit('error', new FrameError('bad_frame', error));
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
    this.#marks = null;
    // BASE goes before anyone can hear of the welcome and tap: it is ignored after a team's first CHEER.
    this.#base = this.#taps.welcome(this.#world.clock.now(), welcome);
    this.#sendBase();
    if (welcome.roster !== this.#rosterTag) this.#loadTeams(welcome.roster);
    this.#link.live();
    this.#events.emit('welcome', welcome);
    if (this.#laid) this.#lay();
    this.#cheer();
  }

  /** @param {Pick<Marks, 'records'>} marks */
  #mark({ records }) {
    if (this.#rosterTag === null) {
      this.#marks = records;
      return;
    }
    this.#marks = null;
    const known = records.filter(([index]) => index < this.#teams.length);
    this.#taps.marks(known.map(([index, total]) => [this.#teams[index].code, total]));
    if (this.#laid) this.#lay();
    this.#tellCounts(this.#taps.teams);
    this.#cheer();
  }

  /** A page that goes on where another stood may be welcome before it knows what its teams' numbers are. */
  #sendBase() {
    const records = this.#records(this.#base);
    if (records.length === 0) return;
    this.#link.send(encodeBase(records));
    this.#base = [];
  }

  /** @param {string[]} teams */
  #tellCounts(teams) {
    for (const team of teams) this.#events.emit('counted', this.#taps.count(team));
  }

  /** @param {Key | Delta} frame */
  #beat(frame) {
    if (this.#taps.isResuming && this.#marks === null && ++this.#beatsSinceWelcome > BEATS_BEFORE_MARKS) this.#goUnmarked();
    this.#cadence_ms = frame.cadence_ms;
    const beat = this.#picture?.take(this.#world.clock.now(), frame);
    if (beat) this.#events.emit('beat', beat);
  }

  #goUnmarked() {
    if (this.#taps.unmarked()) return this.#cheer();
    this.#session = undefined;
    this.#link.drop('no BASE there');
  }

  /** Whether there are taps to tell, and words to tell them in. */
  get #isOwing() {
    return this.#rosterTag !== null && this.#laid === null && this.#taps.isOwing;
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
    this.#tellCounts(entries.map(([team]) => team));
  }

  /**
   * @param {Entry[]} entries
   * @returns {Record[]} of teams that are in the roster: before it is known, none
   */
  #records(entries) {
    return entries.flatMap(([team, total]) => {
      const index = this.#indexes.get(team);
      return index === undefined ? [] : [[index, total]];
    });
  }

  /** @param {string} tag */
  async #loadTeams(tag) {
    try {
      const { teams } = await loadEvent({ ...this.#world, event: this.#event, roster: tag });
      this.#seat(tag, teams);
    } catch (error) {
      this.#events.emit('error', new BeatError('no_roster', error));
      if (this.state.name === 'live') this.#link.drop('no roster');
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
      this.#events.emit('error', unknown(team));
    }
    this.#sendBase();
    if (this.#marks !== null) this.#mark({ records: this.#marks });
  }
}

/** @param {string} team */
const unknown = (team) => new TapError('unknown_team', team);
