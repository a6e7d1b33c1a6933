/**
 * What the page knows of the crowd, from ten beats a second to any instant between them.
 *
 * Values glide from beat to beat; when beats stay away they are held, let fade, and in the end not told at all; when
 * beats come back so do they, by themselves. Knows no socket and no drawing; time is an argument.
 *
 * @import { FeedBeat, Team } from '../../src/index.js'
 *
 * @typedef {'waiting' | 'scheduled' | 'live' | 'held' | 'lost' | 'final'} Phase
 *
 * @typedef {object} Frame the crowd at an instant; the same object each time
 * @property {Phase} phase
 * @property {boolean} isRehearsal
 * @property {Float32Array} levels by team
 * @property {Float32Array} loud by team: taps per second; totals once all is over
 * @property {Float64Array} totals by team
 * @property {number} total of all
 * @property {Reading} told
 *
 * @typedef {object} Reading what is written in figures: it stands still long enough to be read
 * @property {Float64Array} values by team: `loud` of a moment ago
 * @property {number} rate of all, taps per second
 * @property {number[]} order teams, the loudest first
 */

import { Glide } from '../../src/index.js';
import { isHeld, strength } from '../shared/calm.js';

/** From one beat to the next, and a little: a beat that is late does not stop what moves. */
const GLIDE_MS = 150;

/**
 * Figures that change faster cannot be read, from forty metres least of all, nor an overtaking be seen to its end. Both
 * are read at once, so that no figure stands below a smaller one.
 */
const READING_MS = 1_000;

/** Ten times as much is so many levels more, as in `src/level.js`. */
const LEVELS_PER_DECADE = 32;

/** How long a crowd that was lost takes to come back to full strength: quickly, but not as a flash. */
const RETURN_MS = 1_000;

export class Crowd {
  #teams;
  /** @type {Map<string, number>} */
  #index;
  #glide = new Glide(GLIDE_MS);
  /** Levels, then rates, then the rate of all. */
  #news;
  /** @type {FeedBeat | undefined} */
  #beat;
  #freshAt = -Infinity;
  #part = 0;
  #drawnAt = NaN;
  #readAt = -Infinity;
  /** @type {Frame} */
  #frame;

  /** @param {readonly Team[]} teams in the order of the roster */
  constructor(teams) {
    const count = teams.length;
    this.#teams = teams;
    this.#index = new Map(teams.map(({ code }, at) => [code, at]));
    this.#news = new Float32Array(2 * count + 1);
    this.#frame = {
      phase: 'waiting',
      isRehearsal: false,
      levels: new Float32Array(count),
      loud: new Float32Array(count),
      totals: new Float64Array(count),
      total: 0,
      told: { values: new Float64Array(count), rate: 0, order: [...teams.keys()] },
    };
  }

  /**
   * @param {FeedBeat} beat
   * @param {number} now
   * @returns {boolean} whether it knows all its teams; if not, the roster has grown
   */
  hear(beat, now) {
    const count = this.#teams.length;
    // What is seen first is true at once; only what was lost comes back by and by.
    if (this.#beat === undefined) [this.#part, this.#drawnAt, this.#readAt] = [1, now, -Infinity];
    this.#beat = beat;
    if (!beat.flags.includes('stale')) this.#freshAt = now;
    let isKnown = true;
    for (const { code, level, rate, total } of beat.teams) {
      const at = this.#index.get(code);
      if (at === undefined) isKnown = false;
      else [this.#news[at], this.#news[count + at], this.#frame.totals[at]] = [level, rate, total];
    }
    this.#news[2 * count] = beat.rate;
    this.#glide.toward(this.#news, now);
    return isKnown;
  }

  /**
   * @param {number} now
   * @returns {Frame}
   */
  at(now) {
    const frame = this.#frame;
    const silence_ms = now - this.#freshAt;
    frame.phase = this.#phase(silence_ms);
    frame.isRehearsal = this.#beat?.flags.includes('rehearsal') ?? false;
    frame.total = this.#beat?.total ?? 0;
    this.#fade(now, silence_ms);
    const rate = frame.phase === 'final' ? this.#final() : this.#between(now);
    if (this.#beat && now - this.#readAt >= READING_MS) {
      this.#readAt = now;
      this.#read(rate);
    }
    return frame;
  }

  /**
   * @param {number} silence_ms
   * @returns {Phase}
   */
  #phase(silence_ms) {
    if (this.#beat === undefined) return 'waiting';
    if (this.#beat.flags.includes('closed')) return 'final';
    if (strength(silence_ms) === 0) return 'lost';
    if (isHeld(silence_ms)) return 'held';
    return this.#beat.state === 'scheduled' ? 'scheduled' : 'live';
  }

  /**
   * @param {number} now
   * @param {number} silence_ms
   */
  #fade(now, silence_ms) {
    const step_ms = Math.max(0, now - this.#drawnAt) || 0;
    this.#drawnAt = now;
    this.#part = Math.min(strength(silence_ms), this.#part + step_ms / RETURN_MS);
  }

  /** @param {number} now */
  #between(now) {
    const { levels, loud } = this.#frame;
    const count = this.#teams.length;
    const stands = this.#glide.at(now);
    if (stands.length === 0) return 0;
    for (let at = 0; at < count; at++) {
      levels[at] = stands[at] * this.#part;
      loud[at] = stands[count + at] * this.#part;
    }
    return stands[2 * count] * this.#part;
  }

  /** What is left when all is over: how much each has cheered, on the same scales. */
  #final() {
    const { levels, loud, totals } = this.#frame;
    for (let at = 0; at < totals.length; at++) {
      // The scale of levels, without its end: a total may be a thousand times as large as any rate.
      levels[at] = LEVELS_PER_DECADE * Math.log10(1 + totals[at]);
      loud[at] = totals[at];
    }
    return 0;
  }

  /** @param {number} rate */
  #read(rate) {
    const { told, loud, totals, phase } = this.#frame;
    const teams = this.#teams;
    // Totals are exact beyond what a Float32 holds.
    told.values.set(phase === 'final' ? totals : loud);
    told.rate = rate;
    // Of a crowd that is lost the last order stands: all its values are none.
    if (phase === 'lost') return;
    told.order.sort(
      (a, b) => told.values[b] - told.values[a] || totals[b] - totals[a] || (teams[a].code < teams[b].code ? -1 : 1),
    );
  }
}
