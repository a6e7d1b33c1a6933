/**
 * The page in each of its languages: chosen by the browser, alone of its kind, and fitting the smallest phone.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { LANGUAGES } from '../../../pages/fan/language.js';
import { LANDSCAPE, PHONE, SMALL_PHONE, raise, says } from '../harness.js';
import { look, tooWide } from './looks.js';

/** @type {import('../harness.js').Stage} */
let stage;

beforeAll(async () => {
  const team = (/** @type {string} */ id) => `[[events]]\nid = "${id}"\nname = "Demo"\n`;
  stage = await raise({ config: `${team('demo')}opens_at = "start"\n${team('soon')}opens_at = "operator"\n` });
});

afterAll(() => stage?.strike());

test.each(LANGUAGES)('%s: every word of it fits, in every state, at 320 pixels', async (language) => {
  const page = await stage.open({ ...SMALL_PHONE, locale: language }, '/?event=demo&team=AIN');
  await page.waitForSelector('[data-standing="live"]');
  expect(await page.getAttribute('html', 'lang')).toMatch(new RegExp(`^${language}`));
  const [came, asked] = await page.evaluate(() => [
    [...document.scripts].flatMap(({ text }) => [...text.matchAll(/^\/\/ \S+\/words\/(\w+)/gm)].map(([, language]) => language)),
    performance.getEntriesByType('resource').filter(({ name }) => /words\//.test(name)),
  ]);
  expect([came, asked], 'its words came with the page').toEqual([[language], []]);
  await page.tap('#pad');
  await page.waitForSelector('#ranking li:not([hidden])');
  await look(page, `fan-${language}-320`);

  await page.tap('#open-settings');
  expect(await tooWide(page), 'settings').toEqual([]);
  await page.tap('#close-settings');

  const full = await page.context().newPage();
  await full.routeWebSocket(/\/ws/, (socket) => socket.close({ code: 1013, reason: '{"retry_ms":20000}' }));
  await full.goto(new URL('/?event=demo&team=AIN', stage.server.fans).href);
  await full.waitForSelector('[data-standing="full"]');
  expect(await tooWide(full), 'full').toEqual([]);

  const soon = await page.context().newPage();
  await soon.goto(new URL('/?event=soon&team=JPN', stage.server.fans).href);
  await soon.waitForSelector('[data-standing="early"]');
  expect(await tooWide(soon), 'early').toEqual([]);
  await page.context().close();
});

test('Arabic runs from right to left, its button stays under the right thumb', async () => {
  const page = await stage.open({ ...PHONE, locale: 'ar-EG' }, '/?event=demo&team=EGY');
  await page.waitForSelector('[data-standing="live"]');
  expect(await page.getAttribute('html', 'dir')).toBe('rtl');
  await says(page, '#name', /^مصر$/);
  for (let i = 0; i < 3; i++) await page.tap('#pad');
  await says(page, '#cheers', /^٣$/);
  const [flag, name] = await Promise.all(['#flag', '#name'].map((id) => page.locator(id).boundingBox()));
  expect(flag?.x).toBeGreaterThan(name?.x ?? Infinity);
  await look(page, 'fan-arabic');
  await page.setViewportSize(LANDSCAPE.viewport);
  expect((await page.locator('#pad').boundingBox())?.x).toBeGreaterThan(300);
  await look(page, 'fan-arabic-landscape');
});

test('another language is two taps away, and stays', async () => {
  const page = await stage.open({ ...PHONE, locale: 'en-GB' }, '/?event=demo');
  await says(page, '#name', /^Great Britain$/);
  await page.tap('#open-settings');
  await page.selectOption('#language', 'de');
  await page.tap('#close-settings');
  await says(page, '#name', /^Großbritannien$/);
  await says(page, '#call', /^Tippen und anfeuern$/);
  await page.reload();
  await says(page, '#call', /^Tippen und anfeuern$/);
});

test('the address may name the language', async () => {
  const page = await stage.open({ ...PHONE, locale: 'en-GB' }, '/?event=demo&team=JPN&lang=ja');
  await says(page, '#name', /^日本$/);
  await look(page, 'fan-japanese');
});

test('no page has complained', () => {
  expect(stage.complaints(/ERR_INTERNET/)).toEqual([]);
});
