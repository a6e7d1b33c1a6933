/**
 * Installed on a phone: opens without a network, and is never an old page for a new server.
 *
 * @import { Page } from 'playwright-core'
 */

import { afterAll, beforeAll, expect, test } from 'vitest';

import { PHONE, raise, says } from '../harness.js';
import { look } from './looks.js';

/** @type {import('../harness.js').Stage} */
let stage;

beforeAll(async () => {
  stage = await raise();
});

afterAll(() => stage?.strike());

/** @param {Page} page */
const copies = (page) =>
  page.evaluate(async () => {
    const names = (await caches.keys()).filter((name) => name.startsWith('shell:'));
    const whole = await Promise.all(names.map(async (name) => (await caches.open(name)).match('/complete')));
    return names.filter((_, at) => whole[at]);
  });

/** A phone that has seen the page once, all of it. */
async function seen() {
  const page = await stage.open(PHONE, '/?team=JPN');
  await says(page, '#line', /^Live$/);
  await expect.poll(() => copies(page), { timeout: 10_000 }).toHaveLength(1);
  return page;
}

test('can be installed', async () => {
  const page = await stage.open(PHONE, '/');
  const address = await page.getAttribute('link[rel=manifest]', 'href');
  const answer = await page.request.get(new URL(address ?? '', stage.server.fans).href);
  expect(answer.headers()['content-type']).toBe('application/manifest+json');
  const { icons, start_url: start, display } = await answer.json();
  expect([start, display]).toEqual(['/', 'standalone']);
  for (const { src, type } of icons) {
    const icon = await page.request.get(new URL(src, stage.server.fans).href);
    expect([icon.status(), icon.headers()['content-type']]).toEqual([200, type]);
  }
});

test('opens without a server, keeps taps, and counts them when there is one', async () => {
  const page = await seen();
  await page.close();
  await stage.server.kill();
  const again = await page.context().newPage();
  await again.goto(new URL('/?team=JPN', stage.server.fans).href);
  await says(again, '#line', /^Offline$/);
  for (let i = 0; i < 4; i++) await again.tap('#pad');
  await says(again, '#chip-title', /^4 cheers wait/);
  await look(again, 'fan-offline-start');
  await stage.server.restart();
  await says(again, '#line', /^Live$/);
  await expect.poll(async () => (await stage.server.beat()).teams.find(({ code }) => code === 'JPN')?.total).toBe(4);
  await again.context().close();
});

test('what begins on the network stays on it: a copy is not mixed with what is newer', async () => {
  const page = await seen();
  /** @type {string[]} */
  const kept = [];
  page.on('response', (response) => void (response.fromServiceWorker() && kept.push(new URL(response.url()).pathname)));
  await page.reload();
  await says(page, '#line', /^Live$/);
  // The page itself goes through the worker, and comes from the network.
  expect(kept.filter((path) => path !== '/')).toEqual([]);
  await page.context().close();
});

test('a page from an old copy begins anew once the server has a newer one', async () => {
  const page = await seen();
  // As if the copy were of an earlier server: its page had another style.
  await page.evaluate(async () => {
    for (const name of await caches.keys()) {
      const copy = await caches.open(name);
      const now = await copy.match('/');
      const old = (await now?.text())?.replace('</style>', 'body { --old: 1 }</style>');
      await copy.put('/', new Response(old, { headers: now?.headers }));
    }
  });
  await page.close();
  await stage.server.kill();
  const again = await page.context().newPage();
  await again.goto(new URL('/?team=JPN', stage.server.fans).href);
  await says(again, '#line', /^Offline$/);
  const isOld = () => again.evaluate(() => getComputedStyle(document.body).getPropertyValue('--old') !== '');
  expect(await isOld()).toBe(true);
  await stage.server.restart();
  await expect.poll(isOld, { timeout: 20_000 }).toBe(false);
  await says(again, '#line', /^Live$/);
});

test('a page from a copy goes on where only the event has changed since', async () => {
  const page = await seen();
  await page.close();
  await stage.server.kill();
  const again = await page.context().newPage();
  await again.goto(new URL('/?team=JPN', stage.server.fans).href);
  await says(again, '#line', /^Offline$/);
  await again.evaluate(() => document.body.classList.add('same'));
  await stage.server.restart();
  await says(again, '#line', /^Live$/);
  await stage.server.operate('/v1/events/demo/close');
  await says(again, '#line', /^Ended$/);
  // The copy made after that holds the event as it is now, and nobody has begun anew for it.
  const kept = () =>
    again.evaluate(async () => {
      const page = await caches.match('/');
      return JSON.parse((await page?.text())?.match(/id="info">([^<]*)/)?.[1] ?? '{}').state;
    });
  await expect.poll(kept, { timeout: 10_000 }).toBe('closed');
  expect(await again.getAttribute('body', 'class')).toBe('same');
});

test('no page has complained but of a server that was killed', () => {
  expect(stage.complaints(/WebSocket|ERR_(CONNECTION|FAILED)/)).toEqual([]);
});
