/**
 * Nothing on the wall flashes: the loudest crowd there can be, frame by frame, as the eye would measure it.
 *
 * WCAG 2.2 (2.3.1) and ITU-R BT.1702 count a flash where relative luminance changes by a tenth or more and back again,
 * and allow three in a second. The page's clock is turned on one frame at a time; what it draws is read back on a grid.
 *
 * @import { Page } from 'playwright-core'
 * @import { Stage } from '../harness.js'
 */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { raise, says } from '../harness.js';
import { between, clear, colorAt, roar } from './crowd.js';

const SCREEN = { viewport: { width: 640, height: 360 } };
const FRAME_MS = 1000 / 30;
const FRAMES = 120;
const FLASH = 0.1;
const FLASHES_MAX = 3;

/** @type {Stage} */
let stage;

beforeAll(async () => (stage = await raise()));
afterEach(() => clear(stage));
afterAll(() => stage.strike());

/**
 * @param {string} query
 * @param {Parameters<typeof between>[1]} change
 * @param {import('playwright-core').BrowserContextOptions} [more]
 */
async function open(query, change, more) {
  const context = await stage.browser.newContext({ ...SCREEN, ...more });
  const page = await context.newPage();
  await page.clock.install();
  await between(page, change);
  await page.goto(new URL(`/arena/demo${query}`, stage.server.fans).href);
  await says(page, '#line', /^Live$/);
  await page.clock.pauseAt(new Date(Date.now() + 60_000));
  return page;
}

/**
 * The relative luminance of each cell of a grid, frame by frame.
 *
 * @param {Page} page
 */
async function watch(page) {
  /** @type {number[][]} */
  const frames = [];
  for (let frame = 0; frame < FRAMES; frame++) {
    await page.clock.runFor(FRAME_MS);
    frames.push(
      await page.evaluate(() => {
        const small = document.createElement('canvas');
        [small.width, small.height] = [64, 36];
        const pen = /** @type {CanvasRenderingContext2D} */ (small.getContext('2d', { willReadFrequently: true }));
        pen.fillStyle = '#0b0d12';
        pen.fillRect(0, 0, small.width, small.height);
        for (const canvas of document.querySelectorAll('#stage canvas')) {
          pen.drawImage(/** @type {HTMLCanvasElement} */ (canvas), 0, 0, small.width, small.height);
        }
        const { data } = pen.getImageData(0, 0, small.width, small.height);
        const line = (/** @type {number} */ part) => (part <= 10.31 ? part / 3294.6 : ((part / 255 + 0.055) / 1.055) ** 2.4);
        const cells = [];
        for (let at = 0; at < data.length; at += 4) {
          cells.push(0.2126 * line(data[at]) + 0.7152 * line(data[at + 1]) + 0.0722 * line(data[at + 2]));
        }
        return cells;
      }),
    );
  }
  return frames;
}

/**
 * The most flashes in any second, of any cell: opposing changes of FLASH or more, two of which are a flash.
 *
 * @param {number[][]} frames
 */
function flashes(frames) {
  let most = 0;
  for (let cell = 0; cell < frames[0].length; cell++) {
    /** @type {number[]} */
    const turns = [];
    let [low, high, rising] = [frames[0][cell], frames[0][cell], 0];
    frames.forEach((cells, at) => {
      const value = cells[cell];
      [low, high] = [Math.min(low, value), Math.max(high, value)];
      if (rising >= 0 && high - value >= FLASH) [rising, low, high] = [-1, value, value], turns.push(at);
      else if (rising <= 0 && value - low >= FLASH) [rising, low, high] = [1, value, value], turns.push(at);
    });
    const second = 1000 / FRAME_MS;
    for (const from of turns) most = Math.max(most, turns.filter((at) => at >= from && at < from + second).length / 2);
  }
  return most;
}

/** How many pixels of the middle column are the disc's: how far it is raised. @param {number[][]} frames */
const swing = (frames) => {
  const sums = frames.map((cells) => cells.reduce((sum, cell) => sum + cell, 0));
  return Math.max(...sums) / Math.min(...sums);
};

test('what counts flashes sees one', () => {
  const blink = (/** @type {number} */ hz) =>
    Array.from({ length: FRAMES }, (_, at) => [Math.floor((at * FRAME_MS * 2 * hz) / 1000) % 2 ? 0.3 : 0.1]);
  expect(flashes(blink(2))).toBe(2);
  expect(flashes(blink(5))).toBe(5);
  expect(flashes(Array.from({ length: FRAMES }, (_, at) => [at / FRAMES]))).toBeLessThanOrEqual(0.5);
});

test('a pulse at the highest level, in yellow on black, beats and does not flash', async () => {
  const page = await open('?scene=pulse&team=JPN&colours=JPN=%23ffff00', roar('JPN'));
  await page.clock.runFor(2_000);
  const frames = await watch(page);
  expect(flashes(frames)).toBeLessThanOrEqual(FLASHES_MAX);
  expect(swing(frames)).toBeGreaterThan(1.02);
});

test('who asked for less motion sees a pulse that stands still', async () => {
  const page = await open('?scene=pulse&team=JPN', roar('JPN'), { reducedMotion: 'reduce' });
  await page.clock.runFor(2_000);
  const before = await colorAt(page, 0.5, 0.5 - 0.38);
  const frames = await watch(page);
  expect(swing(frames)).toBeLessThan(1.005);
  expect(await colorAt(page, 0.5, 0.5 - 0.38)).toEqual(before);
});

test('a crowd that goes from silence to a roar and back, once a second, flashes neither map nor battle', async () => {
  for (const query of ['?scene=map', '?scene=battle&teams=JPN,FRA', '?scene=wall']) {
    let beats = 0;
    const page = await open(query, (beat) => (beats++ % 10 < 5 ? roar('JPN')(beat) : beat));
    await page.clock.runFor(1_000);
    expect(flashes(await watch(page)), query).toBeLessThanOrEqual(FLASHES_MAX);
  }
});
