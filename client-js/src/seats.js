/**
 * Teams by code, as people name them, and by number, as the wire does: their seats in the roster, once that is known.
 *
 * @import { Record } from './codec.js'
 * @import { Team } from './roster.js'
 * @import { Entry } from './taps.js'
 */
export class Seats {
  /** @type {string | null} the tag of the roster; null until it is known */
  tag = null;
  /** @type {readonly Team[]} */
  teams = [];
  /** @type {Map<string, number>} */
  #indexes = new Map();

  /**
   * @param {string} tag
   * @param {readonly Team[]} teams
   */
  fill(tag, teams) {
    this.tag = tag;
    this.teams = teams;
    this.#indexes = new Map(teams.map(({ code }, index) => [code, index]));
  }

  /** @param {string} team whether it may have a seat: before the roster is known, any may */
  has(team) {
    return this.tag === null || this.#indexes.has(team);
  }

  /**
   * @param {Entry[]} entries
   * @returns {Record[]} of teams that have a seat: before the roster is known, none
   */
  records(entries) {
    return entries.flatMap(([team, total]) => {
      const index = this.#indexes.get(team);
      return index === undefined ? [] : [[index, total]];
    });
  }

  /**
   * @param {Record[]} records
   * @returns {Entry[]} of teams that are known here
   */
  entries(records) {
    return records.filter(([index]) => index in this.teams).map(([index, total]) => [this.teams[index].code, total]);
  }
}
