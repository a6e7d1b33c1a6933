/**
 * The two pages in a real browser, against a real server: from a thumb to the wall.
 *
 * @import { Browser, Page } from 'playwright-core'
 */

import { chromium } from 'playwright-core';
import { afterAll, beforeAll, expect, test } from 'vitest';

import { startServer } from './server.js';

const executablePath = process.env.CHROMIUM ?? '/usr/bin/chromium';
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
];
const PHONE = { viewport: { width: 360, height: 740 }, hasTouch: true, isMobile: true };
const WALL = { viewport: { width: 1920, height: 1080 } };

/** @type {Awaited<ReturnType<typeof startServer>>} */
let server;
/** @type {Browser} */
let browser;
/** @type {string[]} what the pages' own consoles complain of */
const complaints = [];

beforeAll(async () => {
  server = await startServer();
  browser = await chromium.launch({ executablePath, args });
});

afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

/**
 * @param {typeof PHONE | typeof WALL} screen
 * @param {string} path
 */
async function open(screen, path) {
  const page = await browser.newPage(screen);
  page.on('pageerror', (error) => complaints.push(error.message));
  page.on('console', (message) => void (message.type() === 'error' && complaints.push(message.text())));
  await page.goto(new URL(path, server.fans).href);
  return page;
}

/**
 * Waits until an element says so.
 *
 * @param {Page} page
 * @param {string} selector
 * @param {RegExp} words
 */
const says = (page, selector, words) => page.locator(selector).filter({ hasText: words }).waitFor();

test('a tap on the fan page is seen on the arena page', async () => {
  const arena = await open(WALL, '/arena/demo');
  const fan = await open(PHONE, '/');
  await fan.fill('#search', 'jap');
  await fan.press('#search', 'Enter');
  await says(fan, '#line', /^Live$/);
  await says(arena, '#line', /^Live$/);

  for (let taps = 0; taps < 5; taps++) await fan.tap('#pad');
  expect(await fan.textContent('#cheers')).toBe('5');

  await says(arena, '#total', /^5$/);
  await says(arena, '#top li:has(.rank:text-is("1"))', /Japan.*5$/);
  await arena.waitForFunction(() => {
    const tile = /** @type {HTMLElement} */ (document.querySelector('[data-code="JPN"]'));
    return Number(tile.style.getPropertyValue('--filled')) > 0;
  });
  await says(fan, '#total', /^5$/);
  await says(fan, '#rank', /^#1$/);
});

test('a key counts when it goes down, not while it is held', async () => {
  const fan = await open(PHONE, '/?event=demo&team=FRA');
  await says(fan, '#call', /France/);
  await fan.focus('#pad');
  for (const key of ['Space', 'Enter', 'Enter']) await fan.keyboard.down(key);
  await fan.keyboard.up('Enter');
  await fan.keyboard.up('Space');
  expect(await fan.textContent('#cheers')).toBe('2');
});

test('the fan page remembers its team and its cheers', async () => {
  const fan = await open(PHONE, '/?team=KEN');
  await says(fan, '#line', /^Live$/);
  await fan.tap('#pad');
  await fan.goto(server.fans);
  await says(fan, '#name', /^Kenya$/);
  expect(await fan.textContent('#cheers')).toBe('1');
  await says(fan, '#total', /^1$/);
});

test.each([PHONE, WALL])('nothing is wider than the screen: $viewport.width', async (screen) => {
  for (const path of ['/?team=JPN', '/arena/demo']) {
    const page = await open(screen, path);
    await says(page, '#line', /^Live$/);
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(screen.viewport.width);
  }
});

test('an event that closes ends the cheering and leaves the final tally on both pages', async () => {
  const arena = await open(WALL, '/arena/demo');
  const fan = await open(PHONE, '/?team=PER');
  await says(fan, '#line', /^Live$/);
  await fan.tap('#pad');
  await says(arena, '#total', /^\d+$/);
  await fetch(new URL('/v1/events/demo/close', server.admin), { method: 'POST' });
  await says(fan, '#call', /has ended/);
  expect(await fan.isDisabled('#pad')).toBe(true);
  await says(fan, '#total', /^1$/);
  await says(arena, '#line', /^Final$/);
});

test('no page has complained', () => {
  expect(complaints).toEqual([]);
});
