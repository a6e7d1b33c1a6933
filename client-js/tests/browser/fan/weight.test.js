/**
 * What the page weighs: bytes before the first tap, bytes while watching, and time on a slow phone.
 */

import { gzipSync } from 'node:zlib';

import { afterAll, beforeAll, expect, test } from 'vitest';

import { DESKTOP, PHONE, raise, says } from '../harness.js';
import { slowDown } from '../slow.js';

const FIRST_LOAD_MAX = 60 * 1024;
/** The page, and what a browser looks for beside it. */
const ANSWERS_MAX = 4;
/** A head without a body. */
const UNCHANGED_MAX = 1_000;
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
  expect(sum).toBeGreaterThan(FIRST_LOAD_MAX / 4);
  expect(sum).toBeLessThanOrEqual(FIRST_LOAD_MAX);
});

test('so it is on the wire; on a slow phone it can be tapped soon, and what is tapped then counts', async () => {
  const page = await stage.open(PHONE, 'about:blank');
  const slow = await slowDown(page);
  const news = await listen(slow.devtools);
  const began = performance.now();
  await page.goto(new URL('/?team=JPN', stage.server.fans).href, { waitUntil: 'commit' });
  const since = (/** @type {number} */ at) => `${(at - began).toFixed(0)} ms`;
  const usable = since(await news.usable);
  await slow.devtools.send('Input.dispatchTouchEvent', { type: 'touchStart', touchPoints: [BUTTON] });
  await slow.devtools.send('Input.dispatchTouchEvent', { type: 'touchEnd', touchPoints: [] });
  const [answered, live] = [since(await news.answered), since(await news.live)];
  await page.waitForLoadState('networkidle');
  const { bytes, requests } = slow.loaded;
  console.log(`slow phone: usable after ${usable}, a tap answered after ${answered}, live after ${live}, ${bytes} B in ${requests} answers`);
  expect(bytes).toBeLessThanOrEqual(FIRST_LOAD_MAX);
  expect(requests).toBeLessThanOrEqual(ANSWERS_MAX);
  await expect.poll(async () => (await stage.server.beat()).teams.find(({ code }) => code === 'JPN')?.total).toBe(1);
});

test('who has the page is only told so when it is loaded again', async () => {
  const page = await stage.open(PHONE, '/?team=JPN');
  const came = () =>
    page.evaluate(() => /** @type {PerformanceResourceTiming} */ (performance.getEntriesByType('navigation')[0]).transferSize);
  expect(await came()).toBeGreaterThan(FIRST_LOAD_MAX / 4);
  await page.reload();
  expect(await came()).toBeLessThan(UNCHANGED_MAX);
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

/** In the lower half of a phone, in the middle. */
const BUTTON = { x: 180, y: 560 };

/**
 * In a page: tells when its button can be tapped, when it has answered a tap, and when the page is live. As text, put there
 * before the page: to ask a page from outside, the test's own tools put a third of a megabyte of script into it, and a slow
 * phone takes longer over that than over the page.
 */
const WATCH = `(() => {
  const pad = () => document.getElementById('pad');
  const signs = {
    usable: () => pad()?.disabled === false && pad().checkVisibility(),
    answered: () => document.getElementById('cheers')?.textContent === '1',
    live: () => document.body?.dataset.standing === 'live',
  };
  new MutationObserver(() => {
    for (const [name, isThere] of Object.entries(signs)) {
      if (!isThere()) continue;
      delete signs[name];
      tell(name);
    }
  }).observe(document, { subtree: true, childList: true, attributes: true, characterData: true });
})()`;

/**
 * When each sign is seen first.
 *
 * @param {import('playwright-core').CDPSession} devtools
 */
async function listen(devtools) {
  await devtools.send('Runtime.enable');
  await devtools.send('Runtime.addBinding', { name: 'tell' });
  await devtools.send('Page.enable');
  await devtools.send('Page.addScriptToEvaluateOnNewDocument', { source: WATCH });
  /** @param {string} name @returns {Promise<number>} */
  const sign = (name) =>
    new Promise((seen) => {
      devtools.on('Runtime.bindingCalled', ({ payload }) => void (payload === name && seen(performance.now())));
    });
  return { usable: sign('usable'), answered: sign('answered'), live: sign('live') };
}

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
