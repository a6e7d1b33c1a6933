/**
 * The first load of the pages, on a slow phone: how much comes, in how many answers, and when it can be used.
 *
 * Bytes and answers are claims. Time is only as steady as the machine: it is told, and held to twice what it should be.
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { PHONE, raise } from '../harness.js';
import { slowDown } from '../slow.js';

const BYTES_MAX = 60_000;
const ANSWERS_MAX = 20;
const USABLE_MS = 1_000;

/** @type {import('../harness.js').Stage} */
let stage;

beforeAll(async () => {
  stage = await raise();
});

afterAll(() => stage?.strike());

test('the fan page comes in few bytes and few answers, and is soon of use', async () => {
  const context = await stage.browser.newContext(PHONE);
  const page = await context.newPage();
  const slow = await slowDown(page);
  await page.goto(`${stage.server.fans}?team=JPN`, { waitUntil: 'commit' });
  await page.waitForFunction(
    () => {
      const pad = /** @type {HTMLButtonElement | null} */ (document.querySelector('#pad'));
      return pad !== null && !pad.disabled && /Japan/.test(document.body.textContent ?? '');
    },
    undefined,
    { polling: 20 },
  );
  const usable_ms = Math.round(await page.evaluate(() => performance.now()));
  const { bytes, requests } = slow.loaded;
  console.log(`usable after ${usable_ms} ms, ${requests} answers, ${bytes} bytes`);
  expect(bytes).toBeLessThan(BYTES_MAX);
  expect(requests).toBeLessThanOrEqual(ANSWERS_MAX);
  expect(usable_ms).toBeLessThan(2 * USABLE_MS);
  await context.close();
});

test('a second load asks again only for what may have changed', async () => {
  const page = await stage.open(PHONE, '/?team=JPN');
  const [script] = await page.locator('script[type=module]').evaluateAll((all) => all.map((one) => one.getAttribute('src')));
  expect(script).toMatch(/[?]joined=[0-9a-f]{16}$/);
  await page.reload();
  const size = await page.evaluate((script) => {
    const [entry] = performance.getEntriesByName(new URL(script ?? '', location.href).href);
    return /** @type {PerformanceResourceTiming} */ (entry).transferSize;
  }, script);
  expect(size).toBe(0);
});
