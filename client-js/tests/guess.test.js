import { readFileSync } from 'node:fs';
import { expect, test, vi } from 'vitest';

import { guessTeam } from '../pages/fan/guess.js';
import { countryOfZone } from '../pages/fan/zones.js';

const [, ...rows] = readFileSync(new URL('../../server/roster/noc206.tsv', import.meta.url), 'utf8').trim().split('\n');
const roster = rows.map((row) => row.split('\t')).map(([code, name, flag, color]) => ({ code, name, flag, color }));

test.each([
  ['Asia/Tokyo', 'JP'],
  ['Asia/Calcutta', 'IN'],
  ['Asia/Kolkata', 'IN'],
  ['Europe/Kiev', 'UA'],
  ['Europe/Kyiv', 'UA'],
  ['Asia/Saigon', 'VN'],
  ['America/Argentina/Buenos_Aires', 'AR'],
  ['America/Indiana/Knox', 'US'],
  ['America/Sao_Paulo', 'BR'],
  ['Africa/Lagos', 'NG'],
  ['Europe/Berlin', 'DE'],
  ['Pacific/Auckland', 'NZ'],
])('%s is in %s', (zone, country) => expect(countryOfZone(zone)).toBe(country));

test.each(['UTC', 'Etc/GMT+1', 'JP', '', undefined])('%s is in no country', (zone) => {
  expect(countryOfZone(zone)).toBeUndefined();
});

test.each([
  ['a language with a country', ['ja-JP', 'ja'], 'DE', 'JPN'],
  ['a script in between', ['zh-Hant-TW'], undefined, 'TPE'],
  ['a language without a country: the clock knows it', ['fr'], 'SN', 'SEN'],
  ['American English is the default of the whole world', ['en-US', 'en'], 'BR', 'BRA'],
  ['and of America', ['en-US', 'en'], 'US', 'USA'],
  ['a later language', ['en-US', 'en', 'sv-SE'], 'DE', 'SWE'],
  ['nothing but American English', ['en-US'], undefined, 'USA'],
])('%s', async (_, languages, zone, code) => expect((await guessTeam(roster, languages, async () => zone))?.code).toBe(code));

test('the clock is asked only where the languages say nothing', async () => {
  const zone = vi.fn(async () => 'JP');
  expect((await guessTeam(roster, ['fr-SN'], zone))?.code).toBe('SEN');
  expect(zone).not.toHaveBeenCalled();
});

test('nobody is guessed to be for a club, or for a country without a team', async () => {
  const clubs = [{ code: 'PSG', name: 'Paris', flag: '🇫🇷' }];
  expect(await guessTeam(clubs, ['fr-FR'], async () => 'FR')).toBeUndefined();
  expect(await guessTeam(roster, ['fr-RE'], async () => undefined)).toBeUndefined();
});
