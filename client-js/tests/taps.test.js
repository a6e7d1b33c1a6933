import { expect, test } from 'vitest';

import { Taps } from '../src/taps.js';

const CADENCE_MS = 250;
const terms = { resumed: false, taps_per_second: 16, teams_max: 8, team: null };

let now = 0;

/** A session in which `tapped` taps for JPN have been handed over, a second and more ago. */
function handed(/** @type {number} */ tapped) {
  const taps = new Taps();
  taps.welcome(0, terms);
  tap(taps, 'JPN', tapped);
  while (taps.isOwing) taps.cheer((now += 1000), CADENCE_MS);
  return taps;
}

/**
 * @param {Taps} taps
 * @param {string} team
 * @param {number} times
 */
function tap(taps, team, times) {
  for (let i = 0; i < times; i++) taps.tap(team);
}

/** @param {Taps} taps */
const cheer = (taps) => taps.cheer((now += 1000), CADENCE_MS);

test('a CHEER says running totals of the teams that have risen', () => {
  const taps = handed(3);
  tap(taps, 'FRA', 1);
  expect(cheer(taps)).toEqual([['FRA', 1]]);
  tap(taps, 'JPN', 1);
  expect(cheer(taps)).toEqual([['JPN', 4]]);
  expect(cheer(taps)).toEqual([]);
});

test('taps before a welcome are told after it', () => {
  const taps = new Taps();
  tap(taps, 'JPN', 2);
  expect(taps.isOwing).toBe(false);
  expect(taps.welcome(now, terms)).toEqual([]);
  expect(cheer(taps)).toEqual([['JPN', 2]]);
});

test('what is owed is caught up at the rate of a human, not at one blow', () => {
  const taps = handed(1);
  tap(taps, 'JPN', 500);
  const start = now + 60_000;
  let last = 0;
  for (let ms = 0; ms <= 10_000; ms += CADENCE_MS) last = taps.cheer(start + ms, CADENCE_MS)[0][1];
  expect(last - 1).toBeGreaterThanOrEqual(10 * 16);
  expect(last - 1).toBeLessThanOrEqual(10 * 16 + 5);
});

test('one pace is shared by all teams', () => {
  const taps = handed(1);
  for (const team of ['FRA', 'KEN', 'PER']) tap(taps, team, 4);
  const told = taps.cheer(now + 60_000, CADENCE_MS).reduce((sum, [, total]) => sum + total, 0);
  expect(told).toBe(5);
});

test('a slow cadence loses no tap of a quick thumb', () => {
  const taps = handed(1);
  tap(taps, 'JPN', 64);
  expect(taps.cheer(now + 4_000, 4_000)).toEqual([['JPN', 65]]);
});

test('even at the slowest cadence a session starts with no more than the server lets it', () => {
  const taps = new Taps();
  tap(taps, 'JPN', 100);
  taps.welcome(now, terms);
  expect(taps.cheer(now, 4_000)).toEqual([['JPN', 24]]);
});

test('a gateway that knows nothing is told a BASE of all that any gateway may know', () => {
  const taps = handed(7);
  taps.disconnect();
  tap(taps, 'JPN', 2);
  expect(taps.welcome(now, terms)).toEqual([['JPN', 7]]);
  expect(cheer(taps)).toEqual([['JPN', 9]]);
});

test('a resumed session waits for its marks, and tells again what they lack', () => {
  const taps = handed(7);
  taps.disconnect();
  expect(taps.welcome(now, { ...terms, resumed: true })).toEqual([]);
  expect(taps.isOwing).toBe(false);
  expect(cheer(taps)).toEqual([]);
  taps.marks([['JPN', 5]]);
  expect(cheer(taps)).toEqual([['JPN', 7]]);
});

test('a resumed session to which nothing was ever told has no marks to wait for', () => {
  const taps = new Taps();
  taps.welcome(now, terms);
  taps.disconnect();
  taps.welcome(now, { ...terms, resumed: true });
  tap(taps, 'JPN', 1);
  expect(cheer(taps)).toEqual([['JPN', 1]]);
});

test('a resumed session goes on at its pace, a new one starts afresh', () => {
  const taps = new Taps();
  tap(taps, 'JPN', 100);
  taps.welcome(now, terms);
  expect(taps.cheer(now, 4_000)).toEqual([['JPN', 24]]);
  taps.disconnect();
  taps.welcome(now, { ...terms, resumed: true });
  taps.marks([['JPN', 24]]);
  expect(taps.cheer(now, 4_000)).toEqual([]);
  taps.disconnect();
  taps.welcome(now, terms);
  expect(taps.cheer(now, 4_000)).toEqual([['JPN', 48]]);
});

test('the last marks of a gateway that stops end its session and are the next BASE', () => {
  const taps = handed(7);
  taps.marks([['JPN', 6]]);
  tap(taps, 'JPN', 1);
  expect(taps.isOwing).toBe(false);
  expect(cheer(taps)).toEqual([]);
  expect(taps.welcome(now, terms)).toEqual([['JPN', 6]]);
  expect(cheer(taps)).toEqual([['JPN', 8]]);
});

test('a ninth team is refused, the eight go on', () => {
  const taps = new Taps();
  for (const team of 'ABCDEFGH') tap(taps, team, 1);
  expect(taps.refusal('I')).toMatchObject({ code: 'too_many_teams', message: expect.stringMatching('teams 8') });
  expect(taps.refusal('A')).toBeNull();
});

test('a ticket for one team lets no other be tapped, nor told', () => {
  const taps = new Taps();
  tap(taps, 'FRA', 1);
  tap(taps, 'JPN', 1);
  taps.welcome(now, { ...terms, team: 'JPN' });
  expect(taps.refusal('FRA')).toMatchObject({ code: 'other_team', message: expect.stringMatching('other_team JPN') });
  expect(cheer(taps)).toEqual([['JPN', 1]]);
  expect(taps.isOwing).toBe(false);
});

test('what is owed is what no server was handed, with a session or without', () => {
  const taps = handed(3);
  expect(taps.owed).toBe(0);
  taps.disconnect();
  tap(taps, 'JPN', 2);
  tap(taps, 'FRA', 1);
  expect(taps.owed).toBe(3);
  taps.welcome(now, terms);
  cheer(taps);
  expect(taps.owed).toBe(0);
});
