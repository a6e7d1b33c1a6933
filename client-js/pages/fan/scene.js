/**
 * What the upper half of the fan page shows: the own team's beat and rank, the world's total, the ranking.
 *
 * @import { Team } from '../../src/index.js'
 * @import { Place } from './ranking.js'
 */

import { rateOf } from '../../src/index.js';
import { byId, make } from '../shared/elements.js';
import { brief, exact, roughPerSecond } from '../shared/numbers.js';
import { fillOf, shareOf } from '../shared/scale.js';
import { paint } from '../shared/team.js';

/** The last quarter of a minute, at two bars a second. */
const TRACE_BARS = 30;
const RANKS = 10;

const trace = byId('trace');
const bars = Array.from({ length: TRACE_BARS }, () => make('i', ''));
trace.append(...bars);
/** @type {number[]} */
const heights = bars.map(() => 0);

const rows = Array.from({ length: RANKS }, () => makeRow());
byId('ranking').append(...rows.map(({ row }) => row));

/** @param {Team} team */
export function paintTeam(team) {
  byId('flag').textContent = team.flag;
  byId('name').textContent = team.name;
  paint(byId('pad'), team);
}

/**
 * One more bar of the own team's beat.
 *
 * @param {number} level
 * @param {number} part of it that is still shown
 * @param {boolean} isHeld
 */
export function beatOnce(level, part, isHeld) {
  heights.shift();
  heights.push(fillOf(level * part));
  bars.forEach((bar, at) => (bar.style.transform = `scaleY(${heights[at]})`));
  byId('rate').textContent = roughPerSecond(rateOf(level) * part);
  byId('team').toggleAttribute('data-held', isHeld);
}

/**
 * @param {Place[]} places all of them, by rank
 * @param {string | undefined} own the code of the own team
 */
export function paintRanking(places, own) {
  byId('world').textContent = exact(places.reduce((sum, { total }) => sum + total, 0));
  const leader = rateOf(places[0]?.level ?? 0);
  rows.forEach(({ row, rank, flag, name, bar, total }, at) => {
    const place = places[at];
    row.hidden = place === undefined;
    if (place === undefined) return;
    row.classList.toggle('own', place.team.code === own);
    rank.textContent = String(place.rank);
    flag.textContent = place.team.flag;
    name.textContent = place.team.name;
    bar.style.transform = `scaleX(${shareOf(rateOf(place.level), leader)})`;
    total.textContent = brief(place.total);
  });
  const mine = places.find(({ team }) => team.code === own);
  byId('rank').textContent = mine ? `#${mine.rank}` : '–';
  byId('total').textContent = mine ? exact(mine.total) : '–';
}

function makeRow() {
  const row = make('li', '');
  const [rank, flag, name, total] = ['rank', 'flag', 'name', 'total'].map((part) => make('span', part));
  const track = make('span', 'bar');
  const bar = make('i', '');
  track.append(bar);
  row.append(rank, flag, name, track, total);
  return { row, rank, flag, name, bar, total };
}
