import { describe, expect, test } from 'vitest';

import { Batons } from '../src/baton.js';
import { fan } from './support/fan.js';
import { FakeShelf } from './support/tab.js';
import { heard, marks } from './support/wire.js';

const SESSION = 'first-session-of-22-ch';

/** A browser's storage, and fans on its pages, one after the other. */
function tab(session = new FakeShelf(), local = new FakeShelf()) {
  const storage = { session, local };
  let drawn = 0;
  return {
    session,
    page: (/** @type {Parameters<typeof fan>[0]} */ options = {}) =>
      // No id comes twice.
      fan({ storage, random: () => (++drawn * 0.618) % 1, ...options }),
    copy: () => tab(session.copy(), local),
  };
}

/** A fan who has tapped five times, and told it all. */
function settled(/** @type {ReturnType<typeof tab>} */ { page }) {
  const f = page();
  f.welcome();
  f.tap(5);
  f.pass(1_000);
  f.said();
  return f;
}

const cheer = (/** @type {[number, number][]} */ ...records) => ({ type: 'CHEER', records });
const base = (/** @type {[number, number][]} */ ...records) => ({ type: 'BASE', records });

describe('a page that is loaded again', () => {
  test('goes on in the session, with its totals', () => {
    const browser = tab();
    settled(browser).world.news('leaving');
    const again = browser.page();
    expect(again.world.line.url.searchParams.get('session')).toBe(SESSION);
    expect(again.client.total()).toBe(5);
    again.tap(1);
    again.welcome({ resumed: true });
    again.world.line.deliver(marks([[0, 5]]));
    expect(again.said()).toEqual([cheer([0, 6])]);
  });

  test('tells a gateway that does not know it all that any other may know', () => {
    const browser = tab();
    settled(browser).world.news('leaving');
    const again = browser.page();
    again.tap(1);
    again.welcome({ session: 'another-session-22-cha' });
    expect(again.said()).toEqual([base([0, 5]), cheer([0, 6])]);
  });

  test('tells what the page before it still owed', () => {
    const browser = tab();
    const f = browser.page();
    f.tap(3);
    f.world.news('leaving');
    const again = browser.page();
    again.welcome();
    expect(again.said()).toEqual([cheer([0, 3])]);
  });

  test.each([
    ['MARKS', true, [cheer([0, 6])]],
    ['BASE', false, [base([0, 5]), cheer([0, 6])]],
  ])('waits with its %s until it knows the numbers of the teams', async (_, resumed, said) => {
    const browser = tab();
    settled(browser).world.news('leaving');
    const again = browser.page({ info: undefined });
    again.world.answer = () => Response.json({ teams: ['JPN', 'FRA'].map((code) => ({ code, name: code, flag: '' })) });
    again.tap(1);
    again.welcome({ resumed });
    if (resumed) again.world.line.deliver(marks([[0, 5]]));
    again.beat();
    expect(again.said()).toEqual([]);
    await again.next('teams');
    expect(again.said()).toEqual(said);
  });

  test('is not granted what its session has already used up', () => {
    const browser = tab();
    const f = browser.page();
    f.tap(60);
    f.welcome({}, 80);
    f.world.news('leaving');
    expect(f.said()).toEqual([cheer([0, 5])]);
    const again = browser.page();
    again.welcome({ resumed: true }, 80);
    again.world.line.deliver(marks([[0, 5]]));
    expect(again.said()).toEqual([]);
    again.clock.advance(500);
    expect(again.said()).toEqual([]);
    again.pass(4_000, 80);
    expect(again.said()).toEqual([cheer([0, 60])]);
  });

  test('starts afresh where the browser keeps nothing', () => {
    const forbidden = () => {
      throw new Error('forbidden');
    };
    for (const storage of [null, { session: { getItem: forbidden, setItem: forbidden }, local: new FakeShelf() }]) {
      const f = fan({ storage });
      f.welcome();
      f.world.news('leaving');
      f.tap(1);
      expect(f.said()).toEqual([cheer([0, 1])]);
      expect(fan({ storage }).client.total()).toBe(0);
    }
  });
});

describe('two tabs never share a session', () => {
  test('a tab duplicated from one in use finds nothing', () => {
    const browser = tab();
    settled(browser);
    const copy = browser.copy().page();
    expect([copy.world.line.url.search, copy.client.total()]).toEqual(['', 0]);
  });

  test('a tab duplicated from one behind goes on in its place, and that one begins anew', () => {
    const browser = tab();
    const behind = settled(browser);
    behind.world.news('leaving');
    const copy = browser.copy().page();
    expect(copy.client.total()).toBe(5);

    behind.world.news('awake');
    expect(behind.client.state.name).toBe('waiting');
    behind.tap(2);
    behind.clock.advance(behind.wait_ms());
    expect(behind.world.line.url.search).toBe('');
    behind.welcome({ session: 'another-session-22-cha' });
    expect(behind.client.total()).toBe(7);
    expect(heardOnLastSocket(behind)).toEqual([base([0, 5]), cheer([0, 7])]);
  });

  test('one behind whose session the other has opened comes back with another', () => {
    const browser = tab();
    const behind = settled(browser);
    behind.world.news('leaving');
    browser.copy().page();
    behind.world.line.end(4509);
    expect(behind.client.state.name).toBe('waiting');
    behind.clock.advance(behind.wait_ms());
    expect(behind.world.line.url.search).toBe('');
  });

  test('a page that stays after all takes up what it left', () => {
    const browser = tab();
    const f = settled(browser);
    f.world.news('leaving');
    f.world.news('awake');
    f.tap(1);
    expect(f.said()).toEqual([cheer([0, 6])]);
    expect(browser.page().client.total()).toBe(0);
  });

  test('what lies there is told by nobody: a tap takes it up', () => {
    const browser = tab();
    const f = settled(browser);
    f.world.line.bufferedAmount = 1;
    f.tap(3);
    f.world.news('leaving');
    f.world.line.bufferedAmount = 0;
    f.pass(2_000);
    expect(f.said()).toEqual([]);
    f.tap(1);
    expect(f.said()).toEqual([cheer([0, 8])]);
  });
});

test('several clients of one page each leave theirs, and take up one each', () => {
  const shelf = { session: new FakeShelf(), local: new FakeShelf() };
  const batons = new Batons(shelf, 'key');
  const carried = { tapped: [], handed: [], base: [], room: 0 };
  for (const id of ['a', 'b']) expect(batons.lay({ id, ...carried })).toBe(true);
  expect([batons.take()?.id, batons.take()?.id, batons.take()]).toEqual(['a', 'b', undefined]);
});

test('what is kept stays small however often pages come and go', () => {
  const browser = tab();
  for (let n = 0; n < 500; n++) browser.page().world.news('leaving');
  expect(browser.session.getItem('beat:https://cheer.test/demo')?.length).toBeLessThan(1_000);
});

/** @param {ReturnType<typeof fan>} f */
function heardOnLastSocket(f) {
  // The reader of `said` has counted those of the socket before.
  const sent = [...f.world.line.sent];
  f.world.line.sent.length = 0;
  return sent.map(heard);
}
