/**
 * The order of teams by what a beat says of them: the one the display feed keeps.
 *
 * @import { Beat, Team } from '../../src/index.js'
 *
 * @typedef {{ rank: number, team: Team, level: number, total: number }} Place
 */

/**
 * @param {readonly Team[]} teams in the order of the roster
 * @param {Pick<Beat, 'levels' | 'totals'>} beat
 * @returns {Place[]} the loudest first; then the higher total, then by code
 */
export function ranking(teams, { levels, totals }) {
  return teams
    .map((team, index) => ({ team, level: levels[index] ?? 0, total: totals[index] ?? 0 }))
    .sort((a, b) => b.level - a.level || b.total - a.total || (a.team.code < b.team.code ? -1 : 1))
    .map((row, index) => ({ rank: index + 1, ...row }));
}
