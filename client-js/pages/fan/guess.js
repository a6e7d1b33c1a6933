/**
 * Which team a fan who has chosen none most likely cheers for: their country's, by the browser's languages or its clock.
 *
 * @import { Team } from '../../src/index.js'
 */

import { regionOf } from '../shared/flag.js';
import { isCountry } from '../shared/names.js';

/** Browsers are sold and installed in it all over the world: it says nothing of where somebody is from. */
const SAYS_NOTHING = 'en-US';

/**
 * @param {readonly Team[]} teams
 * @param {readonly string[]} languages as `navigator.languages` has them
 * @param {() => Promise<string | undefined>} zoneCountry the country of the time zone, asked for only where it is needed
 * @returns {Promise<Team | undefined>}
 */
export async function guessTeam(teams, languages, zoneCountry) {
  /** @param {string | undefined} country */
  const teamOf = (country) =>
    country && teams.find(({ code, flag }) => regionOf(flag) === country && isCountry({ code, flag }));
  const spoken = languages.find((tag) => tag !== SAYS_NOTHING && countryOf(tag) !== undefined);
  const known = teamOf(spoken && countryOf(spoken)) || teamOf(await zoneCountry());
  return known || languages.map(countryOf).map(teamOf).find(Boolean) || undefined;
}

/** @param {string} tag such as `zh-Hant-TW` */
const countryOf = (tag) => /-([A-Z]{2})\b/.exec(tag)?.[1];

/** The country of the clock's time zone, from a table that only who needs a guess loads. */
export async function zoneCountry() {
  const { countryOfZone } = await import('./zones.js');
  return countryOfZone(Intl.DateTimeFormat().resolvedOptions().timeZone);
}
