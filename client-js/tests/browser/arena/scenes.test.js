/**
 * Each scene of the arena page, in a real browser against a real server: what was cheered is what is drawn.
 *
 * @import { Page } from 'playwright-core'
 * @import { Stage } from '../harness.js'
 */

import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

import { raise, says, WALL } from '../harness.js';
import { cheer, clear, colorAt, FRA, GROUND, homeOf, JPN, shows } from './crowd.js';

/** @type {Stage} */
let stage;
/** @type {Page} */
let hall;

beforeAll(async () => {
  stage = await raise();
  hall = await cheer(stage, { JPN: 96, FRA: 48 }, { lasting: true });
});
afterEach(() => clear(stage, hall));
afterAll(() => stage.strike());

/** @param {string} query */
const arena = (query, device = WALL) => stage.open(device, `/arena/demo${query}`);

const RANK_1 = '#top li:has(.rank:text-is("1"))';

test('the wall shows the loudest in order and fills the tile of a team that cheers', async () => {
  const page = await arena('');
  await says(page, '#line', /^Live$/);
  await says(page, RANK_1, /Japan/);
  // The first lane is the loudest's, all of it; the second's is half as long.
  await shows(page, 0.2, 0.165, JPN);
  await shows(page, 0.245, 0.26, FRA);
  await shows(page, 0.41, 0.25, '#181d27');
});

test('a ranking has fewer lanes and larger ones', async () => {
  const page = await arena('?scene=ranking&top=3');
  await shows(page, 0.6, 0.3, JPN);
  await shows(page, 0.3, 0.45, FRA);
  await shows(page, 0.9, 0.45, '#181d27');
});

test('a battle is of the two that are asked for, and the line stands in the quieter one’s half', async () => {
  const page = await arena('?scene=battle&teams=FRA,JPN');
  await shows(page, 0.02, 0.5, FRA);
  await shows(page, 0.98, 0.5, JPN);
  await shows(page, 0.485, 0.5, JPN);
});

test('a battle of nobody in particular is of the two loudest', async () => {
  const page = await arena('?scene=battle');
  await shows(page, 0.02, 0.5, JPN);
  await shows(page, 0.98, 0.5, FRA);
});

test('the map has a bubble where a team is at home', async () => {
  const page = await arena('?scene=map');
  await shows(page, ...homeOf('JPN'), JPN);
});

test('the pulse is of the team that is asked for, else of the loudest', async () => {
  await shows(await arena('?scene=pulse&team=FRA'), 0.5, 0.22, FRA);
  await shows(await arena('?scene=pulse'), 0.5, 0.22, JPN);
});

test('the ticker moves by less than a line’s height between two frames', async () => {
  const page = await arena('?scene=ticker');
  await says(page, RANK_1, /Japan/);
  const steps = await page.evaluate(
    () =>
      new Promise((resolve) => {
        /** @type {number[]} */
        const at = [];
        const write = CanvasRenderingContext2D.prototype.fillText;
        CanvasRenderingContext2D.prototype.fillText = function (words, x, y) {
          if (words === 'Japan') at.push(x);
          if (at.length > 20) {
            CanvasRenderingContext2D.prototype.fillText = write;
            resolve(at.slice(1).map((x, i) => at[i] - x));
          }
          return write.call(this, words, x, y);
        };
      }),
  );
  for (const step of /** @type {number[]} */ (steps)) {
    expect(step).toBeGreaterThanOrEqual(0);
    expect(step).toBeLessThan(0.11 * 1080);
  }
  expect(Math.max(.../** @type {number[]} */ (steps))).toBeGreaterThan(0);
});

test('a title, a language and a colour may be given', async () => {
  const page = await arena('?scene=battle&teams=JPN,FRA&title=The%20final&lang=fr&colours=JPN=%2300aa55');
  await shows(page, 0.02, 0.5, '#00aa55');
  expect(await page.title()).toBe('The final');
  await says(page, RANK_1, /Japon/);
});

test('what is scaled is larger: a ticker of twice the type is twice as high', async () => {
  const page = await arena('?scene=ticker&scale=2');
  await shows(page, 0.99, 0.76, '#181d27');
  await shows(page, 0.99, 0.7, GROUND);
});

test.each([
  ['?scene=karaoke', /no scene “karaoke”.*wall, battle, ranking, map, pulse, ticker/],
  ['?scene=pulse&team=XYZ', /no team “XYZ”.*JPN/],
  ['?scene=battle&teams=JPN', /two teams/],
])('%s is answered with what there is', async (query, words) => {
  const page = await arena(query);
  await says(page, '#message', words);
  expect(await colorAt(page, 0.5, 0.5)).toEqual([0, 0, 0, 0]);
});

test('an event that there is not is answered with where those are that there are', async () => {
  const page = await stage.open(WALL, '/arena/cup');
  await says(page, 'body', /no event "cup".*\/v1\/events/);
});

test('no page has complained of anything but what was asked wrongly', () => {
  expect(stage.complaints(/There is no|A battle has two|status of 404/)).toEqual([]);
});
