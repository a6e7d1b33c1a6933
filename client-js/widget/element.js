/**
 * `<make-the-beat event="demo" team="JPN">`: a team to cheer for, on any page.
 *
 * | attribute | |
 * |---|---|
 * | `event` | the event's id |
 * | `team` | the team's code |
 * | `server` | the server's origin; by default where this script comes from |
 * | `label` | what the button is called; `{team}` is the team's name; default `Cheer for {team}` |
 *
 * It tells `cheer` (`detail: { team, total }`) and `state` (`detail`: the SDK's state) as events, and `tap()` is a tap.
 *
 * @import { Beat, LinkState, Team } from '../src/index.js'
 * @import { Client } from './line.js'
 */

import { loadEvent } from '../src/index.js';
import { hold } from './line.js';
import { inkOn, look } from './look.js';
import { press } from './press.js';

/** A full meter: 10,000 taps a second. */
const FULL_LEVEL = 128;

/** How much the flag swells on a beat, at most. */
const SWELL = 0.25;
const SWELL_MS = 400;

/** How soon it asks again whether the event has opened; up to twice that, so that not all ask as one. */
const OPEN_YET_MS = 5_000;

const HTML = `
  <div class="card">
    <button class="pad" part="pad" aria-describedby="note">
      <span class="flag" part="flag" aria-hidden="true"></span>
      <span class="words"><i></i><span class="name" part="name"></span><i></i></span>
      <span class="count" part="count">0</span>
    </button>
    <div class="meter" part="meter" aria-hidden="true"><i></i></div>
    <div class="foot">
      <p class="note" part="note" id="note" role="status"></p>
      <p class="total" part="total"></p>
    </div>
  </div>
`;

const whole = new Intl.NumberFormat();
const calm = matchMedia('(prefers-reduced-motion: reduce)');

export class MakeTheBeat extends HTMLElement {
  static observedAttributes = ['event', 'team', 'server', 'label'];

  #root = this.attachShadow({ mode: 'open' });
  /** @type {{ client: Client, release: () => void } | null} */
  #line = null;
  /** @type {(() => void)[]} */
  #unbind = [];
  /** Whether the event counts taps now, as far as is known. */
  #phase = 'open';
  #isRehearsal = false;
  /** @type {ReturnType<typeof setTimeout> | undefined} */
  #asking;

  constructor() {
    super();
    this.#root.adoptedStyleSheets = [look()];
    this.#root.innerHTML = HTML;
    press(this.#part('.pad'), () => this.tap());
  }

  connectedCallback() {
    this.#begin();
  }

  disconnectedCallback() {
    this.#end();
  }

  /**
   * @param {string} name
   * @param {string | null} before
   * @param {string | null} now
   */
  attributeChangedCallback(name, before, now) {
    if (before === now || !this.isConnected) return;
    if (name === 'event' || name === 'server') {
      this.#end();
      this.#begin();
    }
    this.#show();
  }

  /**
   * One tap, as if pressed.
   *
   * @returns {boolean} whether it can count
   */
  tap() {
    if (this.#line === null || !this.#isOpen || !this.#line.client.tap(this.#code)) return false;
    const total = this.#line.client.total(this.#code);
    this.#part('.count').textContent = whole.format(total);
    this.dispatchEvent(new CustomEvent('cheer', { detail: { team: this.#code, total }, bubbles: true }));
    return true;
  }

  get #code() {
    return this.getAttribute('team') ?? '';
  }

  /** @returns {Team | undefined} */
  get #team() {
    return this.#line?.client.teams.find(({ code }) => code === this.#code);
  }

  get #isOpen() {
    return this.#phase === 'open' && this.#line?.client.state.name !== 'closed';
  }

  get #server() {
    return this.getAttribute('server') ?? new URL(import.meta.url).origin;
  }

  #begin() {
    const event = this.getAttribute('event');
    if (event === null) return this.#note('No event is named');
    this.#phase = 'open';
    this.#line = hold(this.#server, event);
    const { client } = this.#line;
    this.#unbind = [
      client.on('teams', () => this.#show()),
      client.on('state', (state) => this.#turn(state)),
      client.on('beat', (beat) => this.#beat(beat)),
      client.on('welcome', ({ state }) => this.#enter(state)),
    ];
    this.#show();
  }

  #end() {
    clearTimeout(this.#asking);
    this.#unbind.forEach((unbind) => unbind());
    // One that is only moved to another place is there again before this is done.
    const line = this.#line;
    queueMicrotask(() => line?.release());
    this.#line = null;
  }

  /** @param {LinkState} state */
  #turn(state) {
    // Whoever embeds it reads the console, whoever cheers does not.
    if (state.name === 'closed' && state.cause === 'not_allowed') console.error(`<make-the-beat>: ${state.advice}`);
    this.dispatchEvent(new CustomEvent('state', { detail: state }));
    this.#show();
  }

  /** @param {string} phase */
  #enter(phase) {
    this.#phase = phase;
    clearTimeout(this.#asking);
    // Nothing tells a fan that an event has opened.
    if (phase === 'scheduled') {
      this.#asking = setTimeout(() => this.#ask(), OPEN_YET_MS * (1 + Math.random()));
    }
    this.#show();
  }

  async #ask() {
    const event = this.getAttribute('event') ?? '';
    const phase = await loadEvent({ url: this.#server, event }).then(
      ({ state }) => state,
      () => 'scheduled',
    );
    if (this.#line) this.#enter(phase);
  }

  /** @param {Beat} beat */
  #beat({ levels, totals, flags }) {
    const at = this.#line?.client.teams.findIndex(({ code }) => code === this.#code) ?? -1;
    // What is not fresh is not shown as if it were.
    const fill = flags.stale || flags.closed ? 0 : Math.min(1, (levels[at] ?? 0) / FULL_LEVEL);
    // Totals are up to 10 s old: never less than has been tapped here.
    const total = Math.max(totals[at] ?? 0, this.#line?.client.total(this.#code) ?? 0);
    this.#part('.total').textContent = `${whole.format(total)} cheers in all`;
    this.#part('.meter').style.setProperty('--fill', String(fill));
    if (fill > 0 && !calm.matches) {
      const swollen = `scale(${1 + SWELL * fill})`;
      this.#part('.flag').animate({ transform: [swollen, 'none'] }, { duration: SWELL_MS, easing: 'ease-out' });
    }
    if (flags.rehearsal === this.#isRehearsal) return;
    this.#isRehearsal = flags.rehearsal;
    this.#show();
  }

  #show() {
    const team = this.#team;
    const name = team?.name ?? this.#code;
    this.#part('.flag').textContent = team?.flag ?? '';
    this.#part('.name').textContent = name;
    this.#part('.count').textContent = whole.format(this.#line?.client.total(this.#code) ?? 0);
    const pad = this.#part('.pad');
    // What is seen is part of what is said.
    const [before, after] = (this.getAttribute('label') ?? 'Cheer for {team}').split('{team}');
    this.#part('.words :first-child').textContent = before;
    this.#part('.words :last-child').textContent = after ?? '';
    pad.setAttribute('aria-disabled', String(!this.#isOpen || (this.#line?.client.teams.length !== 0 && !team)));
    const { style } = this.#part('.card');
    if (team?.color) {
      style.setProperty('--team', team.color);
      style.setProperty('--on-team', inkOn(team.color));
    }
    this.#note(this.#words());
  }

  #words() {
    const client = this.#line?.client;
    if (client === undefined) return 'No event is named';
    const { state, teams } = client;
    if (state.name === 'closed') {
      return state.cause === 'event_closed' ? 'The cheering has ended. Thank you!' : `Not available: ${state.cause}`;
    }
    if (teams.length > 0 && !this.#team) return `There is no team ${this.#code}`;
    if (this.#phase === 'scheduled') return 'Opens soon';
    if (this.#phase === 'closed') return 'The cheering has ended. Thank you!';
    if (state.name === 'waiting') return 'Offline: your cheers are kept';
    if (this.#isRehearsal) return 'Rehearsal: not a real crowd';
    return state.name === 'live' ? '' : 'Connecting';
  }

  /** @param {string} words said again, the same ones would be read out again */
  #note(words) {
    const note = this.#part('.note');
    if (note.textContent !== words) note.textContent = words;
  }

  /** @param {string} selector */
  #part(selector) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(selector));
  }
}

if (!customElements.get('make-the-beat')) customElements.define('make-the-beat', MakeTheBeat);
