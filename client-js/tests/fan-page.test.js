import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';

import { moment, seconds, ServerClock, untilThen } from '../pages/fan/countdown.js';
import { HELD_TAPS_PER_SECOND, Hold } from '../pages/fan/hold.js';
import { canTap, standingOf } from '../pages/fan/standing.js';

describe('where a fan stands', () => {
  /** @type {import('../pages/fan/standing.js').Known} */
  const fine = { event: 'open', hasTeam: true, link: { name: 'live' }, wasLive: true, isOnline: true, isHeld: false };
  /** @param {import('../src/index.js').Cause} cause */
  const closed = (cause) => ({ name: /** @type {const} */ ('closed'), cause, code: 0, reason: '', advice: '' });
  /** @param {number} code */
  const waiting = (code) => ({ name: /** @type {const} */ ('waiting'), until: 0, code, reason: '' });

  test.each(/** @type {const} */ ([
    ['live', {}],
    ['held', { isHeld: true }],
    ['connecting', { link: { name: 'connecting' }, wasLive: false }],
    ['offline', { link: { name: 'connecting' }, wasLive: false, isOnline: false }],
    ['offline', { link: { name: 'connecting' } }],
    ['offline', { link: waiting(1006) }],
    ['full', { link: waiting(1013) }],
    ['choose', { hasTeam: false }],
    ['early', { event: 'scheduled' }],
    ['early', { event: 'scheduled', link: waiting(1006) }],
    ['ended', { event: 'closed' }],
    ['ended', { link: closed('event_closed') }],
    ['taken', { link: closed('taken_over') }],
    ['ticket', { link: closed('ticket_invalid') }],
    ['refused', { link: closed('not_allowed') }],
    ['missing', { link: closed('no_such_event'), hasTeam: false }],
    ['outdated', { link: closed('outdated') }],
  ]))('%s: %j', (standing, known) => expect(standingOf({ ...fine, ...known })).toBe(standing));

  test('taps are taken wherever they may still count', () => {
    const all = /** @type {const} */ (['live', 'held', 'connecting', 'offline', 'full', 'early', 'ended', 'taken', 'choose']);
    expect(all.filter(canTap)).toEqual(['live', 'held', 'connecting', 'offline', 'full']);
  });
});

describe('holding', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  function held() {
    let taps = 0;
    const hold = new Hold(() => taps++);
    return { hold, taps: () => taps };
  }

  test('gives nothing to who has not asked for it', () => {
    const { hold, taps } = held();
    hold.press(1);
    vi.advanceTimersByTime(10_000);
    expect(taps()).toBe(0);
  });

  test('gives one finger’s rate, however many fingers and keys are down', () => {
    const { hold, taps } = held();
    hold.isOn = true;
    for (const what of [1, 2, ' ', 'Enter']) hold.press(what);
    vi.advanceTimersByTime(10_000);
    expect(taps()).toBe(10 * HELD_TAPS_PER_SECOND);
  });

  test('ends with the last finger, or when the page is left', () => {
    const { hold, taps } = held();
    hold.isOn = true;
    hold.press(1);
    hold.press(2);
    hold.release(1);
    vi.advanceTimersByTime(1_000);
    hold.release(2);
    vi.advanceTimersByTime(1_000);
    hold.press(3);
    hold.releaseAll();
    vi.advanceTimersByTime(1_000);
    expect([taps(), hold.isDown]).toEqual([HELD_TAPS_PER_SECOND, false]);
  });
});

describe('counting down', () => {
  test.each([
    [0, '00:00'],
    [-5_000, '00:00'],
    [1, '00:01'],
    [59_001, '01:00'],
    [3_600_000, '01:00:00'],
    [3_599_001, '01:00:00'],
    [47 * 3_600_000 + 61_000, '47:01:01'],
    [3 * 86_400_000, '3 days'],
  ])('%i ms is %s', (ms, words) => expect(untilThen(ms, 'en')).toBe(words));

  test('in the digits and the words of the language', () => {
    expect(untilThen(65_000, 'ar-EG')).toBe('٠١:٠٥');
    expect([seconds(8_100, 'de'), seconds(0, 'en')]).toEqual(['9 Sekunden', '1 second']);
    expect(moment(Date.UTC(2028, 6, 14, 19), 'fr')).toMatch(/14 juil/);
  });

  test('goes by the server’s clock: its quickest beat is the truest', () => {
    const clock = new ServerClock(1_000);
    expect(clock.at(50)).toBe(1_050);
    clock.hear(9_000, 100); // 300 ms on the way
    clock.hear(9_800, 600);
    clock.hear(10_300, 1_900);
    expect(clock.at(2_000)).toBe(11_200);
  });
});
