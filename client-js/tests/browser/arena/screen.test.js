/**
 * The arena page on the screens it is made for: read at forty metres, without overflow, without layout in its loop.
 *
 * A letter is read at a distance of 200 times its height: at 40 m it must be 20 cm high, which on a wall 4 m high (7.1 m
 * wide) is 5 % of its height. Each scene has something that large; what a team is called is as large wherever a team has a
 * line to itself.
 *
 * @import { Page } from 'playwright-core'
 * @import { Stage } from '../harness.js'
 */

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { raise, says, screenshot, WALL, WALL_4K } from '../harness.js';
import { between, cheer, clear, CROWD, stadium } from './crowd.js';

/**
 * The largest capital or figure of a scene, as a part of the screen's height, and that of a team's name or code.
 *
 * @type {{ [scene: string]: [largest: number, name: number] }}
 */
const SHARES = {
  wall: [0.06, 0.025],
  battle: [0.17, 0.17],
  ranking: [0.06, 0.048],
  map: [0.06, 0.034],
  pulse: [0.14, 0.06],
  ticker: [0.036, 0.036],
};

/** @type {Stage} */
let stage;
/** @type {Page} */
let hall;

beforeAll(async () => {
  stage = await raise();
  hall = await cheer(stage, CROWD, { lasting: true });
});
afterEach(() => clear(stage, hall));
afterAll(() => stage.strike());

/**
 * @param {string} scene
 * @param {typeof WALL} device
 */
async function open(scene, device) {
  const context = await stage.browser.newContext(device);
  const page = await context.newPage();
  await between(page, stadium);
  await page.addInitScript(() => {
    /** @type {{ [words: string]: number }} the height of a capital, by what was written */
    const capitals = {};
    Object.assign(window, { capitals });
    const write = CanvasRenderingContext2D.prototype.fillText;
    CanvasRenderingContext2D.prototype.fillText = function (words, ...at) {
      capitals[words] = Math.max(capitals[words] ?? 0, this.measureText('H').actualBoundingBoxAscent);
      return write.call(this, words, ...at);
    };
    Object.assign(window, { unlisten: () => void (CanvasRenderingContext2D.prototype.fillText = write) });
  });
  await page.goto(new URL(`/arena/demo?scene=${scene}`, stage.server.fans).href);
  await says(page, '#top li:has(.rank:text-is("1"))', /Japan/);
  return page;
}

test.each(Object.keys(SHARES).flatMap((scene) => [WALL, WALL_4K].map((device) => ({ scene, device, ...device.viewport }))))(
  '$scene at $width × $height is read from afar, fits, and lays nothing out',
  async ({ scene, device, height }) => {
    const page = await open(scene, device);
    const capitals = await page.evaluate(() => {
      const { capitals, unlisten } = /** @type {any} */ (window);
      unlisten();
      return capitals;
    });
    const share = (/** @type {string[]} */ words) => Math.max(...words.map((word) => (capitals[word] ?? 0) / height));
    const [largest, name] = SHARES[scene];
    expect(share(Object.keys(capitals))).toBeGreaterThanOrEqual(largest);
    expect(share(['Japan', 'JPN'])).toBeGreaterThanOrEqual(name);

    const overflow = await page.evaluate(() => {
      const { scrollWidth, scrollHeight } = document.documentElement;
      return [scrollWidth - innerWidth, scrollHeight - innerHeight];
    });
    expect(overflow).toEqual([0, 0]);

    // A figure for people: how long a script takes is the machine's as well as the page's.
    const { frames, script_ms, layouts } = await cost(page);
    console.log(`${scene} at ${height}p: ${script_ms.toFixed(2)} ms of script a frame, ${frames} frames, ${layouts} layouts`);
    // The summary for who does not see the wall is told once a second; nothing else may be laid out.
    expect(layouts).toBeLessThanOrEqual(2);
    await screenshot(page, `arena-${scene}-${height}p`);
  },
);

/**
 * A second of a scene, as Chromium's own counters tell them. Frames are drawn by software here: how many there are
 * says nothing of a machine with a graphics card, what the script takes for each does.
 *
 * @param {Page} page
 */
async function cost(page) {
  const client = await page.context().newCDPSession(page);
  await client.send('Performance.enable');
  const read = async () => {
    const { metrics } = await client.send('Performance.getMetrics');
    const of = (/** @type {string} */ name) => metrics.find((metric) => metric.name === name)?.value ?? NaN;
    return { script: of('ScriptDuration'), layouts: of('LayoutCount') };
  };
  const before = await read();
  const frames = await page.evaluate(
    () =>
      new Promise((resolve) => {
        let frames = 0;
        const until = performance.now() + 1_000;
        const count = (/** @type {number} */ now) => {
          frames++;
          if (now < until) requestAnimationFrame(count);
          else resolve(frames);
        };
        requestAnimationFrame(count);
      }),
  );
  const after = await read();
  return {
    frames: Number(frames),
    script_ms: ((after.script - before.script) * 1000) / Number(frames),
    layouts: after.layouts - before.layouts,
  };
}

test.each(Object.keys(SHARES))('axe finds nothing serious in %s', async (scene) => {
  const axe = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  const page = await open(scene, WALL);
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => /** @type {any} */ (window).axe.run());
  const serious = violations.filter((/** @type {any} */ { impact }) => impact === 'serious' || impact === 'critical');
  expect(serious.map((/** @type {any} */ { id, help }) => `${id}: ${help}`)).toEqual([]);
});

test('no page has complained', () => {
  expect(stage.complaints()).toEqual([]);
});
