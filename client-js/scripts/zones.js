/**
 * Writes `pages/fan/zones.js`: the country of each time zone, from the IANA database that the system has.
 *
 * `node scripts/zones.js`, with Debian's tzdata installed. Only countries that have a team of their own.
 */

import { readFileSync, writeFileSync } from 'node:fs';

import { NOCS } from '../pages/shared/nocs.js';

const FOLDER = '/usr/share/zoneinfo/';
const HOME = new URL('../pages/fan/zones.js', import.meta.url);
const WIDTH = 114;

/** Names that browsers go on telling, by the Unicode CLDR's rule that a name never changes. */
const FORMER = [
  ...['Asia/Calcutta', 'Asia/Katmandu', 'Asia/Rangoon', 'Asia/Saigon', 'Europe/Kiev', 'Africa/Asmera'],
  ...['Atlantic/Faeroe', 'America/Godthab', 'Pacific/Truk', 'Pacific/Ponape', 'Pacific/Enderbury'],
];

const withTeam = new Set(NOCS.split(' ').map((word) => word.slice(3)));

/** @param {string} file */
const linesOf = (file) => readFileSync(FOLDER + file, 'utf8').split('\n');

/** @type {Map<string, string>} */
const countries = new Map();
for (const [country, , zone] of linesOf('zone.tab').map((line) => line.split('\t'))) {
  if (zone && withTeam.has(country)) countries.set(zone, country);
}
for (const [kind, zone, name] of linesOf('tzdata.zi').map((line) => line.split(' '))) {
  const country = countries.get(zone);
  if (kind === 'L' && country && FORMER.includes(name)) countries.set(name, country);
}

/** @type {Map<string, Set<string>>} */
const cities = new Map();
for (const [zone, country] of countries) {
  const city = zone.slice(zone.lastIndexOf('/') + 1);
  cities.set(country, (cities.get(country) ?? new Set()).add(city));
}
const words = [...cities].sort().map(([country, names]) => [country, ...names].join(','));
const lines = [''];
for (const word of words) {
  if (lines[lines.length - 1].length + word.length > WIDTH) lines.push('');
  lines[lines.length - 1] += `${word} `;
}

writeFileSync(
  HOME,
  `/**
 * The country of each time zone: written by \`scripts/zones.js\` from the IANA time zone database (public domain).
 */

/** A country, then the last part of the name of each of its zones. */
const ZONES =
${lines.map((line) => `  '${line}'`).join(' +\n')};

/**
 * @param {string | undefined} zone such as \`Asia/Tokyo\`
 * @returns {string | undefined} ISO 3166-1 alpha-2
 */
export function countryOfZone(zone) {
  const city = zone?.slice(zone.lastIndexOf('/') + 1);
  if (!zone?.includes('/') || zone.startsWith('Etc/')) return undefined;
  return ZONES.split(' ').find((country) => country.split(',').indexOf(city ?? '') > 0)?.slice(0, 2);
}
`,
);
