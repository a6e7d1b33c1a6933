/**
 * Moves places apart until none covers another, and no further from home than that takes.
 *
 * No chance in it: the same homes give the same places, whoever runs it.
 *
 * @import { Position } from 'geojson'
 */

/** Between two places, in units of the picture: a resting bubble, with air around it. */
export const GAP = 25;

/** From a place to the frame's edge. */
const EDGE = 14;

const ROUNDS = 1200;

/** The gap grows over so many rounds: neighbours who part slowly stay on the sides of each other where they were. */
const GROWING_ROUNDS = 600;

/** From here on nothing pulls home any more, so that every gap is kept in the end. */
const SETTLING_ROUND = 900;

/** The part of its way home that a place goes in a round. */
const HOMESICKNESS = 0.02;

/** Whole numbers are what is written down: rounding may take up to 0.71 from each end. */
const ROUNDING = 1.5;

/**
 * @param {Position[]} homes
 * @param {{ width: number, height: number }} frame
 * @returns {Position[]} whole numbers, at least GAP from each other
 */
export function spread(homes, { width, height }) {
  const places = homes.map(([x, y]) => [x, y]);
  for (let round = 0; round < ROUNDS; round++) {
    const pull = round < SETTLING_ROUND ? HOMESICKNESS : 0;
    const gap = (GAP + ROUNDING) * Math.min(1, round / GROWING_ROUNDS);
    places.forEach((place, at) => {
      place[0] += (homes[at][0] - place[0]) * pull;
      place[1] += (homes[at][1] - place[1]) * pull;
    });
    for (let a = 0; a < places.length; a++) for (let b = 0; b < a; b++) part(places[a], places[b], gap, a);
    for (const place of places) {
      place[0] = within(place[0], width);
      place[1] = within(place[1], height);
    }
  }
  return places.map((place) => place.map(Math.round));
}

/**
 * @param {Position} one
 * @param {Position} other
 * @param {number} gap
 * @param {number} turn which way to go where both stand on one point
 */
function part(one, other, gap, turn) {
  const [dx, dy] = [one[0] - other[0], one[1] - other[1]];
  const apart = Math.hypot(dx, dy);
  const missing = gap - apart;
  if (missing <= 0) return;
  const [x, y] = apart > 0 ? [dx / apart, dy / apart] : [Math.cos(turn), Math.sin(turn)];
  one[0] += (x * missing) / 2;
  one[1] += (y * missing) / 2;
  other[0] -= (x * missing) / 2;
  other[1] -= (y * missing) / 2;
}

/**
 * @param {number} value
 * @param {number} length
 */
const within = (value, length) => Math.min(length - EDGE, Math.max(EDGE, value));
