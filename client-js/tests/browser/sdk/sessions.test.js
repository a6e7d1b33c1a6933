/**
 * Sessions of real pages: reloaded, side by side, duplicated, and with their gateway killed under them.
 *
 * @import { Page } from 'playwright-core'
 * @import { Client, Welcome } from '../../../src/index.js'
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { DESKTOP, raise } from '../harness.js';

/** @typedef {{ sdk: typeof import('../../../src/index.js'), client: Client, sessions: Welcome[] }} Own */

/** A plain answer of the server: a page of its origin with nothing on it. */
const NOTHING = '/v1/events';

/** Each claim has an event of its own, so that each knows what is to be counted. */
const EVENTS = ['reload', 'tabs', 'twins', 'behind', 'killed', 'stream'];
const config = EVENTS.map((id) => `[[events]]\nid = '${id}'\nname = '${id}'\n`).join('');

/** @type {import('../harness.js').Stage} */
let stage;

beforeAll(async () => {
  stage = await raise({ config, keeps: true });
});

afterAll(() => stage?.strike());

/**
 * Gives a page the SDK, as its own module would have it.
 *
 * @param {Page} page
 * @param {string} [source]
 */
async function equip(page, source = '/client/src/index.js') {
  await page.addScriptTag({ type: 'module', content: `import * as sdk from '${source}';\nwindow.sdk = sdk;` });
  await page.waitForFunction(() => 'sdk' in window);
}

/**
 * Connects a fan on the page as it stands, and waits until it is live.
 *
 * @param {Page} page
 * @param {string} event
 */
async function join(page, event) {
  await equip(page);
  await page.evaluate(async (event) => {
    const own = /** @type {Own} */ (/** @type {unknown} */ (window));
    const client = own.sdk.connect({ event, team: 'JPN' });
    own.client = client;
    own.sessions = [];
    client.on('welcome', (welcome) => void own.sessions.push(welcome));
    await new Promise((resolve) => client.on('teams', resolve));
  }, event);
  return page;
}

/**
 * @param {Page} page
 * @param {number} [times]
 */
const tap = (page, times = 1) =>
  page.evaluate((times) => {
    for (let n = 0; n < times; n++) /** @type {any} */ (window).client.tap();
  }, times);

/** @param {Page} page */
const sessions = (page) => page.evaluate(() => /** @type {Own} */ (/** @type {unknown} */ (window)).sessions);

/** @param {Page} page */
const state = (page) => page.evaluate(() => /** @type {Own} */ (/** @type {unknown} */ (window)).client.state.name);

/**
 * What the server has counted, once it is `wanted` or has had ample time to be more.
 *
 * @param {string} event
 * @param {number} wanted
 */
async function counted(event, wanted) {
  const total = async () => (await stage.server.beat(event)).total;
  await expect.poll(total, { timeout: 15_000, interval: 50 }).toBe(wanted);
  // A second beat later nothing has been added.
  const { beat } = await stage.server.beat(event);
  await expect.poll(async () => (await stage.server.beat(event)).beat - beat, { timeout: 5_000 }).toBeGreaterThan(10);
  expect(await total()).toBe(wanted);
}

test('a reload goes on in its session: a tap before it and one after are two', async () => {
  const page = await join(await stage.open(DESKTOP, NOTHING), 'reload');
  await tap(page);
  const [before] = await sessions(page);
  await page.reload();
  await join(page, 'reload');
  const [after] = await sessions(page);
  expect({ session: after.session, resumed: after.resumed }).toEqual({ session: before.session, resumed: true });
  await tap(page);
  expect(await page.evaluate(() => /** @type {any} */ (window).client.total())).toBe(2);
  await counted('reload', 2);
});

test('taps that a reload catches half told are counted once', async () => {
  const page = await join(await stage.open(DESKTOP, NOTHING), 'reload');
  const { total } = await stage.server.beat('reload');
  for (let round = 0; round < 5; round++) {
    await tap(page, 4);
    await page.reload();
    await join(page, 'reload');
  }
  await counted('reload', total + 20);
});

test('two tabs are two fans', async () => {
  const one = await join(await stage.open(DESKTOP, NOTHING), 'tabs');
  const other = await one.context().newPage();
  await other.goto(one.url());
  await join(other, 'tabs');
  await tap(one, 2);
  await tap(other, 3);
  expect((await sessions(one))[0].session).not.toBe((await sessions(other))[0].session);
  await counted('tabs', 5);
});

/** @param {Page} page a tab whose storage is copied, as when it is duplicated */
async function duplicate(page) {
  const [copy] = await Promise.all([page.waitForEvent('popup'), page.evaluate((url) => void window.open(url), page.url())]);
  await copy.waitForLoadState();
  return copy;
}

test('a tab duplicated from one in use is a fan of its own', async () => {
  const page = await join(await stage.open(DESKTOP, NOTHING), 'twins');
  await tap(page, 2);
  await page.evaluate(() => sessionStorage.setItem('is copied', 'yes'));
  const copy = await join(await duplicate(page), 'twins');
  expect(await copy.evaluate(() => sessionStorage.getItem('is copied'))).toBe('yes');
  expect((await sessions(copy))[0]).toMatchObject({ resumed: false });
  await tap(copy, 3);
  await tap(page);
  expect([await state(page), await state(copy)]).toEqual(['live', 'live']);
  await counted('twins', 6);
});

test('a tab duplicated from one behind takes its session over, and that one gets another', async () => {
  const page = await join(await stage.open(DESKTOP, NOTHING), 'behind');
  await tap(page, 2);
  // As a browser says it of a page that goes behind.
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pagehide')));
  const copy = await join(await duplicate(page), 'behind');
  const [first] = await sessions(page);
  expect((await sessions(copy))[0]).toMatchObject({ session: first.session, resumed: true });
  await tap(copy, 3);
  await page.evaluate(() => dispatchEvent(new PageTransitionEvent('pageshow')));
  await tap(page);
  await expect.poll(() => state(page)).toBe('live');
  const fresh = (await sessions(page)).at(-1);
  expect(fresh?.session).not.toBe(first.session);
  expect(await state(copy)).toBe('live');
  await counted('behind', 6);
});

test('a gateway killed under a page and back: none lost, none twice', async () => {
  const page = await join(await stage.open(DESKTOP, NOTHING), 'killed');
  await tap(page, 5);
  await counted('killed', 5);
  await stage.server.kill();
  await expect.poll(() => state(page)).toBe('waiting');
  await tap(page, 7);
  expect(await page.evaluate(() => /** @type {any} */ (window).client.counted())).toMatchObject({ tapped: 12, owed: 7 });
  await stage.server.restart();
  await expect.poll(() => state(page), { timeout: 10_000 }).toBe('live');
  await tap(page);
  await counted('killed', 13);
});

test('a display is served by server-sent events where no WebSocket gets through', async () => {
  const page = await stage.open(DESKTOP, NOTHING);
  await equip(page, '/client/src/index.js?joined');
  const beats = await page.evaluate(async () => {
    const { display } = /** @type {Own} */ (/** @type {unknown} */ (window)).sdk;
    // Nobody listens there.
    const feed = display({ event: 'stream', top: 3, socket: () => new WebSocket('ws://127.0.0.1:1/') });
    /** @type {{ beat: number, teams: number, age_ms: number }[]} */
    const seen = [];
    return new Promise((/** @type {(beats: typeof seen) => void} */ resolve) => {
      feed.on('beat', ({ beat, teams, age_ms }) => {
        seen.push({ beat, teams: teams.length, age_ms });
        if (seen.length === 5) resolve(seen);
      });
    });
  });
  expect(beats.every(({ beat, teams }, n) => teams === 3 && (n === 0 || beat >= beats[n - 1].beat))).toBe(true);
  expect(Math.min(...beats.map(({ age_ms }) => age_ms))).toBe(0);
});

test('no page has complained of anything but the gateway that was gone', () => {
  // A page of nothing has no icon either.
  expect(stage.complaints(/WebSocket connection to|ERR_CONNECTION_REFUSED|status of 404/)).toEqual([]);
});
