/**
 * The promise of the whole project at its first hop: each tap counts once, wherever the client comes back.
 *
 * A fan taps for a minute on a network that loses, delays and cuts, on pages that are reloaded and in tabs that are
 * duplicated, against gateways that keep the rules; then all is well for long enough to catch up. A seed that fails is a
 * story that can be told again.
 */

import { describe, expect, test } from 'vitest';

import { story } from './support/story.js';

/** @import { Mishap } from './support/story.js' */

const SEEDS = Array.from({ length: 150 }, (_, seed) => seed);

describe('each tap counts once', () => {
  /**
   * @param {number} seed
   * @param {number} gateways
   * @param {Mishap[]} mishaps
   */
  async function exact(seed, gateways, mishaps) {
    const { tapped, counted, shadowed, ended } = await story(seed, { gateways, mishaps });
    expect({ counted, shadowed, ended }).toEqual({ counted: tapped, shadowed: 0, ended: [] });
  }

  test.for(SEEDS)('at one gateway, whatever the network does (%i)', (seed) =>
    exact(seed, 1, ['cut', 'vanish', 'stall', 'wake']),
  );

  test.for(SEEDS)('across gateways that stop as planned (%i)', (seed) => exact(seed, 2, ['stop', 'stall', 'wake']));

  test.for(SEEDS)('over reloads and in duplicated tabs, whatever the network does (%i)', (seed) =>
    exact(seed, 1, ['cut', 'vanish', 'stall', 'reload', 'reload', 'duplicate', 'wake']),
  );

  test.for(SEEDS)('over reloads that come out at another gateway (%i)', (seed) =>
    exact(seed, 2, ['stall', 'reload', 'reload', 'duplicate']),
  );
});

describe('no tap counts twice', () => {
  test.for(SEEDS)('wherever the client comes back, whatever dies (%i)', async (seed) => {
    /** @type {Mishap[]} */
    const mishaps = ['cut', 'vanish', 'stall', 'stop', 'crash', 'wake', 'reload', 'duplicate', 'tab crash'];
    const { tapped, counted, shadowed, ended } = await story(seed, { gateways: 3, mishaps });
    expect(counted).toBeLessThanOrEqual(tapped);
    expect(counted).toBeGreaterThan(0);
    expect({ shadowed, ended }).toEqual({ shadowed: 0, ended: [] });
  });
});
