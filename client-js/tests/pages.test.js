import { expect, test } from 'vitest';

import { isHeld, strength } from '../pages/shared/calm.js';
import { ranking } from '../pages/fan/ranking.js';
import { fillOf, shareOf } from '../pages/shared/scale.js';
import { inkOn } from '../pages/shared/team.js';

test('a silent wall holds for two seconds, then fades to nothing in five', () => {
  expect([0, 2_000, 4_500, 7_000, 60_000].map(strength)).toEqual([1, 1, 0.5, 0, 0]);
  expect([2_000, 2_001].map(isHeld)).toEqual([false, true]);
});

test('teams rank by level, then by total, then by code', () => {
  const teams = ['KEN', 'FRA', 'JPN', 'PER'].map((code) => ({ code, name: code, flag: '' }));
  const places = ranking(teams, { levels: Uint8Array.of(0, 0, 64, 0), totals: [5, 5, 1, 9] });
  expect(places.map(({ rank, team }) => `${rank} ${team.code}`)).toEqual(['1 JPN', '2 PER', '3 FRA', '4 KEN']);
});

test('a team that is newer than the last KEY ranks as silent', () => {
  const teams = ['KEN', 'NEW'].map((code) => ({ code, name: code, flag: '' }));
  expect(ranking(teams, { levels: Uint8Array.of(3), totals: [7] })[1]).toMatchObject({ level: 0, total: 0 });
});

test('a bar is full at 1,000 taps a second, or at the loudest', () => {
  expect([fillOf(0), fillOf(48), fillOf(96), fillOf(192)]).toEqual([0, 0.5, 1, 1]);
  expect(fillOf(96, 192)).toBe(0.5);
});

test('a ranking of silence divides nothing by nothing', () => {
  expect([shareOf(0, 0), shareOf(5, 10)]).toEqual([0, 0.5]);
});

test.each([
  ['#ffffff', '#000000'],
  ['#ffd000', '#000000'],
  ['#bc002d', '#ffffff'],
  ['#000000', '#ffffff'],
])('what is written on %s is %s', (color, ink) => expect(inkOn(color)).toBe(ink));
