/**
 * What the arena page shows: the loudest teams large and in order, all teams each at its place.
 *
 * Elements are made once per team and told only what has changed.
 *
 * @import { FeedTeam, Team } from '../../src/index.js'
 */

import { byId, make } from '../shared/elements.js';
import { briefPerSecond, exact } from '../shared/numbers.js';
import { fillOf, shareOf } from '../shared/scale.js';

const TOP = 10;

export class Wall {
  /** @type {Map<string, string>} */
  #flags;
  /** @type {Map<string, ReturnType<typeof makeTile>>} */
  #tiles;
  /** @type {Map<string, ReturnType<typeof makeRow>>} the loudest, by code */
  #rows = new Map();

  /** @param {readonly Team[]} teams in the order of the wall */
  constructor(teams) {
    this.#flags = new Map(teams.map(({ code, flag }) => [code, flag]));
    this.#tiles = new Map(teams.map((team) => [team.code, makeTile(team)]));
    byId('wall').append(...[...this.#tiles.values()].map(({ tile }) => tile));
  }

  /**
   * Who is among the loudest, where, and how loud. Not asked ten times a second, or nobody could follow.
   *
   * @param {readonly FeedTeam[]} teams by rank
   * @param {number} part of their rates that is still shown
   */
  order(teams, part) {
    const top = teams.slice(0, TOP);
    for (const [code, { row }] of this.#rows) {
      if (top.some((team) => team.code === code)) continue;
      row.remove();
      this.#rows.delete(code);
    }
    for (const team of top) {
      const { row, rank, rate } = this.#rows.get(team.code) ?? this.#addRow(team);
      rank.textContent = String(team.rank);
      rate.textContent = briefPerSecond(team.rate * part);
      row.style.setProperty('--place', String(team.rank - 1));
    }
  }

  /**
   * @param {readonly FeedTeam[]} teams by rank
   * @param {number} part of their levels and rates that is still shown
   */
  draw(teams, part) {
    const loudest = Math.max(...teams.map(({ level }) => level));
    for (const { code, level, rate, total } of teams) {
      this.#tiles.get(code)?.draw(fillOf(level * part, loudest));
      this.#rows.get(code)?.draw(shareOf(rate * part, teams[0].rate), total);
    }
  }

  /** @param {FeedTeam} team */
  #addRow(team) {
    const made = makeRow(team.name, this.#flags.get(team.code));
    this.#rows.set(team.code, made);
    byId('top').append(made.row);
    return made;
  }
}

/** @param {Team} team */
function makeTile({ code, name, flag }) {
  const tile = make('li', '');
  tile.title = name;
  tile.dataset.code = code;
  tile.append(make('span', 'fill'), make('span', 'flag', flag), make('span', 'code', code));
  let shown = '';
  /** @param {number} filled */
  const draw = (filled) => {
    const level = filled.toFixed(2);
    if (level !== shown) tile.style.setProperty('--filled', (shown = level));
  };
  return { tile, draw };
}

/**
 * @param {string} name
 * @param {string} [flag]
 */
function makeRow(name, flag) {
  const row = make('li', '');
  const [rank, rate, total, track] = ['rank', 'rate', 'total', 'track'].map((part) => make('span', part));
  track.append(make('span', 'fill'));
  row.append(rank, make('span', 'flag', flag), make('span', 'name', name), rate, track, total);
  /**
   * @param {number} filled
   * @param {number} cheers
   */
  const draw = (filled, cheers) => {
    row.style.setProperty('--filled', filled.toFixed(3));
    total.textContent = exact(cheers);
  };
  return { row, rank, rate, draw };
}
