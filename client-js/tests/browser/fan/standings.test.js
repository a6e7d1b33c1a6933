/**
 * Whatever can meet a fan, on a real page: what it says, how it looks, and that nobody is shut out.
 *
 * @import { Page } from 'playwright-core'
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { PHONE, raise, says } from '../harness.js';
import { look } from './looks.js';

const config = `
[[events]]
id = "demo"
name = "Men's 4 × 100 m relay"

[[events]]
id = "soon"
name = "The final"
opens_at = "operator"

[[events]]
id = "later"
name = "The final"
opens_at = 2099-07-14T19:00:00Z

[[events]]
id = "today"
name = "The final"
opens_at = ${new Date(Date.now() + 3_700_000).toISOString()}

[[events]]
id = "over"
name = "Semi-final"
`;

/** @type {import('../harness.js').Stage} */
let stage;

beforeAll(async () => {
  stage = await raise({ config });
});

afterAll(() => stage?.strike());

const DARK = { ...PHONE, colorScheme: /** @type {const} */ ('dark') };

/**
 * A page whose sockets are closed by the server with a code, as they come.
 *
 * @param {number} code
 * @param {string} [reason]
 */
async function refusedWith(code, reason = '') {
  const page = await stage.open(PHONE, 'about:blank');
  await page.routeWebSocket(/\/ws/, (socket) => socket.close({ code, reason }));
  await page.goto(new URL('/?event=demo&team=JPN', stage.server.fans).href);
  return page;
}

/** @param {Page} page */
const tap = (page) => page.tap('#pad');

test('live: the own count, and the server has it', async () => {
  for (const [device, name] of /** @type {const} */ ([[PHONE, 'fan-live-light'], [DARK, 'fan-live-dark']])) {
    const page = await stage.open(device, '/?event=demo&team=JPN');
    await says(page, '#line', /^Live$/);
    for (let i = 0; i < 3; i++) await tap(page);
    await says(page, '#cheers', /^3$/);
    await look(page, name);
    await page.close();
  }
});

test('early: opens soon, or a countdown; no tap is taken', async () => {
  const soon = await stage.open(PHONE, '/?event=soon&team=KEN');
  await says(soon, '#title', /^Opens soon$/);
  expect(await soon.isVisible('#pad')).toBe(false);
  await look(soon, 'fan-early-soon');
  const today = await stage.open(PHONE, '/?event=today&team=KEN');
  await says(today, '#big', /^0?1:0\d:\d\d$/);
  await look(today, 'fan-early-countdown');
  const later = await stage.open(PHONE, '/?event=later&team=KEN');
  await says(later, '#big', /^[\d,]+ days$/);
});

test('an event that opens lets everybody tap', async () => {
  const page = await stage.open(PHONE, '/?event=soon&team=KEN');
  await says(page, '#title', /^Opens soon$/);
  await stage.server.operate('/v1/events/soon/open');
  await says(page, '#line', /^Live$/);
  await tap(page);
  await expect.poll(async () => (await stage.server.beat('soon')).total).toBe(1);
});

test('ended: what was given, the final rank, and no more taps', async () => {
  const page = await stage.open(PHONE, '/?event=over&team=PER');
  await says(page, '#line', /^Live$/);
  for (let i = 0; i < 2; i++) await tap(page);
  await expect.poll(async () => (await stage.server.beat('over')).total).toBe(2);
  await stage.server.operate('/v1/events/over/close');
  await says(page, '#big', /^You gave 2 cheers$/);
  await says(page, '#hint', /#1/);
  await says(page, '#total', /^2$/);
  expect(await page.isVisible('#pad')).toBe(false);
  await look(page, 'fan-ended');
});

test('full: when the next try is, and that taps are kept', async () => {
  const page = await refusedWith(1013, '{"retry_ms":9000}');
  await says(page, '#line', /^Busy$/);
  await says(page, '#chip-hint', /^Next try in \d+ seconds?$/);
  await tap(page);
  await says(page, '#cheers', /^1$/);
  await look(page, 'fan-full');
});

test.each(/** @type {const} */ ([
  ['ticket', 4501, /ticket is not valid/],
  ['refused', 4503, /not allowed from here/],
  ['missing', 4504, /no such event/],
  ['outdated', 4500, /out of date/],
]))('%s: why not, and what to do', async (name, code, words) => {
  const page = await refusedWith(code);
  await says(page, '#title', words);
  expect(await page.isVisible('#pad')).toBe(false);
  await look(page, `fan-${name}`);
});

test('taken: another tab has the session; one button takes it back', async () => {
  const page = await stage.open(PHONE, 'about:blank');
  const session = new Promise((found) => {
    page.on('websocket', (socket) => {
      socket.on('framereceived', ({ payload }) => {
        if (typeof payload === 'string') found(JSON.parse(payload).welcome?.session);
      });
    });
  });
  await page.goto(new URL('/?event=demo&team=JPN', stage.server.fans).href);
  const url = new URL(`/v1/events/demo/ws?session=${await session}`, stage.server.fans.replace('http', 'ws')).href;
  const thief = await stage.open(PHONE, '/?event=demo&team=FRA');
  await says(thief, '#line', /^Live$/);
  await thief.evaluate((address) => void new WebSocket(address, 'cheer.v1'), url);
  await says(page, '#title', /another tab/);
  await look(page, 'fan-taken');
  await page.tap('#act');
  await says(page, '#line', /^Live$/);
});

test('offline: taps go on, the page says how many wait, and all are counted in the end', async () => {
  const before = (await stage.server.beat()).total;
  const page = await stage.open(PHONE, '/?event=demo&team=BRA');
  await says(page, '#line', /^Live$/);
  await stage.server.kill();
  await says(page, '#line', /^Offline$/);
  for (let i = 0; i < 12; i++) await tap(page);
  await says(page, '#chip-title', /^12 cheers wait for the network$/);
  await look(page, 'fan-offline');
  await stage.server.restart();
  await says(page, '#line', /^Live$/);
  // What the memory held before is gone with the process; these twelve were never there.
  await expect.poll(async () => (await stage.server.beat()).teams.find(({ code }) => code === 'BRA')?.total).toBe(12);
  expect(before).toBeGreaterThanOrEqual(0);
});

test('the chooser and the settings', async () => {
  const page = await stage.open(PHONE, '/?event=demo&team=JPN');
  await says(page, '#line', /^Live$/);
  await page.tap('#change');
  await look(page, 'fan-chooser');
  await page.fill('#search', 'south kor');
  await page.press('#search', 'Enter');
  await says(page, '#name', /^Republic of Korea$/);
  await page.tap('#open-settings');
  await look(page, 'fan-settings');
});

test('no page has complained of anything but a server that was killed', () => {
  expect(stage.complaints(/WebSocket|ERR_CONNECTION/)).toEqual([]);
});
