/**
 * The two pages in a real browser, against a real server: from a thumb to the wall.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { PHONE, WALL, raise, says } from './harness.js';

/** @type {import('./harness.js').Stage} */
let stage;

beforeAll(async () => {
  stage = await raise();
});

afterAll(() => stage?.strike());

test('a tap on the fan page is seen on the arena page', async () => {
  const arena = await stage.open(WALL, '/arena/demo');
  const fan = await stage.open({ ...PHONE, locale: 'fr-FR' }, '/?lang=en');
  await says(fan, '#name', /^France$/);
  await fan.tap('#change');
  await fan.fill('#search', 'jap');
  await fan.press('#search', 'Enter');
  await says(fan, '#line', /^Live$/);
  await says(arena, '#line', /^Live$/);

  for (let taps = 0; taps < 5; taps++) await fan.tap('#pad');
  expect(await fan.textContent('#cheers')).toBe('5');

  await says(arena, '#total', /^5$/);
  await says(arena, '#top li:has(.rank:text-is("1"))', /Japan.*5$/);
  await says(fan, '#total', /^5$/);
  await says(fan, '#rank', /^#1$/);
});

test.each([PHONE, WALL])('nothing is wider than the screen: $viewport.width', async (screen) => {
  for (const path of ['/?team=JPN', '/arena/demo']) {
    const page = await stage.open(screen, path);
    await says(page, '#line', /^Live$/);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(screen.viewport.width);
  }
});

test('an event that closes ends the cheering and leaves the final tally on both pages', async () => {
  const arena = await stage.open(WALL, '/arena/demo');
  const fan = await stage.open(PHONE, '/?team=PER');
  await says(fan, '#line', /^Live$/);
  await fan.tap('#pad');
  await says(arena, '#total', /^\d+$/);
  await stage.server.operate('/v1/events/demo/close');
  await says(fan, '#title', /has ended/);
  expect(await fan.isVisible('#pad')).toBe(false);
  await says(fan, '#total', /^1$/);
  await says(arena, '#line', /^Final$/);
});

test('no page has complained', () => {
  expect(stage.complaints()).toEqual([]);
});
