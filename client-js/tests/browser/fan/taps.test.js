/**
 * Each tap counts once, whatever happens to the network, the gateway or the page.
 *
 * @import { Page } from 'playwright-core'
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { PHONE, raise, says } from '../harness.js';

/** @type {import('../harness.js').Stage} */
let stage;

beforeAll(async () => {
  stage = await raise({ keeps: true });
});

afterAll(() => stage?.strike());

/**
 * The server's word on it, twice in a row: what comes too late, or once too often, would show.
 *
 * @param {string} team
 * @param {number} taps
 */
async function counted(team, taps) {
  const total = async () => (await stage.server.beat()).teams.find(({ code }) => code === team)?.total;
  await expect.poll(total, { timeout: 15_000, interval: 100 }).toBe(taps);
  const at = (await stage.server.beat()).beat;
  await expect.poll(async () => (await stage.server.beat()).beat).toBeGreaterThan(at + 5);
  expect(await total()).toBe(taps);
}

/**
 * A finger as fast as events can be, by the page's own input: ten taps in a tenth of a second.
 *
 * @param {Page} page
 * @param {number} taps
 */
async function tapFast(page, taps) {
  const box = await page.locator('#pad').boundingBox();
  if (box === null) throw new Error('no button');
  for (let i = 0; i < taps; i++) {
    await page.touchscreen.tap(box.x + box.width * (0.3 + 0.4 * (i % 2)), box.y + box.height / 2);
  }
}

/** @param {string} team */
async function fan(team) {
  const page = await stage.open(PHONE, `/?team=${team}`);
  await says(page, '#line', /^Live$/);
  return page;
}

test('a hundred taps by a fast finger are a hundred', async () => {
  const page = await fan('JPN');
  await tapFast(page, 100);
  expect(await page.textContent('#cheers')).toBe('100');
  await counted('JPN', 100);
});

test('two fingers in turn count each', async () => {
  const page = await fan('ITA');
  const client = await page.context().newCDPSession(page);
  /** @param {number} id */
  const point = (id) => ({ x: 100 + 80 * id, y: 600, id });
  for (let i = 0; i < 5; i++) {
    await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point(0)] });
    await client.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [point(0), point(1)] });
    await client.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  }
  await says(page, '#cheers', /^10$/);
  await counted('ITA', 10);
});

test('a gateway killed under the page and back: none lost, none twice', async () => {
  const page = await fan('KEN');
  await tapFast(page, 10);
  // What it has acknowledged to its disk survives; what was on the wire when the power went may be lost, so none is.
  await counted('KEN', 10);
  await stage.server.kill();
  await says(page, '#line', /^Offline$/);
  await tapFast(page, 30);
  await stage.server.restart();
  await says(page, '#line', /^Live$/);
  await tapFast(page, 5);
  expect(await page.textContent('#cheers')).toBe('45');
  await counted('KEN', 45);
});

test('offline and back: none lost, none twice', async () => {
  const page = await fan('BRA');
  await tapFast(page, 5);
  await page.context().setOffline(true);
  await tapFast(page, 20);
  await page.context().setOffline(false);
  await tapFast(page, 5);
  expect(await page.textContent('#cheers')).toBe('30');
  await counted('BRA', 30);
});

test('two tabs count side by side', async () => {
  const one = await fan('FRA');
  const other = await one.context().newPage();
  await other.goto(one.url());
  await says(other, '#line', /^Live$/);
  await tapFast(other, 7);
  await one.bringToFront();
  await tapFast(one, 6);
  await counted('FRA', 13);
  await says(one, '#line', /^Live$/);
});

test('a reload goes on where it stood', async () => {
  const page = await fan('NED');
  await tapFast(page, 40);
  await page.reload();
  await says(page, '#line', /^Live$/);
  expect(await page.textContent('#cheers')).toBe('40');
  await tapFast(page, 2);
  await says(page, '#cheers', /^42$/);
  await counted('NED', 42);
});

test('the next visit remembers the team and what was given', async () => {
  const page = await fan('PER');
  await tapFast(page, 3);
  await counted('PER', 3);
  const next = await page.context().newPage();
  await page.close();
  await next.goto(stage.server.fans);
  await says(next, '#name', /^Peru$/);
  await says(next, '#cheers', /^3$/);
  await says(next, '#total', /^3$/);
});

test('no page has complained but of a server that was killed', () => {
  expect(stage.complaints(/WebSocket|ERR_(CONNECTION|INTERNET)/)).toEqual([]);
});
