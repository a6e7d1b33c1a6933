/**
 * Pictures of every scene and state of the arena page, to be looked at: 1080p, 4K, over a programme, in rehearsal, closed.
 *
 * They claim nothing but that each can be taken.
 *
 * @import { Stage } from '../harness.js'
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { raise, says, screenshot, WALL, WALL_4K } from '../harness.js';
import { between, cheer } from './crowd.js';

const SCENES = ['wall', 'battle', 'ranking', 'map', 'pulse', 'ticker'];

/** Long enough for the first overtakings to be over. */
const SETTLED_MS = 1_500;

/** A lively crowd on few sockets: what the server is told of each team, made larger on its way to the page. */
const LOUD = 900;

/** @type {Stage} */
let stage;

beforeAll(async () => {
  stage = await raise();
  const teams = 'JPN FRA BRA USA GER IND KEN GBR ITA AUS NGR MEX KOR CAN ESP ARG EGY NED JAM RSA'.split(' ');
  await cheer(stage, Object.fromEntries(teams.map((code, at) => [code, 24 * Math.ceil((20 - at) / 4)])), { lasting: true });
});
afterAll(() => stage.strike());

/**
 * @param {string} name
 * @param {string} query
 * @param {typeof WALL} device
 * @param {import('../../../src/index.js').FeedBeat['flags']} [flags]
 */
async function picture(name, query, device, flags = []) {
  const context = await stage.browser.newContext(device);
  const page = await context.newPage();
  await between(page, (beat) => {
    const teams = beat.teams.map((team) => {
      const rate = Math.round(team.rate * (LOUD / 60));
      return { ...team, rate, total: team.total * LOUD, level: Math.min(255, Math.round(32 * Math.log10(1 + rate))) };
    });
    const sum = (/** @type {'rate' | 'total'} */ what) => teams.reduce((sum, team) => sum + team[what], 0);
    return { ...beat, teams, rate: sum('rate'), total: sum('total'), flags: [...beat.flags, ...flags] };
  });
  await page.goto(new URL(`/arena/demo${query}`, stage.server.fans).href);
  await says(page, '#top li:has(.rank:text-is("1"))', /\d/);
  await page.waitForTimeout(SETTLED_MS);
  const taken = await screenshot(page, name);
  expect(taken.length).toBeGreaterThan(5_000);
  await context.close();
}

test.each(SCENES)('%s', async (scene) => {
  await picture(`arena-${scene}-1080p`, `?scene=${scene}`, WALL);
  await picture(`arena-${scene}-4k`, `?scene=${scene}`, WALL_4K);
  await picture(`arena-${scene}-overlay`, `?scene=${scene}&overlay=1`, WALL);
});

test('a rehearsal, on the wall and over a programme', async () => {
  await picture('arena-rehearsal-wall', '', WALL, ['rehearsal']);
  await picture('arena-rehearsal-pulse', '?scene=pulse', WALL, ['rehearsal']);
  await picture('arena-rehearsal-overlay', '?scene=battle&overlay=1', WALL, ['rehearsal']);
});

test('the final tally', async () => {
  for (const scene of SCENES) await picture(`arena-closed-${scene}`, `?scene=${scene}`, WALL, ['closed']);
});
