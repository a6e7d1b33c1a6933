import { describe, expect, test, vi } from 'vitest';

import { FrameError, TapError } from '../src/index.js';
import { fan, INFO } from './support/fan.js';
import { delta, key, marks } from './support/wire.js';

const cheer = (/** @type {[number, number][]} */ ...records) => ({ type: 'CHEER', records });
const base = (/** @type {[number, number][]} */ ...records) => ({ type: 'BASE', records });

describe('connecting', () => {
  test('opens the fan socket of the event with the binary subprotocol and no session', () => {
    const { world } = fan();
    expect(world.line.url.href).toBe('wss://cheer.test/v1/events/demo/ws');
    expect(world.line.protocols).toEqual(['cheer.v1']);
    expect(world.line.binaryType).toBe('arraybuffer');
  });

  test('shows its ticket in a subprotocol of its own, the latest at each connect', () => {
    expect(fan({ ticket: () => 'Abc_-1' }).world.line.protocols).toEqual(['cheer.v1', 'ticket.Abc_-1']);
    const tickets = ['old', 'new', undefined];
    const { world, client, clock } = fan({ ticket: () => tickets.shift() });
    for (const expected of [['cheer.v1', 'ticket.old'], ['cheer.v1', 'ticket.new'], ['cheer.v1']]) {
      expect(world.line.protocols).toEqual(expected);
      expect(world.line.url.search).toBe('');
      world.line.end(4401);
      if (client.state.name === 'waiting') clock.advance(client.state.until - clock.now());
    }
  });

  test('is put off until it is asked for, while taps count already', () => {
    const f = fan({ start: false });
    f.tap(2);
    expect([f.client.state, f.world.sockets.length]).toEqual([{ name: 'idle' }, 0]);
    f.client.open();
    f.client.open();
    expect(f.world.sockets).toHaveLength(1);
    f.welcome();
    expect(f.said()).toEqual([cheer([0, 2])]);
  });

  test('a listener that throws harms neither the others nor the connection', async () => {
    const f = fan();
    const heard = vi.fn();
    const uncaught = new Promise((resolve) => process.once('unhandledRejection', resolve));
    f.client.on('welcome', () => {
      throw new Error('mine');
    });
    f.client.on('welcome', heard);
    f.welcome();
    f.tap(1);
    expect(heard).toHaveBeenCalledOnce();
    expect(f.said()).toEqual([cheer([0, 1])]);
    expect(String(await uncaught)).toMatch('mine');
  });

  test('a welcome makes it live and is passed on', () => {
    const { client, welcome } = fan();
    const heard = vi.fn();
    client.on('welcome', heard);
    expect(client.state).toEqual({ name: 'connecting' });
    welcome({ taps_per_second: 12 });
    expect(client.state).toEqual({ name: 'live' });
    expect(heard.mock.calls).toEqual([[expect.objectContaining({ event: 'demo', taps_per_second: 12 })]]);
  });

  test('a listener hears no more once it is unbound', () => {
    const { client, welcome } = fan();
    const heard = vi.fn();
    client.on('welcome', heard)();
    welcome();
    expect(heard).not.toHaveBeenCalled();
  });

  test('without a roster it asks for that of the welcome, and tells no tap before it is there', async () => {
    const f = fan({ info: undefined });
    f.world.answer = () => Response.json(INFO);
    f.tap(2, 'FRA');
    f.welcome();
    expect(f.said()).toEqual([]);
    await f.next('teams');
    expect(f.world.requests).toEqual(['https://cheer.test/v1/events/demo?roster=r1']);
    expect(f.said()).toEqual([cheer([1, 2])]);
  });

  test('a roster that has grown is asked for again', async () => {
    const f = fan();
    f.world.answer = () => Response.json({ teams: [...INFO.teams, { code: 'PER', name: 'Peru', flag: '' }] });
    f.welcome({ roster: 'r2' });
    await f.next('teams');
    expect(f.client.tap('PER')).toBe(true);
    expect(f.said()).toEqual([cheer([3, 1])]);
  });

  test('a roster that does not come is asked for on the next connection', async () => {
    const f = fan({ info: undefined });
    f.world.answer = () => new Response('', { status: 503 });
    f.welcome();
    expect(String(await f.next('error'))).toMatch('503');
    f.clock.advance(f.wait_ms());
    f.welcome();
    expect(f.world.requests).toHaveLength(2);
  });
});

describe('the cadence', () => {
  test('the first tap after a pause goes at once, the others together', () => {
    const f = fan();
    f.welcome();
    f.tap(1);
    expect(f.said()).toEqual([cheer([0, 1])]);
    f.tap(2);
    f.tap(1, 'FRA');
    f.clock.advance(249);
    expect(f.said()).toEqual([]);
    f.clock.advance(1);
    expect(f.said()).toEqual([cheer([0, 3], [1, 1])]);
    f.pass(1000);
    expect(f.said()).toEqual([]);
  });

  test('follows the server: 80 units are four seconds', () => {
    const f = fan();
    f.welcome({}, 80);
    f.tap(3);
    expect(f.said()).toEqual([cheer([0, 1])]);
    f.pass(3_999, 80);
    expect(f.said()).toEqual([]);
    f.pass(1, 80);
    expect(f.said()).toEqual([cheer([0, 3])]);
  });

  test('nothing is handed to a socket that has not sent the last', () => {
    const f = fan();
    f.welcome();
    f.world.line.bufferedAmount = 7;
    f.tap(3);
    f.pass(2_000);
    expect(f.said()).toEqual([]);
    f.world.line.bufferedAmount = 0;
    f.clock.advance(250);
    expect(f.said()).toEqual([cheer([0, 3])]);
  });

  test('a page that may be about to go tells what it still may', () => {
    const f = fan();
    f.welcome();
    f.tap(3);
    expect(f.said()).toEqual([cheer([0, 1])]);
    f.world.news('leaving');
    expect(f.said()).toEqual([cheer([0, 3])]);
  });
});

describe('coming back', () => {
  test('offers its session, and tells a gateway that knows it nothing but totals', () => {
    const f = fan();
    f.welcome();
    f.tap(1);
    f.reopen();
    expect(f.world.line.url.searchParams.get('session')).toBe('first-session-of-22-ch');
    f.tap(1);
    f.welcome({ resumed: true });
    expect(f.said()).toEqual([]);
    f.world.line.deliver(marks([[0, 1]]));
    expect(f.said()).toEqual([cheer([0, 2])]);
  });

  test('tells a gateway that does not know it a BASE first, even if a listener taps at the welcome', () => {
    const f = fan();
    f.welcome();
    f.tap(1);
    f.reopen();
    f.client.on('state', ({ name }) => void (name === 'live' && f.tap(1)));
    f.welcome({ session: 'another-session-22-cha' });
    expect(f.said()).toEqual([base([0, 1]), cheer([0, 2])]);
    f.reopen();
    expect(f.world.line.url.searchParams.get('session')).toBe('another-session-22-cha');
  });

  test('a tap told to the socket that broke is told again where marks lack it', () => {
    const f = fan();
    f.welcome();
    f.tap(1);
    f.clock.advance(250);
    f.tap(4);
    f.reopen();
    f.welcome({ resumed: true });
    f.world.line.deliver(marks([[0, 1]]));
    expect(f.said()).toEqual([cheer([0, 5])]);
  });

  test('after the last marks of a gateway nothing is said there, and they are the next BASE', () => {
    const f = fan();
    f.welcome();
    f.tap(3);
    f.said();
    f.world.line.deliver(marks([[0, 1]]));
    f.pass(2_000);
    expect(f.said()).toEqual([]);
    f.reopen(1012, '{"retry_ms":100}');
    f.welcome();
    expect(f.said()).toEqual([base([0, 1]), cheer([0, 3])]);
  });

  test('a session resumed without marks has lost all it was told, and is told again', () => {
    const f = fan();
    f.welcome();
    f.tap(2);
    f.reopen();
    f.welcome({ resumed: true });
    expect(f.said()).toEqual([]);
    f.beat();
    expect(f.said()).toEqual([cheer([0, 2])]);
  });

  test('a session resumed without marks after a BASE is given up for one that takes the same BASE', () => {
    const f = fan();
    f.welcome();
    f.tap(1);
    f.reopen();
    f.welcome();
    f.tap(1);
    f.reopen();
    f.welcome({ resumed: true });
    f.beat();
    expect(f.client.state.name).toBe('waiting');
    f.clock.advance(f.wait_ms());
    expect(f.world.line.url.search).toBe('');
    f.welcome();
    expect(f.said()).toEqual([base([0, 1]), cheer([0, 2])]);
  });
});

describe('what can be said of a team\'s taps', () => {
  test('told is what a socket was handed, owed is the rest, confirmed is the server\'s word', () => {
    const f = fan();
    const counted = vi.fn();
    f.client.on('counted', counted);
    f.welcome();
    f.tap(3);
    expect(counted.mock.calls).toEqual([[{ team: 'JPN', tapped: 1, told: 1, confirmed: 0, owed: 0 }]]);
    expect(f.client.counted()).toEqual({ team: 'JPN', tapped: 3, told: 1, confirmed: 0, owed: 2 });
    f.pass(250);
    expect(counted).toHaveBeenLastCalledWith({ team: 'JPN', tapped: 3, told: 3, confirmed: 0, owed: 0 });
    // The last frame was lost with its socket, and the server says so.
    f.reopen();
    f.welcome({ resumed: true });
    f.world.line.bufferedAmount = 1;
    f.world.line.deliver(marks([[0, 1]]));
    expect(counted).toHaveBeenLastCalledWith({ team: 'JPN', tapped: 3, told: 1, confirmed: 1, owed: 2 });
  });

  test('is nothing for a team that was never tapped', () => {
    expect(fan().client.counted('KEN')).toEqual({ team: 'KEN', tapped: 0, told: 0, confirmed: 0, owed: 0 });
  });
});

describe('refused taps', () => {
  test.each([
    ['for a team outside the roster', (/** @type {ReturnType<typeof fan>} */ f) => f.client.tap('XXX'), 'unknown_team XXX'],
    ['for no team', () => fan({ team: undefined }), 'no_team'],
  ])('%s', (_, act, why) => {
    const f = fan({ team: undefined });
    const error = vi.fn();
    f.client.on('error', error);
    act(f);
    expect(f.client.tap()).toBe(false);
    expect(error.mock.calls.map(([{ message }]) => message)).toContainEqual(expect.stringContaining(why));
  });

  test('for a closed connection', () => {
    const f = fan();
    const error = vi.fn();
    f.client.on('error', error);
    f.client.close();
    expect(f.client.tap()).toBe(false);
    expect(error.mock.calls[0][0]).toBeInstanceOf(TapError);
    expect(f.client.total()).toBe(0);
  });

  test('for a team that the roster turns out not to have, while the others count', async () => {
    const f = fan({ info: undefined });
    f.world.answer = () => Response.json(INFO);
    const error = vi.fn();
    f.client.on('error', error);
    f.tap(1, 'XXX');
    f.tap(1, 'JPN');
    f.welcome();
    await f.next('teams');
    expect(error.mock.calls.map(([{ message }]) => message)).toEqual(['unknown_team XXX: use a code of client.teams']);
    expect(f.said()).toEqual([cheer([0, 1])]);
  });
});

describe('beats', () => {
  test('are told whole: levels from KEY and DELTA, totals from the KEY, flags, cadence, age', () => {
    const f = fan();
    const heard = vi.fn();
    f.welcome();
    f.client.on('beat', heard);
    f.world.line.deliver(key({ number: 800, levels: [1, 2, 3], totals: [10, 20, 30] }));
    f.clock.advance(700);
    f.world.line.deliver(delta({ number: 805, key: 800, gaps: [[2, 9]], flags: 5, cadence: 10 }));
    expect(heard).toHaveBeenLastCalledWith({
      number: 805,
      flags: { stale: true, closed: false, rehearsal: true },
      levels: Uint8Array.of(1, 2, 9),
      totals: [10, 20, 30],
      cadence_ms: 500,
      age_ms: 200,
    });
  });

  test('that cannot be read are an error, and no more than that', () => {
    const f = fan();
    const error = vi.fn();
    f.client.on('error', error);
    f.welcome();
    f.world.line.deliver(new Uint8Array([0x81, 0]).buffer);
    f.world.line.deliver('{');
    expect(error.mock.calls.map(([{ code, advice }]) => [code, advice !== ''])).toEqual(Array(2).fill(['bad_frame', true]));
    expect(error.mock.calls[0][0]).toBeInstanceOf(FrameError);
    expect(f.client.state.name).toBe('live');
  });
});

test('close() tells what it may, ends the socket and leaves no timer and no listener behind', () => {
  const f = fan();
  f.welcome();
  f.tap(3);
  f.client.close();
  expect(f.said()).toEqual([cheer([0, 1]), cheer([0, 3])]);
  expect(f.world.line.closedWith).toBe(1000);
  expect(f.clock.timers).toBe(0);
  expect(f.world.pageListeners.size).toBe(0);
  expect(f.client.state).toMatchObject({ name: 'closed', cause: 'here', code: 1000 });
});
