/**
 * For every hand: a keyboard, a switch, one that cannot tap fast; eyes that want no motion or no picture; any screen.
 *
 * @import { Page } from 'playwright-core'
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { DESKTOP, LANDSCAPE, PHONE, SMALL_PHONE, TABLET, raise, says } from '../harness.js';
import { look, tooWide } from './looks.js';

/** @type {import('../harness.js').Stage} */
let stage;

beforeAll(async () => {
  stage = await raise();
});

afterAll(() => stage?.strike());

/**
 * @param {import('playwright-core').BrowserContextOptions} device
 * @param {string} [query]
 */
async function fan(device, query = 'team=JPN') {
  const page = await stage.open(device, `/?${query}`);
  await says(page, '#line', /^Live$/);
  return page;
}

/** @param {Page} page */
const cheers = async (page) => Number(await page.textContent('#cheers'));

test('a key counts when it goes down, not while it is held; with nothing in focus it is for the button', async () => {
  const page = await fan(DESKTOP);
  for (const key of ['Space', 'Enter', 'Enter', 'Enter']) await page.keyboard.down(key);
  await page.keyboard.up('Enter');
  await page.keyboard.up('Space');
  expect(await cheers(page)).toBe(2);
});

test('by keyboard alone: the team, the settings, and a cheer; where it is can be seen', async () => {
  const page = await fan(DESKTOP);
  /** @param {string} id */
  async function tabTo(id) {
    for (let i = 0; i < 12; i++) {
      await page.keyboard.press('Tab');
      if ((await page.evaluate(() => document.activeElement?.id)) === id) return;
    }
    throw new Error(`#${id} is not reached`);
  }
  await tabTo('change');
  expect(await page.evaluate(() => getComputedStyle(/** @type {Element} */ (document.activeElement)).outlineStyle)).toBe('solid');
  await page.keyboard.press('Enter');
  await page.keyboard.type('kenya');
  await page.keyboard.press('Enter');
  await says(page, '#name', /^Kenya$/);
  await page.keyboard.press('Tab');
  await tabTo('pad');
  await look(page, 'fan-keyboard');
  await page.keyboard.press('Enter');
  await page.keyboard.press(' ');
  expect(await cheers(page)).toBe(2);
});

test('a switch, or a screen reader, clicks: one tap', async () => {
  const page = await fan(PHONE);
  await page.evaluate(() => document.getElementById('pad')?.click());
  expect(await cheers(page)).toBe(1);
});

test('holding cheers five times a second for who has asked for it, by finger and by key', async () => {
  const page = await fan(DESKTOP);
  await page.click('#open-settings');
  await page.check('#holding');
  await page.click('#close-settings');
  await says(page, '#call', /hold/);
  const box = /** @type {{ x: number, y: number }} */ (await page.locator('#pad').boundingBox());
  await page.mouse.move(box.x + 60, box.y + 60);
  const began = performance.now();
  await page.mouse.down();
  await expect.poll(() => cheers(page), { interval: 20, timeout: 5_000 }).toBeGreaterThanOrEqual(8);
  await page.mouse.up();
  const [held, took_ms] = [await cheers(page), performance.now() - began];
  expect(held).toBeLessThanOrEqual(1 + Math.ceil(took_ms / 200));
  await page.focus('#pad');
  await page.keyboard.down('Space');
  await expect.poll(() => cheers(page), { interval: 20, timeout: 5_000 }).toBeGreaterThanOrEqual(held + 4);
  await page.keyboard.up('Space');
  const after = await cheers(page);
  await says(page, '#rate', /\d/);
  await page.reload();
  await says(page, '#call', /hold/);
  expect(await cheers(page)).toBe(after);
});

test('sound is off until it is wanted, and remembered then', async () => {
  const page = await fan(PHONE);
  expect(await page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => /sound\.js/.test(name)))).toBe(false);
  await page.tap('#open-settings');
  await page.check('#sound');
  await page.tap('#close-settings');
  await page.tap('#pad');
  await page.reload();
  await says(page, '#line', /^Live$/);
  expect(await page.isChecked('#sound')).toBe(true);
});

test('without motion nothing moves, and taps count all the same', async () => {
  const page = await fan({ ...PHONE, reducedMotion: 'reduce' });
  await page.tap('#pad');
  await says(page, '#cheers', /^1$/);
  expect(await page.evaluate(() => document.getAnimations().length)).toBe(0);
  const ring = () => page.evaluate(() => document.getElementById('ring')?.style.transform);
  const before = await ring();
  await says(page, '#total', /^[1-9]/);
  expect(await ring()).toBe(before);
  await look(page, 'fan-reduced-motion');
});

test('a screen reader is told the state of things once in a while', async () => {
  const page = await stage.open(PHONE, 'about:blank');
  await page.clock.install();
  await page.goto(new URL('/?team=CAN', stage.server.fans).href);
  await says(page, '#line', /^Live$/);
  await page.tap('#pad');
  await page.clock.fastForward(15_000);
  await says(page, '#summary', /^Canada: rank \d+, .* You: 1\. World: \d+\.$/);
  expect(await page.getAttribute('#summary', 'aria-live')).toBe('polite');
});

test.each(/** @type {const} */ ([
  ['320', SMALL_PHONE],
  ['landscape', LANDSCAPE],
  ['tablet', TABLET],
  ['desktop', { viewport: { width: 1280, height: 800 } }],
]))('on any screen: %s', async (name, device) => {
  const page = await fan(device, 'team=GBR');
  const pad = /** @type {{ x: number, y: number, width: number, height: number }} */ (await page.locator('#pad').boundingBox());
  const { width, height } = device.viewport;
  // The button is a good part of the screen, and where a thumb is.
  expect((pad.width * pad.height) / (width * height)).toBeGreaterThan(0.2);
  if (height > width) expect(pad.y + pad.height).toBeGreaterThan(height - 2);
  await page.touchscreen?.tap?.(0, 0).catch(() => {});
  await page.click('#pad');
  await says(page, '#cheers', /^[1-9]/);
  await look(page, `fan-${name}`);
});

test('what is touched is large enough', async () => {
  const page = await fan(SMALL_PHONE);
  for (const id of ['open-settings', 'change', 'show-top', 'show-map']) {
    const box = /** @type {{ width: number, height: number }} */ (await page.locator(`#${id}`).boundingBox());
    expect(Math.min(box.width, box.height), id).toBeGreaterThanOrEqual(id.startsWith('show') ? 24 : 44);
  }
  expect(await tooWide(page)).toEqual([]);
});

test('the map comes when it is asked for', async () => {
  const page = await fan(PHONE, 'team=BRA');
  const loads = () => page.evaluate(() => performance.getEntriesByType('resource').some(({ name }) => /map\//.test(name)));
  expect(await loads()).toBe(false);
  await page.tap('#show-map');
  await expect.poll(loads).toBe(true);
  await page.tap('#pad');
  await look(page, 'fan-map');
});

test('no page has complained', () => {
  expect(stage.complaints()).toEqual([]);
});
