/**
 * A story of one fan on a bad network: a minute of tapping in which things go wrong, then enough peace to catch up.
 *
 * A seed tells it; the same seed tells it again.
 */

import { connect } from '../../src/index.js';
import { INFO } from './fan.js';
import { Gateway } from './gateway.js';
import { Wire } from './network.js';
import { FakeShelf, fakePage } from './tab.js';
import { FakeClock, FakeWorld, seeded } from './world.js';

/** @import { Closed } from '../../src/link.js' */

const STORY_MS = 60_000;
const CATCH_UP_MS = 240_000;

/** A human's fastest: 16 taps a second. */
const TAP_MS = 1000 / 16;

/** At the slowest cadence here, 1 s, the pace leaves room for (80 − 17) / 16 s; a frame is at most 0.3 s late besides. */
const CADENCE_MAX = 20;
const STALL_MAX_MS = 3_500;

/** Nobody reloads a page sooner: what the page before it had on the wire has arrived by then, if it ever does. */
const RELOAD_MIN_MS = 1_500;

/** Who would open more? Each is tapped in turn, by one thumb. */
const TABS_MAX = 3;

/** One that is read without delay. */
const ROSTER = { ok: true, status: 200, json: async () => INFO };

/** So many turns does a promise's news take to its last listener, and more. */
const TURNS = 10;
const STEP_MS = 500;

/**
 * @typedef {'cut' | 'vanish' | 'stall' | 'stop' | 'crash' | 'wake' | 'reload' | 'duplicate' | 'tab crash'} Mishap
 *
 * @typedef {object} Tab
 * @property {FakeShelf} session
 * @property {ReturnType<typeof fakePage>} page
 * @property {ReturnType<typeof connect>} client
 * @property {number} openedAt
 * @property {Wire | undefined} wire
 */

/**
 * @param {number} seed
 * @param {{ gateways: number, mishaps: Mishap[] }} world
 */
export function story(seed, { gateways: count, mishaps }) {
  const random = seeded(seed);
  const clock = new FakeClock();
  const local = new FakeShelf();
  const below = (/** @type {number} */ n) => Math.floor(random() * n);
  const start = (/** @type {number} */ n) => new Gateway(clock, `g${n}`, 1 + below(CADENCE_MAX));
  const everStarted = Array.from({ length: count }, (_, n) => start(n));
  const gateways = [...everStarted];
  /** @type {Closed['cause'][]} why connections have ended for good */
  const ends = [];

  /** @param {FakeShelf} session */
  function open(session) {
    const page = fakePage(clock, session, local);
    /** @type {Tab} */
    const tab = { session, page, openedAt: clock.now(), wire: undefined, client: /** @type {any} */ (undefined) };
    tab.client = connect({
      ...new FakeWorld(),
      ...page.world,
      random,
      event: 'demo',
      // As on a page that has just loaded, the teams come later than the welcome, now and then.
      info: random() < 0.5 ? INFO : undefined,
      fetch: () => new Promise((resolve) => clock.after(random() * 400, () => resolve(ROSTER))),
      socket: (url) => {
        const wire = (tab.wire = page.opened(new Wire(clock, random)));
        const gateway = gateways[below(count)];
        clock.after(random() * 200, () => gateway.accept(wire, new URL(url).searchParams.get('session')));
        return wire;
      },
    });
    tab.client.on('state', (state) => void (state.name === 'closed' && ends.push(state.cause)));
    return tab;
  }

  const tabs = [open(new FakeShelf())];
  let at = tabs[0];

  const replace = (/** @type {'stop' | 'crash'} */ how) => {
    const n = below(count);
    if (how === 'stop' && !gateways[n].canStopExactly) return;
    gateways[n][how]();
    everStarted.push((gateways[n] = start(everStarted.length)));
  };
  const reload = (/** @type {boolean} */ isForeseen) => {
    if (clock.now() - at.openedAt < RELOAD_MIN_MS) return;
    if (isForeseen) at.page.news('leaving');
    at.page.end();
    tabs[tabs.indexOf(at)] = at = open(at.session);
  };
  /** @type {Record<Mishap, () => void>} */
  const happen = {
    cut: () => at.wire?.cut(true),
    vanish: () => at.wire?.cut(false),
    stall: () => at.wire?.stall(random() * STALL_MAX_MS),
    stop: () => replace('stop'),
    crash: () => replace('crash'),
    wake: () => at.page.news(random() < 0.5 ? 'awake' : 'leaving'),
    reload: () => reload(true),
    'tab crash': () => reload(false),
    // Of a tab in front, or of one behind, which may be about to go.
    duplicate: () => {
      // One behind that is just connecting might be overtaken by its copy, and take the session from it.
      at.page.news(random() < 0.5 && at.client.state.name === 'live' ? 'leaving' : 'awake');
      if (tabs.length < TABS_MAX) tabs.push(open(at.session.copy()));
      at = tabs[below(tabs.length)];
    },
  };

  return run();

  async function run() {
    let tapped = 0;
    while (clock.now() < STORY_MS) {
      const isTapping = random() < 0.8;
      for (let taps = below(40); taps > 0; taps--) {
        await pass(TAP_MS);
        if (isTapping && at.client.tap(INFO.teams[below(3)].code)) tapped++;
      }
      happen[mishaps[below(mishaps.length)]]();
    }
    tabs.forEach(({ page }) => page.news('awake'));
    await pass(CATCH_UP_MS);
    const ended = [...ends];
    tabs.forEach(({ client }) => client.close());
    await pass(1_000);
    const sum = (/** @type {'counted' | 'shadowed'} */ what) => everStarted.reduce((n, one) => n + one[what], 0);
    return { tapped, counted: sum('counted'), shadowed: sum('shadowed'), ended };
  }

  /** @param {number} ms */
  async function pass(ms) {
    for (let left = ms; left > 0; left -= STEP_MS) {
      clock.advance(Math.min(left, STEP_MS));
      for (let turn = 0; turn < TURNS; turn++) await null;
    }
  }
}
