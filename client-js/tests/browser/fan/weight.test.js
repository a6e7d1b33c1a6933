/**
 * What the page weighs: bytes before the first tap, bytes while watching, and time on a slow phone.
 */

import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { DESKTOP, PHONE, raise, says } from '../harness.js';
import { slowDown } from '../slow.js';

const FIRST_LOAD_MAX = 60 * 1024;
const WATCHING_MAX = 250;
const WATCHED_MS = 10_000;

/** That cheer while somebody watches: more than there are lanes in any final. */
const TEAMS = 24;

/** @type {import('../harness.js').Stage} */
let stage;

beforeAll(async () => {
  stage = await raise();
});

afterAll(() => stage?.strike());

test('the first load is at most 60 KB, guess of the team and teams themselves included', async () => {
  const page = await stage.open({ ...PHONE, locale: 'en-US', timezoneId: 'Africa/Nairobi' }, 'about:blank');
  /** @type {Promise<number>[]} */
  const files = [];
  page.on('response', (response) => {
    files.push(response.body().then((bytes) => gzipSync(bytes, { level: 9 }).length));
  });
  await page.goto(stage.server.fans);
  await says(page, '#line', /^Live$/);
  await says(page, '#name', /^Kenya$/);
  const sizes = await Promise.all(files);
  const sum = sizes.reduce((all, size) => all + size, 0);
  console.log(`first load: ${sum} B gzipped in ${sizes.length} answers`);
  expect(sizes.length).toBeGreaterThan(5);
  expect(sum).toBeLessThanOrEqual(FIRST_LOAD_MAX);
});

test('so it is on the wire; on a slow phone it can be tapped soon', async () => {
  const page = await stage.open(PHONE, 'about:blank');
  const slow = await slowDown(page);
  const began = performance.now();
  await page.goto(new URL('/?team=JPN', stage.server.fans).href, { waitUntil: 'commit' });
  await page.waitForSelector('#pad:enabled');
  const usable_ms = performance.now() - began;
  await says(page, '#line', /^Live$/);
  const live_ms = performance.now() - began;
  await page.waitForLoadState('networkidle');
  const { bytes, requests } = slow.loaded;
  console.log(`slow phone: usable after ${usable_ms.toFixed(0)} ms, live after ${live_ms.toFixed(0)} ms, ${bytes} B in ${requests} answers`);
  expect(bytes).toBeLessThanOrEqual(FIRST_LOAD_MAX);
});

test('watching a busy event takes at most 250 B/s', async () => {
  const crowd = await stage.open(DESKTOP, 'about:blank');
  await crowd.goto(new URL('/?team=JPN', stage.server.fans).href);
  await crowd.evaluate(CHEER);
  const page = await stage.open(PHONE, 'about:blank');
  const devtools = await page.context().newCDPSession(page);
  await devtools.send('Network.enable');
  await devtools.send('Performance.enable');
  let bytes = 0;
  devtools.on('Network.webSocketFrameReceived', ({ response: { opcode, payloadData } }) => {
    const size = Buffer.from(payloadData, opcode === 2 ? 'base64' : 'utf8').length;
    bytes += size + (size < 126 ? 2 : 4);
  });
  await page.goto(new URL('/?team=JPN', stage.server.fans).href);
  await says(page, '#world', /\d{3}/);
  const before = await worked(devtools);
  bytes = 0;
  const frames = await page.evaluate(framesOf, WATCHED_MS);
  const rate = bytes / (WATCHED_MS / 1000);
  const work_ms = ((await worked(devtools)) - before) * 1000;
  console.log(
    `watching: ${rate.toFixed(0)} B/s with ${TEAMS} teams cheering; ` +
      `${frames} frames in ${WATCHED_MS} ms, ${(work_ms / frames).toFixed(2)} ms of work for each`,
  );
  expect(rate).toBeLessThanOrEqual(WATCHING_MAX);
});

/** @param {import('playwright-core').CDPSession} devtools */
async function worked(devtools) {
  const { metrics } = await devtools.send('Performance.getMetrics');
  return metrics.find(({ name }) => name === 'TaskDuration')?.value ?? NaN;
}

/** @param {number} ms */
const framesOf = (ms) =>
  new Promise((/** @type {(frames: number) => void} */ done) => {
    const end = performance.now() + ms;
    let frames = 0;
    const next = () => (++frames, performance.now() < end ? requestAnimationFrame(next) : done(frames));
    requestAnimationFrame(next);
  });

/** In a page: fans of so many teams, eight taps a second each. As text, or the test's own tools would rewrite its import. */
const CHEER = `(async () => {
  const { connect } = await import('/client/src/index.js');
  for (let first = 0; first < ${TEAMS}; first += 2) {
    const client = connect({ event: 'demo', storage: null });
    setInterval(() => {
      for (const team of [first, first + 1]) if (client.teams.length > 0) client.tap(client.teams[team * 7].code);
    }, 130);
  }
})()`;
