/**
 * The promise of the whole project at its first hop: each tap counts once, wherever the client comes back.
 *
 * A fan taps for a minute on a network that loses, delays and cuts, against gateways that keep the rules; then all is
 * well for long enough to catch up. A seed that fails is a story that can be told again.
 */

import { describe, expect, test } from 'vitest';

import { connect } from '../src/index.js';
import { INFO } from './support/fan.js';
import { Gateway } from './support/gateway.js';
import { Wire } from './support/network.js';
import { FakeWorld, seeded } from './support/world.js';

const SEEDS = Array.from({ length: 150 }, (_, seed) => seed);
const STORY_MS = 60_000;
const CATCH_UP_MS = 240_000;

/** A human's fastest: 16 taps a second. */
const TAP_MS = 1000 / 16;

/** At the slowest cadence here, 1 s, the pace leaves room for (80 − 17) / 16 s; a frame is at most 0.3 s late besides. */
const CADENCE_MAX = 20;
const STALL_MAX_MS = 3_500;

/** @typedef {'cut' | 'vanish' | 'stall' | 'stop' | 'crash' | 'wake'} Mishap */

/**
 * @param {number} seed
 * @param {{ gateways: number, mishaps: Mishap[] }} world
 */
function story(seed, { gateways: count, mishaps }) {
  const random = seeded(seed);
  const world = new FakeWorld();
  const { clock } = world;
  const below = (/** @type {number} */ n) => Math.floor(random() * n);
  const start = (/** @type {number} */ n) => new Gateway(clock, `g${n}`, 1 + below(CADENCE_MAX));
  const everStarted = Array.from({ length: count }, (_, n) => start(n));
  const gateways = [...everStarted];
  /** @type {Wire | undefined} */
  let wire;

  const client = connect({
    ...world,
    random,
    event: 'demo',
    info: INFO,
    socket: (url) => {
      const opened = (wire = new Wire(clock, random));
      const gateway = gateways[below(count)];
      clock.after(random() * 200, () => gateway.accept(opened, new URL(url).searchParams.get('session')));
      return opened;
    },
  });

  const replace = (/** @type {'stop' | 'crash'} */ how) => {
    const n = below(count);
    if (how === 'stop' && !gateways[n].canStopExactly) return;
    gateways[n][how]();
    everStarted.push((gateways[n] = start(everStarted.length)));
  };
  /** @type {Record<Mishap, () => void>} */
  const happen = {
    cut: () => wire?.cut(true),
    vanish: () => wire?.cut(false),
    stall: () => wire?.stall(random() * STALL_MAX_MS),
    stop: () => replace('stop'),
    crash: () => replace('crash'),
    wake: () => world.news(random() < 0.5 ? 'awake' : 'leaving'),
  };

  let tapped = 0;
  while (clock.now() < STORY_MS) {
    const isTapping = random() < 0.8;
    for (let taps = below(40); taps > 0; taps--) {
      clock.advance(TAP_MS);
      if (isTapping && client.tap(INFO.teams[below(3)].code)) tapped++;
    }
    happen[mishaps[below(mishaps.length)]]();
  }
  clock.advance(CATCH_UP_MS);
  client.close();
  clock.advance(1_000);

  const sum = (/** @type {'counted' | 'shadowed'} */ what) => everStarted.reduce((n, gateway) => n + gateway[what], 0);
  return { tapped, counted: sum('counted'), shadowed: sum('shadowed') };
}

describe('each tap counts once', () => {
  test.for(SEEDS)('at one gateway, whatever the network does (%i)', (seed) => {
    const { tapped, counted, shadowed } = story(seed, { gateways: 1, mishaps: ['cut', 'vanish', 'stall', 'wake'] });
    expect({ counted, shadowed }).toEqual({ counted: tapped, shadowed: 0 });
  });

  test.for(SEEDS)('across gateways that stop as planned (%i)', (seed) => {
    const { tapped, counted, shadowed } = story(seed, { gateways: 2, mishaps: ['stop', 'stall', 'wake'] });
    expect({ counted, shadowed }).toEqual({ counted: tapped, shadowed: 0 });
  });
});

describe('no tap counts twice', () => {
  test.for(SEEDS)('wherever the client comes back, whatever dies (%i)', (seed) => {
    const mishaps = /** @type {const} */ (['cut', 'vanish', 'stall', 'stop', 'crash', 'wake']);
    const { tapped, counted, shadowed } = story(seed, { gateways: 3, mishaps: [...mishaps] });
    expect(counted).toBeLessThanOrEqual(tapped);
    expect(counted).toBeGreaterThan(0);
    expect(shadowed).toBe(0);
  });
});
