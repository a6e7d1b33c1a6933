/**
 * The widget on somebody else's page: another origin, allowed or refused, at every width and by every way to press.
 */

import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createRequire } from 'node:module';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { DESKTOP, PHONE, raise, screenshot } from '../harness.js';

/** A page of the club's own, on another port. */
let club = '';
/** What it shows. */
let html = '';

const site = createServer((_, answer) => {
  answer.setHeader('content-type', 'text/html; charset=utf-8');
  answer.end(`<!doctype html><html lang="en"><meta name="viewport" content="width=device-width"><title>The club</title><link rel="icon" href="data:,">${html}`);
});

/** @type {import('../harness.js').Stage} */
let stage;

beforeAll(async () => {
  site.listen(0, '127.0.0.1');
  await once(site, 'listening');
  club = `http://127.0.0.1:${/** @type {import('node:net').AddressInfo} */ (site.address()).port}`;
  const event = (/** @type {string} */ id, more = '') => `[[events]]\nid = '${id}'\nname = '${id}'\n${more}\n`;
  const origins = `origins = ['${club}']`;
  const config = event('demo') + event('club', origins) + event('later', `${origins}\nopens_at = 'operator'`);
  stage = await raise({ config });
});

afterAll(async () => {
  await stage?.strike();
  site.close();
});

const MODULE = 'type="module"';

/**
 * @param {string} tag
 * @param {typeof DESKTOP | typeof PHONE} [device]
 */
async function embed(tag, device = DESKTOP, kind = MODULE) {
  html = `<script ${kind} src="${stage.server.fans}widget.js"></script><body>${tag}</body>`;
  const page = await stage.open(device, club);
  const pad = page.getByRole('button');
  const note = page.locator('[part=note]');
  return { page, pad, note, count: page.locator('[part=count]') };
}

const live = (/** @type {import('playwright-core').Locator} */ pad) => pad.filter({ hasText: 'Japan' }).waitFor();

/** @param {number} wanted */
const counted = (wanted) => expect.poll(async () => (await stage.server.beat('club')).total).toBe(wanted);

test('one tag on a page of a listed origin cheers, by finger, by key and by switch alike', async () => {
  const { page, pad, count } = await embed('<make-the-beat event="club" team="JPN"></make-the-beat>', PHONE);
  await live(pad);
  await page.getByRole('button', { name: /^Cheer for Japan 0$/ }).waitFor();
  await pad.tap();
  await pad.tap();
  await pad.focus();
  for (const key of ['Enter', 'Enter', 'Space', 'Space']) await page.keyboard.down(key);
  for (const key of ['Enter', 'Space']) await page.keyboard.up(key);
  await pad.evaluate((button) => /** @type {HTMLElement} */ (button).click());
  expect(await count.textContent()).toBe('5');
  await counted(5);
});

test('a finger that begins to scroll on it is no cheer', async () => {
  const tall = '<div style="height: 300vh"></div>';
  const { page, pad, count } = await embed(`<make-the-beat event="club" team="JPN"></make-the-beat>${tall}`, PHONE);
  await live(pad);
  const { total } = await stage.server.beat('club');
  const touch = await page.context().newCDPSession(page);
  const box = await pad.boundingBox();
  const x = (box?.x ?? 0) + 40;
  const from = (box?.y ?? 0) + 40;
  await touch.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [{ x, y: from }] });
  for (let y = from; y > from - 200; y -= 10) {
    await touch.send('Input.dispatchTouchEvent', { type: 'touchMove', touchPoints: [{ x, y }] });
  }
  await touch.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  expect(await page.evaluate(() => scrollY)).toBeGreaterThan(50);
  expect(await count.textContent()).toBe('0');
  await counted(total);
});

test('a script tag that is no module does as well', async () => {
  const { pad, page } = await embed('<make-the-beat event="club" team="JPN"></make-the-beat>', DESKTOP, '');
  await live(pad);
  expect(await page.evaluate(() => /** @type {any} */ (document.querySelector('make-the-beat')).tap())).toBe(true);
});

test('on a page of an origin that is not listed it says so, and counts nothing', async () => {
  const { page, pad, note } = await embed('<make-the-beat event="demo" team="JPN"></make-the-beat>');
  await note.filter({ hasText: 'not_allowed' }).waitFor();
  expect(await pad.getAttribute('aria-disabled')).toBe('true');
  await pad.click({ force: true });
  expect(await page.evaluate(() => /** @type {any} */ (document.querySelector('make-the-beat')).tap())).toBe(false);
  expect(stage.complaints()).toContainEqual(expect.stringContaining('list this origin on the server'));
  expect((await stage.server.beat('demo')).total).toBe(0);
});

test('an event that opens later takes cheers once it has opened', async () => {
  const { pad, note } = await embed('<make-the-beat event="later" team="JPN"></make-the-beat>');
  await note.filter({ hasText: 'Opens soon' }).waitFor();
  expect(await pad.getAttribute('aria-disabled')).toBe('true');
  await stage.server.operate('/v1/events/later/open');
  await expect.poll(() => pad.getAttribute('aria-disabled'), { timeout: 15_000 }).toBe('false');
});

test('several on one page share one connection, and each its own team', async () => {
  const tags = ['JPN', 'FRA', 'JPN'].map((team) => `<make-the-beat event="club" team="${team}"></make-the-beat>`);
  html = `<script ${MODULE} src="${stage.server.fans}widget.js"></script><body>${tags.join('')}</body>`;
  const context = await stage.browser.newContext(DESKTOP);
  const page = await context.newPage();
  let sockets = 0;
  page.on('websocket', () => sockets++);
  await page.goto(club);
  const pads = page.getByRole('button');
  await pads.filter({ hasText: 'France' }).waitFor();
  await pads.nth(0).click();
  await pads.nth(1).click();
  const counts = page.locator('[part=count]');
  expect(await counts.nth(0).textContent()).toBe('1');
  expect(await counts.nth(1).textContent()).toBe('1');
  expect(sockets).toBe(1);
  // Moved and removed: the connection goes with the last.
  await page.evaluate(() => document.querySelectorAll('make-the-beat').forEach((one) => one.remove()));
  await page.evaluate(() => new Promise((done) => setTimeout(done)));
});

test('it takes the width it is given, from 160 pixels up, and is never wider', async () => {
  const widths = [160, 240, 320, 512, 900];
  const tags = widths.map((width) => `<make-the-beat event="club" team="GBR" style="width:${width}px"></make-the-beat>`);
  const { page, pad } = await embed(tags.join(''));
  await pad.filter({ hasText: 'Great Britain' }).first().waitFor();
  const boxes = await page.locator('make-the-beat').evaluateAll((all) =>
    all.map((one) => {
      const root = /** @type {ShadowRoot} */ (one.shadowRoot);
      const inner = [...root.querySelectorAll('*')].map((part) => part.getBoundingClientRect().right);
      const button = /** @type {Element} */ (root.querySelector('button')).getBoundingClientRect();
      const { right, width } = one.getBoundingClientRect();
      return { width, over: Math.max(...inner) - right, target: Math.min(button.width, button.height) };
    }),
  );
  expect(boxes.map(({ width }) => width)).toEqual(widths);
  expect(Math.max(...boxes.map(({ over }) => over))).toBeLessThanOrEqual(0.5);
  expect(Math.min(...boxes.map(({ target }) => target))).toBeGreaterThanOrEqual(44);
  await screenshot(page, 'widget-widths');
});

test.each(/** @type {const} */ (['light', 'dark']))('the demo page shows it in sizes and colours: %s', async (colorScheme) => {
  const page = await stage.open({ ...DESKTOP, colorScheme, reducedMotion: 'reduce' }, '/widget');
  await page.getByText('Japan').waitFor();
  await page.getByText('New Zealand').waitFor();
  const accent = await page.locator('.club').evaluate((one) => {
    const pad = /** @type {Element} */ (one.shadowRoot?.querySelector('.pad'));
    return [getComputedStyle(pad).backgroundColor, getComputedStyle(pad).borderRadius];
  });
  expect(accent).toEqual(['rgb(11, 110, 79)', '0px']);
  await page.locator('.club').getByRole('button').click();
  await page.evaluate(readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8'));
  const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run());
  const grave = violations.filter((/** @type {{ impact: string }} */ { impact }) => /serious|critical/.test(impact));
  expect(grave).toEqual([]);
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(DESKTOP.viewport.width);
  await screenshot(page, `widget-demo-${colorScheme}`);
});

test('the demo page fits the smallest phone', async () => {
  const page = await stage.open({ ...PHONE, viewport: { width: 320, height: 568 } }, '/widget');
  await page.getByText('Japan').waitFor();
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
  await screenshot(page, 'widget-demo-320');
});

test('no page has complained of anything but the refusal', () => {
  expect(stage.complaints(/list this origin on the server/)).toEqual([]);
});
