import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';

import { hasColor, needsBadge, regionOf } from '../pages/shared/flag.js';
import { teamName, teamNames } from '../pages/shared/names.js';
import { NOCS } from '../pages/shared/nocs.js';

const [, ...rows] = readFileSync(new URL('../../server/roster/noc206.tsv', import.meta.url), 'utf8').trim().split('\n');
const roster = rows.map((row) => row.split('\t')).map(([code, name, flag, color]) => ({ code, name, flag, color }));
const LANGUAGES = ['en', 'fr', 'es', 'de', 'ja', 'zh', 'ar', 'pt', 'hi'];

/** @param {string} code */
const team = (code) => /** @type {typeof roster[0]} */ (roster.find((row) => row.code === code));

test('the table of committees says of each country what the roster says', () => {
  const fromRoster = roster.flatMap(({ code, flag }) => (regionOf(flag) ? [code + regionOf(flag)] : []));
  expect(NOCS.split(' ')).toEqual(fromRoster.sort());
});

test('a flag emoji spells its country', () => {
  expect(['🇯🇵', '🇽🇰', '🏳️', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '', '🦁'].map(regionOf)).toEqual(['JP', 'XK', ...Array(4).fill(undefined)]);
});

test.each([
  ['TPE', 'en', 'Chinese Taipei'],
  ['TPE', 'zh', '中华台北'],
  ['HKG', 'fr', 'Hong Kong, Chine'],
  ['KOR', 'de', 'Republik Korea'],
  ['PRK', 'en', 'DPR Korea'],
  ['GBR', 'es', 'Gran Bretaña'],
  ['EOR', 'ja', '難民選手団'],
  ['AIN', 'en-AU', 'Individual Neutral Athletes'],
  ['JPN', 'de', 'Japan'],
  ['JPN', 'ar', 'اليابان'],
  ['GER', 'hi', 'जर्मनी'],
  ['SUI', 'fr-CA', 'Suisse'],
])('%s in %s is %s', (code, locale, name) => expect(teamName(team(code), locale)).toBe(name));

test.each(LANGUAGES)('every team has a name of its own in %s', (locale) => {
  const names = roster.map((row) => teamName(row, locale));
  expect(names.every((name) => name.length > 1)).toBe(true);
  expect(new Set(names).size).toBe(roster.length);
});

test('a club or an athlete keeps its name, whatever flag it flies', () => {
  expect(teamName({ code: 'PSG', name: 'Paris Saint-Germain', flag: '🇫🇷' }, 'ja')).toBe('Paris Saint-Germain');
  expect(teamName({ code: 'BAR', name: 'FC Barcelona', flag: '🇪🇸' }, 'fr')).toBe('FC Barcelona');
  expect(teamName({ code: 'ENG', name: 'England', flag: '🏴󠁧󠁢󠁥󠁮󠁧󠁿' }, 'fr')).toBe('England');
  expect(teamName({ code: 'EOR', name: 'Eor United', flag: '🇳🇱' }, 'fr')).toBe('Eor United');
});

test('a language nobody speaks falls back to the roster', () => {
  expect(teamName(team('JPN'), 'not a locale')).toBe('Japan');
});

test('a team is found by each of its names', () => {
  expect(teamNames(team('KOR'), 'en')).toEqual(['Republic of Korea', 'South Korea', 'KOR']);
  expect(teamNames(team('JPN'), 'ja')).toEqual(['日本', 'Japan', 'JPN']);
});

test('a badge stands for what the platform cannot draw, for no flag, and for a white one', () => {
  const flags = ['🇯🇵', '🏴󠁧󠁢󠁥󠁮󠁧󠁿', '🏳️', '', '🦁'];
  expect(flags.map((flag) => needsBadge(flag, true))).toEqual([false, false, true, true, false]);
  expect(flags.map((flag) => needsBadge(flag, false))).toEqual([true, true, true, true, false]);
});

test('black letters are no flag, their fringes neither', () => {
  expect(hasColor([0, 0, 0, 255, 40, 0, 30, 255, 255, 0, 0, 20])).toBe(false);
  expect(hasColor([0, 0, 0, 255, 0, 38, 150, 255])).toBe(true);
});
