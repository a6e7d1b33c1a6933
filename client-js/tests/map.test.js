import { readFileSync } from 'node:fs';
import { gzipSync } from 'node:zlib';

import { expect, test } from 'vitest';

import { HEIGHT, OUTLINE, WIDTH } from '../pages/shared/map/outline.js';
import { PLACES } from '../pages/shared/map/places.js';
import { luminanceOf, tint } from '../pages/shared/tint.js';
import { generate } from '../scripts/world.js';
import { GAP, spread } from '../scripts/world/spread.js';

const roster = readFileSync(new URL('../../server/roster/noc206.tsv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => line.split('\t'));
const places = /** @type {[string, [number, number]][]} */ (Object.entries(PLACES));

/** It reads all of Natural Earth: two seconds, and more on a busy machine. */
const GENERATED_WITHIN_MS = 60_000;

test('the map is what its generator writes today', () => {
  for (const [file, text] of Object.entries(generate())) {
    expect(readFileSync(new URL(`../pages/shared/map/${file}`, import.meta.url), 'utf8')).toBe(text);
  }
}, GENERATED_WITHIN_MS);

test('the outline costs a phone no more than 12 KB', () => {
  const file = readFileSync(new URL('../pages/shared/map/outline.js', import.meta.url));
  expect(gzipSync(file).length).toBeLessThanOrEqual(12 * 1024);
  expect(OUTLINE).toMatch(/^(M\d+ \d+l[-\d ]+z)+$/);
});

test('every NOC with a country has its place inside the frame, and the two without have none', () => {
  const homeless = roster.map(([code]) => code).filter((code) => !PLACES[code]);
  expect(homeless).toEqual(['EOR', 'AIN']);
  expect(places).toHaveLength(206);
  for (const [code, [x, y]] of places) {
    expect(x > 0 && x < WIDTH && y > 0 && y < HEIGHT, code).toBe(true);
  }
});

test('no place covers another, not in Europe, the Caribbean or the Pacific', () => {
  for (const [one, [x, y]] of places) {
    const near = places.filter(([code, at]) => code !== one && Math.hypot(at[0] - x, at[1] - y) < GAP);
    expect(near.map(([code]) => code), one).toEqual([]);
  }
});

test('neighbours stand where everyone looks for them', () => {
  const [x, y] = [0, 1];
  const order = (/** @type {number} */ axis, /** @type {string[]} */ ...codes) =>
    [...codes].sort((one, other) => (PLACES[one]?.[axis] ?? NaN) - (PLACES[other]?.[axis] ?? NaN));
  for (const row of [['USA', 'IRL', 'GBR', 'NED', 'GER', 'POL', 'UKR', 'CHN', 'JPN', 'NZL'], ['POR', 'ESP', 'ITA', 'GRE']]) {
    expect(order(x, ...row)).toEqual(row);
  }
  for (const column of [['SWE', 'GER', 'AUT', 'ITA', 'TUN', 'RSA'], ['USA', 'MEX', 'PER', 'CHI'], ['PRK', 'KOR', 'AUS']]) {
    expect(order(y, ...column)).toEqual(column);
  }
});

test('places on one point part, and those with room stay at home', () => {
  const frame = { width: 1000, height: 1000 };
  const [one, other, alone] = spread([[500, 500], [500, 500], [100, 900]], frame);
  expect(Math.hypot(one[0] - other[0], one[1] - other[1])).toBeGreaterThanOrEqual(GAP);
  expect(alone).toEqual([100, 900]);
});

test('every colour of the roster stands out from a dark and from a light ground, and changes only if it must', () => {
  for (const [code, , , color] of roster) {
    for (const ground of ['#0b0d12', '#f4f3ee']) {
      const [one, other] = [luminanceOf(tint(color, ground)), luminanceOf(ground)];
      expect((Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05), code).toBeGreaterThanOrEqual(3);
    }
  }
  expect(tint('#ff6a42', '#0b0d12')).toBe('#ff6a42');
});
