/**
 * A wall whose feed is gone: held, let fade, marked; never frozen at a peak; back by itself. And when all is over.
 *
 * The page's clock is turned on by the test, so that nobody waits seven seconds.
 *
 * @import { Page } from 'playwright-core'
 * @import { Stage } from '../harness.js'
 */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { raise, says, screenshot, WALL } from '../harness.js';
import { between, cheer, clear, GROUND, JPN, roar, shows } from './crowd.js';

/** @type {Stage} */
let stage;

beforeAll(async () => {
  stage = await raise({ keeps: true });
  await cheer(stage, { JPN: 96, FRA: 48 });
});
afterEach(() => clear(stage));
afterAll(() => stage.strike());

/** Where a loud pulse's disc is, and a calm one's is not. */
const LOUD_EDGE = /** @type {const} */ ([0.5, 0.5 - 0.345]);

/** Where the amber dot stands. */
const DOT = /** @type {const} */ ([0.95 - (0.008 * 9) / 16, 0.975]);
const AMBER = '#ffc35c';

/** A connection on one machine, and a second for the summary to tell of it. */
const TRY_MS = 1_500;

/** @param {string} query */
async function roaring(query) {
  const context = await stage.browser.newContext(WALL);
  const page = await context.newPage();
  await page.clock.install();
  await between(page, roar('JPN'));
  // The way beside the WebSocket: nobody makes the crowd on it any louder.
  await page.route(/\/feed/, (route) => route.abort());
  await page.goto(new URL(`/arena/demo${query}`, stage.server.fans).href);
  await says(page, '#line', /^Live$/);
  return page;
}

/** @param {Page} page @param {number} ms */
const later = (page, ms) => page.clock.fastForward(ms);

/**
 * Turns the page's clock on to its next try, again and again, and leaves each the real time that a connection takes.
 *
 * @param {Page} page
 */
async function comesBack(page) {
  for (;;) {
    const isBack = page.locator('#line', { hasText: /^Live$/ }).waitFor({ timeout: TRY_MS });
    if (await isBack.then(() => true, () => false)) return;
    await later(page, 2_000);
  }
}

test('a feed that is cut is held for two seconds, fades to calm in five, is marked, and comes back by itself', async () => {
  const page = await roaring('?scene=pulse&team=JPN');
  await shows(page, ...LOUD_EDGE, JPN);
  await shows(page, ...DOT, GROUND);

  await stage.server.kill();
  await later(page, 1_000);
  await shows(page, ...LOUD_EDGE, JPN);
  await later(page, 2_500);
  await says(page, '#line', /^Signal held$/);
  await shows(page, ...DOT, AMBER);

  await later(page, 5_000);
  await says(page, '#line', /^Signal lost$/);
  await says(page, '#rate', /^–$/);
  // Calm, and still: neither at the peak nor gone.
  await shows(page, ...LOUD_EDGE, GROUND);
  await shows(page, 0.5, 0.22, JPN);
  await screenshot(page, 'arena-lost-1080p');

  await stage.server.restart();
  await comesBack(page);
  await shows(page, ...LOUD_EDGE, JPN);
  await shows(page, ...DOT, GROUND);
});

test('over a programme the mark is a dot and no word', async () => {
  const page = await roaring('?scene=battle&overlay=1');
  await page.evaluate(() => {
    const write = CanvasRenderingContext2D.prototype.fillText;
    Object.assign(window, { written: new Set() });
    CanvasRenderingContext2D.prototype.fillText = function (words, ...at) {
      /** @type {any} */ (window).written.add(words);
      return write.call(this, words, ...at);
    };
  });
  await page.routeWebSocket(/\/feed/, (socket) => socket.close());
  await stage.server.kill();
  await later(page, 9_000);
  await shows(page, ...DOT, AMBER);
  const written = await page.evaluate(() => [.../** @type {any} */ (window).written]);
  expect(written).toContain('–');
  expect(written).not.toContain('Signal lost');
  await stage.server.restart();
});

test('when the event is closed its totals are what is told, and they stay', async () => {
  await cheer(stage, { JPN: 20 });
  const page = await stage.open(WALL, '/arena/demo?scene=battle&teams=JPN,FRA');
  await says(page, '#line', /^Live$/);
  await stage.server.operate('/v1/events/demo/close');
  await says(page, '#line', /^Final$/);
  const total = await page.textContent('#top li:first-child .total');
  await says(page, '#top li:first-child .rate', new RegExp(`^${total}$`));
  await screenshot(page, 'arena-closed-battle-1080p');
});

test('no page has complained but of the server that was killed', () => {
  expect(stage.complaints(/WebSocket|ERR_CONNECTION_REFUSED|ERR_FAILED/)).toEqual([]);
});
