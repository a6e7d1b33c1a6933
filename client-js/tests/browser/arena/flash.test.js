/**
 * Nothing on the wall flashes: the loudest crowd there can be, frame by frame, as the eye would measure it.
 *
 * WCAG 2.2 (2.3.1) and ITU-R BT.1702 count a flash where relative luminance changes by a tenth or more and back again,
 * and allow three in a second. The page's clock is turned on one frame at a time; what it draws is read back on a grid.
 *
 * @import { Stage } from '../harness.js'
 */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { raise, says } from '../harness.js';
import { clear, roar } from './crowd.js';

const SCREEN = { viewport: { width: 640, height: 360 } };
const FRAME_MS = 1000 / 30;
/** The grid on which a frame is looked at: a cell is a twentieth of a per cent of the screen. */
const COLUMNS = 64;
const ROWS = 36;

const FRAMES = 75;
const FRAMES_PER_BEAT = 3;
const WARM_UP = 45;
const FLASH = 0.1;
const FLASHES_MAX = 3;

/** @type {Stage} */
let stage;

beforeAll(async () => (stage = await raise()));
afterEach(() => clear(stage));
afterAll(() => stage.strike());

/**
 * A page whose time and whose feed are the test's: `watch` turns both.
 *
 * @param {string} query
 * @param {import('playwright-core').BrowserContextOptions} [more]
 */
async function open(query, more) {
  const context = await stage.browser.newContext({ ...SCREEN, ...more });
  const page = await context.newPage();
  await page.clock.install();
  /** @type {import('playwright-core').WebSocketRoute | undefined} */
  let feed;
  await page.routeWebSocket(/\/feed/, (socket) => void (feed = socket));
  await page.goto(new URL(`/arena/demo${query}`, stage.server.fans).href);
  const silence = await stage.server.beat();
  const tell = (/** @type {boolean} */ isLoud) => feed?.send(JSON.stringify(isLoud ? roar('JPN')(silence) : silence));
  await page.waitForFunction(() => document.getElementById('stage')?.style.opacity === '1');
  tell(true);
  await says(page, '#line', /^Live$/);
  await page.clock.pauseAt(new Date(Date.now() + 1_000));
  return { page, tell };
}

/**
 * The relative luminance of each cell of a grid, frame by frame, once the page has come to life.
 *
 * @param {Awaited<ReturnType<typeof open>>} opened
 * @param {(beat: number) => boolean} [isLoud] ten beats a second
 */
async function watch({ page, tell }, isLoud = () => true) {
  /** @type {number[][]} */
  const frames = [];
  for (let frame = -WARM_UP; frame < FRAMES; frame++) {
    if (frame % FRAMES_PER_BEAT === 0) tell(isLoud(frame / FRAMES_PER_BEAT + WARM_UP));
    await page.clock.runFor(FRAME_MS);
    if (frame < 0) continue;
    frames.push(
      await page.evaluate(([columns, rows]) => {
        const small = document.createElement('canvas');
        [small.width, small.height] = [columns, rows];
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
      }, [COLUMNS, ROWS]),
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

/**
 * The same, each cell sixteen times as large: 0.7 % of the screen. WCAG lets pass what is smaller than 2.8 % of it, such as
 * the edge of a line that moves.
 *
 * @param {number[][]} frames
 */
const coarse = (frames) =>
  frames.map((cells) =>
    Array.from({ length: (COLUMNS * ROWS) / 16 }, (_, at) => {
      const [x, y] = [(at % (COLUMNS / 4)) * 4, Math.floor(at / (COLUMNS / 4)) * 4];
      let sum = 0;
      for (let row = y; row < y + 4; row++) for (let column = x; column < x + 4; column++) sum += cells[row * COLUMNS + column];
      return sum / 16;
    }),
  );

/** How much brighter the brightest frame is than the darkest. @param {number[][]} frames */
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
  const frames = await watch(await open('?scene=pulse&team=JPN&colours=JPN=%23ffff00'));
  expect(flashes(frames)).toBeLessThanOrEqual(FLASHES_MAX);
  expect(swing(frames)).toBeGreaterThan(1.02);
});

test('who asked for less motion sees a pulse that stands still', async () => {
  const frames = await watch(await open('?scene=pulse&team=JPN', { reducedMotion: 'reduce' }));
  expect(swing(frames)).toBeLessThan(1.001);
});

test.each(['map', 'battle&teams=JPN,FRA', 'wall'])(
  'a crowd that goes from silence to a roar and back, each second, does not make %s flash',
  async (scene) => {
    // Rates are those of the last second: quicker than this no feed can change.
    const frames = await watch(await open(`?scene=${scene}`), (beat) => Math.floor(beat / 10) % 2 === 0);
    expect(flashes(coarse(frames))).toBeLessThanOrEqual(FLASHES_MAX);
    expect(swing(frames)).toBeGreaterThan(1);
  },
);
