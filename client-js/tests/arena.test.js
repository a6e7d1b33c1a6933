import { expect, test } from 'vitest';

import { asked, AskedError, wordsOf } from '../pages/arena/asked.js';
import { Crowd } from '../pages/arena/crowd.js';
import { Heart, MAX_HZ, Pace, Spring } from '../pages/arena/motion.js';
import { startsHidden } from '../pages/arena/playout.js';
import { SCENES } from '../pages/arena/scenes/index.js';
import { wallWords } from '../pages/arena/words.js';

/** @import { FeedBeat } from '../src/index.js' */

const TEAMS = ['FRA', 'JPN', 'KEN'].map((code) => ({ code, name: code, flag: '' }));
const THERE = { scenes: Object.keys(SCENES), codes: TEAMS.map(({ code }) => code), lang: 'en' };

/**
 * @param {{ [code: string]: number }} rates
 * @param {Partial<FeedBeat>} [more]
 * @returns {FeedBeat}
 */
const beat = (rates, more = {}) => ({
  beat: 1,
  at_ms: 0,
  age_ms: 0,
  event: 'demo',
  state: 'open',
  flags: [],
  total: 99,
  rate: Object.values(rates).reduce((sum, rate) => sum + rate, 0),
  teams: Object.entries(rates).map(([code, rate], at) => ({ rank: at + 1, code, name: code, total: rate * 2 ** 30, rate, level: rate })),
  ...more,
});

test('the first beat is true at once, and the next ones are glided to', () => {
  const crowd = new Crowd(TEAMS);
  expect(crowd.at(0).phase).toBe('waiting');
  crowd.hear(beat({ JPN: 40, FRA: 10 }), 1_000);
  expect([...crowd.at(1_000).loud]).toEqual([10, 40, 0]);
  expect(crowd.at(1_000).told.order).toEqual([1, 0, 2]);
  crowd.hear(beat({ JPN: 100, FRA: 10 }), 1_100);
  const way = [1_100, 1_175, 1_250, 1_400].map((now) => Math.round(crowd.at(now).loud[1]));
  expect(way).toEqual([40, 70, 100, 100]);
});

test('a feed that falls silent is held for two seconds, fades in five, and is then told as unknown', () => {
  const crowd = new Crowd(TEAMS);
  for (let now = 0; now <= 1_000; now += 100) crowd.hear(beat({ JPN: 80 }), now);
  const seen = [1_000, 3_000, 5_500, 8_001].map((now) => {
    const { phase, loud, told } = crowd.at(now);
    return [phase, Math.round(loud[1]), told.order[0]];
  });
  expect(seen).toEqual([
    ['live', 80, 1],
    ['live', 80, 1],
    ['held', 40, 1],
    ['lost', 0, 1],
  ]);
});

test('a beat that is only repeated is silence too', () => {
  const crowd = new Crowd(TEAMS);
  crowd.hear(beat({ JPN: 80 }), 0);
  for (let now = 1_000; now <= 9_000; now += 1_000) crowd.hear(beat({ JPN: 80 }, { flags: ['stale'] }), now);
  expect(crowd.at(9_000)).toMatchObject({ phase: 'lost' });
});

test('a crowd that was lost comes back within a second, and not as a flash', () => {
  const crowd = new Crowd(TEAMS);
  crowd.hear(beat({ JPN: 80 }), 0);
  crowd.at(0);
  crowd.at(60_000);
  crowd.hear(beat({ JPN: 80 }), 60_016);
  const back = [60_016, 60_516, 61_016].map((now) => Math.round(crowd.at(now).loud[1]));
  expect(back[0]).toBeLessThan(5);
  expect(back[1]).toBeGreaterThan(30);
  expect(back[1]).toBeLessThan(50);
  expect(back[2]).toBe(80);
});

test('when all is over totals stand, to the last cheer, however long ago that was', () => {
  const crowd = new Crowd(TEAMS);
  crowd.hear(beat({ KEN: 3, JPN: 2 }, { flags: ['closed'] }), 0);
  const { phase, told, levels } = crowd.at(3_600_000);
  expect(phase).toBe('final');
  expect([...told.values]).toEqual([0, 2 * 2 ** 30, 3 * 2 ** 30]);
  expect(told.order).toEqual([2, 1, 0]);
  expect(levels[2]).toBeGreaterThan(levels[1]);
});

test('a team that is not on the roster asks for a newer roster', () => {
  const crowd = new Crowd(TEAMS);
  expect(crowd.hear(beat({ JPN: 1 }), 0)).toBe(true);
  expect(crowd.hear(beat({ NEW: 1 }), 100)).toBe(false);
});

test('a heart beats at most twice a second, whatever the level, and never jumps', () => {
  expect(MAX_HZ).toBeLessThan(3);
  for (const loudness of [0, 0.5, 1, 7]) {
    const heart = new Heart();
    let last = heart.beat(0, loudness);
    let turns = 0;
    let rises = true;
    for (let ms = 0; ms < 10_000; ms += 10) {
      const raised = heart.beat(10, loudness);
      expect(Math.abs(raised - last)).toBeLessThan(0.11);
      if (raised < last && rises) turns++;
      if (raised !== last) rises = raised > last;
      last = raised;
    }
    expect(turns).toBeLessThanOrEqual(MAX_HZ * 10);
    expect(turns).toBeGreaterThan(5);
  }
});

test('what moves never swings past where it belongs, and a long pause is not made up for', () => {
  const spring = new Spring(0, 400);
  for (let ms = 0; ms < 3_000; ms += 16) expect(spring.toward(1, 16)).toBeLessThanOrEqual(1.000_001);
  expect(spring.at).toBeCloseTo(1, 3);
  const pace = new Pace();
  expect([pace.step(0), pace.step(16), pace.step(60_000), pace.step(50_000)]).toEqual([0, 16, 100, 0]);
});

test.each([
  [{ scene: 'foo' }, /no scene “foo”.*wall, battle, ranking, map, pulse, ticker/],
  [{ team: 'XXX' }, /no team “XXX”.*FRA, JPN, KEN/],
  [{ teams: 'JPN' }, /two teams/],
  [{ teams: 'JPN,JPN' }, /two teams/],
  [{ top: '0' }, /top goes from 1 to 20/],
  [{ scale: 'big' }, /scale goes from 0.5 to 2/],
  [{ lang: 'no such' }, /no language/],
  [{ colours: 'JPN=red' }, /no colour/],
])('asked for %o it says what there is', (words, message) => {
  expect(() => asked(/** @type {any} */ (words), THERE)).toThrow(AskedError);
  expect(() => asked(/** @type {any} */ (words), THERE)).toThrow(message);
});

test('what is asked for is understood, in an address as in an update', () => {
  const wish = wordsOf('{"scene":"battle","teams":["jpn","FRA"],"colours":{"JPN":"#BB002C"},"top":5}');
  expect(asked(wish, THERE)).toMatchObject({
    scene: 'battle',
    teams: ['JPN', 'FRA'],
    colours: { JPN: '#bb002c' },
    top: 5,
    scale: 1,
    lang: 'en',
  });
  expect(asked({}, THERE)).toMatchObject({ scene: 'wall', teams: [], team: undefined, title: undefined });
  expect([wordsOf(''), wordsOf(undefined), wordsOf(null)]).toEqual([{}, {}, {}]);
  expect(() => wordsOf('scene: map')).toThrow(/JSON or templateData/);
});

test.each(['en', 'fr', 'es', 'de', 'ja', 'zh', 'ar', 'pt', 'hi'])('a wall has all its words in %s', (lang) => {
  const words = wallWords(`${lang}-XX`);
  expect(Object.values(words).filter(Boolean)).toHaveLength(7);
  expect(words.rehearsal === wallWords('en').rehearsal).toBe(lang === 'en');
});

test('a page is hidden at first in CasparCG, and visible in OBS, in vMix and on a wall', () => {
  const caspar = { remove() {} };
  const plain = {};
  expect(startsHidden({ overlay: true, autoplay: null, page: caspar })).toBe(true);
  expect(startsHidden({ overlay: true, autoplay: null, page: plain })).toBe(false);
  expect(startsHidden({ overlay: true, autoplay: '1', page: caspar })).toBe(false);
  expect(startsHidden({ overlay: true, autoplay: '0', page: plain })).toBe(true);
  expect(startsHidden({ overlay: false, autoplay: null, page: plain })).toBe(false);
});
