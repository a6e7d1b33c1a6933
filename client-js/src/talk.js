/**
 * A fan's side of the talk with a gateway: BASE and CHEER at their time, what welcome, MARKS and beats say, and what is left
 * to the next page.
 *
 * The shell around `Taps` (what to tell), `Seats` (in which numbers), `Batons` (who goes on) and `Picture` (what to show);
 * it keeps the cadence between two CHEERs. Decides nothing about counting.
 *
 * @import { ClientEvents, Welcome } from './client.js'
 * @import { Delta, Key, Marks, Record } from './codec.js'
 * @import { LinkState } from './link.js'
 * @import { Team } from './roster.js'
 * @import { Carried, Entry } from './taps.js'
 * @import { World } from './world.js'
 */

import { address } from './address.js';
import { Batons } from './baton.js';
import { decode, encodeBase, encodeCheer } from './codec.js';
import { BeatError, FrameError, TapError } from './errors.js';
import { Events } from './events.js';
import { Link } from './link.js';
import { Picture } from './picture.js';
import { loadEvent } from './roster.js';
import { Seats } from './seats.js';
import { Taps } from './taps.js';

const SUBPROTOCOL = 'cheer.v1';

/** Until the first beat names one. */
const FIRST_CADENCE_MS = 250;

/** After a welcome come a KEY and a DELTA, and MARKS with them: beats beyond these say that there are no marks. */
const BEATS_BEFORE_MARKS = 2;

export class Talk {
  /** @type {Events<ClientEvents & {}>} */
  events = new Events();
  seats = new Seats();
  taps;
  link;
  #world;
  #event;
  #batons;
  /** @type {(Carried & { id: string }) | null} what lies there for the next page; nothing is told meanwhile */
  #laid = null;
  /** @type {string | undefined} */
  #session;
  /** @type {Picture | null} */
  #picture = null;
  #beatsSinceWelcome = 0;
  /** @type {Entry[]} the BASE that waits for the roster */
  #base = [];
  /** @type {Record[]} the MARKS that wait for the roster */
  #marks = [];
  #cadence_ms = FIRST_CADENCE_MS;
  #cheeredAt = -Infinity;
  /** @type {(() => void) | null} */
  #cancelCheer = null;

  /**
   * @param {World} world
   * @param {string} event
   */
  constructor(world, event) {
    this.#world = world;
    this.#event = event;
    this.#batons = new Batons(world.storage, `beat:${address(world.url, 'http', event)}`);
    const baton = this.#batons.take();
    this.#session = baton?.session;
    this.taps = new Taps(baton);
    this.link = new Link(world, {
      open: () => this.#open(),
      onMessage: (data) => this.#hear(data),
      onState: (state) => this.#turn(state),
      onTaken: () => this.#giveUp(),
      onNews: (news) => {
        if (news === 'awake') return this.stay();
        // The page may be about to go: tells what may be told, and leaves the rest to the next page.
        this.#handOver();
        this.#lay();
      },
    });
  }

  /** The page stays after all. Where another has gone on instead, this one begins anew. */
  stay() {
    if (this.#laid === null) return;
    if (this.#batons.take(this.#laid.id)) this.#laid = null;
    else this.#giveUp();
    this.tell();
  }

  /** Tells what is owed, or sees to it that it is told when its time has come. */
  tell() {
    if (this.#cancelCheer !== null) return;
    const wait_ms = this.#cheeredAt + this.#cadence_ms - this.#world.clock.now();
    if (wait_ms <= 0) this.#handOver();
    if (!this.#isOwing) return;
    this.#cancelCheer = this.#world.clock.after(wait_ms > 0 ? wait_ms : this.#cadence_ms, () => {
      this.#cancelCheer = null;
      this.tell();
    });
  }

  /** Tells what may be told, and ends for good. */
  close() {
    this.stay();
    this.#handOver();
    this.link.close();
  }

  /** Lays down what is known now; what lies there already is not all of it any more. */
  #lay() {
    if (this.#laid !== null && !this.#batons.take(this.#laid.id)) return this.#giveUp();
    const baton = { id: this.#world.random().toString(36), session: this.#session, ...this.taps.carry() };
    this.#laid = this.#batons.lay(baton) ? baton : null;
  }

  /** @returns {boolean} whether another page may have its session: then this one begins anew */
  #giveUp() {
    if (this.#laid === null) return false;
    this.taps.forsake(this.#laid);
    this.#session = undefined;
    this.#laid = null;
    this.link.drop('taken over');
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
      this.taps.disconnect();
      this.#base = this.#marks = [];
      this.#cancelCheer?.();
      this.#cancelCheer = null;
    }
    this.events.emit('state', state);
  }

  /**
   * What cannot be read is as good as lost, and the next message repairs that.
   *
   * @param {unknown} data
   */
  #hear(data) {
    /** @type {{ welcome: Welcome } | Key | Delta | Marks} */
    let message;
    try {
      message = typeof data === 'string' ? JSON.parse(data) : decode(/** @type {ArrayBuffer} */ (data));
    } catch (error) {
      this.events.emit('error', new FrameError('bad_frame', error));
      return;
    }
    if ('welcome' in message) this.#welcome(message.welcome);
    else if (message.type === 'MARKS') this.#mark(message.records);
    else this.#beat(message);
  }

  /** @param {Welcome} welcome */
  #welcome(welcome) {
    this.#session = welcome.session;
    this.#beatsSinceWelcome = 0;
    if (this.#picture?.t0_ms === welcome.t0_ms) this.#picture.reconnect();
    else this.#picture = new Picture(welcome);
    // BASE goes before anyone can hear of the welcome and tap: it is ignored after a team's first CHEER.
    this.#base = this.taps.welcome(this.#world.clock.now(), welcome);
    this.#sendBase();
    if (welcome.roster !== this.seats.tag) this.#loadTeams(welcome.roster);
    this.link.live();
    this.events.emit('welcome', welcome);
    if (this.#laid) this.#lay();
    this.tell();
  }

  /** A page that goes on where another stood may be welcome before it knows its teams' numbers. */
  #sendBase() {
    const records = this.seats.records(this.#base);
    if (records.length === 0) return;
    this.link.send(encodeBase(records));
    this.#base = [];
  }

  /** @param {Record[]} records */
  #mark(records) {
    this.#marks = records;
    if (this.seats.tag === null) return;
    this.#marks = [];
    this.taps.marks(this.seats.entries(records));
    if (this.#laid) this.#lay();
    this.#tellCounts(this.taps.teams);
    this.tell();
  }

  /** @param {string[]} teams */
  #tellCounts(teams) {
    for (const team of teams) this.events.emit('counted', this.taps.count(team));
  }

  /** @param {Key | Delta} frame */
  #beat(frame) {
    const isMarked = this.#marks.length > 0 || !this.taps.isResuming;
    if (!isMarked && ++this.#beatsSinceWelcome > BEATS_BEFORE_MARKS) this.#goUnmarked();
    this.#cadence_ms = frame.cadence_ms;
    const beat = this.#picture?.take(this.#world.clock.now(), frame);
    if (beat) this.events.emit('beat', beat);
  }

  #goUnmarked() {
    if (this.taps.unmarked()) return this.tell();
    this.#session = undefined;
    this.link.drop('no BASE');
  }

  /** Whether there are taps to tell, and words to tell them in. */
  get #isOwing() {
    return this.seats.tag !== null && this.#laid === null && this.taps.isOwing;
  }

  /** One CHEER, unless the last has not left yet or there is nothing to tell. */
  #handOver() {
    if (!this.#isOwing || !this.link.isDrained) return;
    const now = this.#world.clock.now();
    const entries = this.taps.cheer(now, this.#cadence_ms);
    if (entries.length === 0) return;
    this.link.send(encodeCheer(this.seats.records(entries)));
    this.#cheeredAt = now;
    this.#tellCounts(entries.map(([team]) => team));
  }

  /** @param {string} tag */
  async #loadTeams(tag) {
    try {
      this.fill(tag, (await loadEvent({ ...this.#world, event: this.#event, roster: tag })).teams);
    } catch (error) {
      this.events.emit('error', new BeatError('no_roster', error));
      if (this.link.state.name === 'live') this.link.drop('no roster');
      return;
    }
    this.events.emit('teams', this.seats.teams);
    this.tell();
  }

  /**
   * The roster is known.
   *
   * @param {string} tag
   * @param {readonly Team[]} teams
   */
  fill(tag, teams) {
    this.seats.fill(tag, teams);
    for (const team of this.taps.teams.filter((code) => !this.seats.has(code))) {
      this.taps.withdraw(team);
      this.events.emit('error', new TapError('unknown_team', team));
    }
    this.#sendBase();
    if (this.#marks.length > 0) this.#mark(this.#marks);
  }
}
