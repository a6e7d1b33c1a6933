/**
 * What the fan page shows of teams: the own one and its numbers, the world's total, the ranking.
 *
 * An element is touched only where what it says has changed.
 *
 * @import { Team } from '../../src/index.js'
 * @import { Place } from './ranking.js'
 */

import { rateOf } from '../../src/index.js';
import { byId, make } from '../shared/elements.js';
import { showFlag } from '../shared/flag.js';
import { teamName } from '../shared/names.js';
import { brief, exact, roughly } from '../shared/numbers.js';
import { shareOf } from '../shared/scale.js';
import { paint } from '../shared/team.js';
import { reader, say } from './language.js';

const RANKS = 20;
const NOTHING = '–';

/** Letters of a name that fit one line of a small phone. */
const LONG = 16;

/** Every digit of it fits a small phone up to here. */
const MANY = 1e7;

/** @type {ReturnType<typeof makeRow>[]} */
const rows = Array.from({ length: RANKS }, makeRow);
byId('ranking').append(...rows.map(({ row }) => row));

/** @param {Team | undefined} team */
export function paintTeam(team) {
  byId('flag').hidden = team === undefined;
  if (team) showFlag(byId('flag'), team);
  const name = team ? teamName(team, reader.locale) : say('choose');
  put(byId('name'), name);
  byId('name').toggleAttribute('data-long', name.length > LONG);
  paint(document.documentElement, team);
}

/** @param {number | undefined} rate of the own team, taps per second */
export function paintRate(rate) {
  put(byId('rate'), rate === undefined ? NOTHING : say('perSecond', { n: roughly(rate) }));
}

/**
 * @param {Place[]} places all of them, by rank
 * @param {string | undefined} own the code of the own team
 */
export function paintRanking(places, own) {
  put(byId('world'), exact(worldTotal(places)));
  const leader = rateOf(places[0]?.level ?? 0);
  rows.forEach(({ row, rank, flag, name, bar, total }, at) => {
    const place = places[at];
    row.hidden = place === undefined || isSilent(place);
    if (row.hidden) return;
    row.classList.toggle('own', place.team.code === own);
    put(rank, exact(place.rank));
    const dressed = `${place.team.code} ${reader.locale}`;
    if (row.dataset.dressed !== dressed) {
      row.dataset.dressed = dressed;
      showFlag(flag, place.team);
      put(name, teamName(place.team, reader.locale));
    }
    bar.style.transform = `scaleX(${shareOf(rateOf(place.level), leader).toFixed(3)})`;
    put(total, brief(place.total));
  });
  // Who has not been heard at all has no rank worth a number.
  const mine = places.find((place) => place.team.code === own && !isSilent(place));
  put(byId('rank'), mine ? say('place', { n: exact(mine.rank) }) : NOTHING);
  put(byId('total'), mine ? (mine.total < MANY ? exact : brief)(mine.total) : NOTHING);
}

/** @param {Place} place */
const isSilent = ({ level, total }) => level === 0 && total === 0;

/** @param {Place[]} places */
export const worldTotal = (places) => places.reduce((sum, { total }) => sum + total, 0);

/**
 * The same words again would be laid out again, and some of them read out again.
 *
 * @param {HTMLElement} element
 * @param {string} words
 */
export function put(element, words) {
  if (element.textContent !== words) element.textContent = words;
}

function makeRow() {
  const row = make('li', '');
  const [rank, flag, name, total] = ['rank', 'flag', 'name', 'total'].map((part) => make('span', part));
  const track = make('span', 'bar');
  const bar = make('i', '');
  flag.ariaHidden = 'true';
  track.append(bar);
  row.append(rank, flag, name, track, total);
  row.hidden = true;
  return { row, rank, flag, name, bar, total };
}
