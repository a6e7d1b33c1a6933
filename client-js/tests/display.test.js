import { describe, expect, test, vi } from 'vitest';

import { display } from '../src/index.js';
import { FakeWorld } from './support/world.js';

/** A stream of server-sent events whose other end is the test. */
class FakeStream {
  /** @type {((event: any) => void) | null} */
  onmessage = null;
  /** @type {((event: any) => void) | null} */
  onerror = null;
  isClosed = false;

  /** @param {string} url */
  constructor(url) {
    this.url = url;
  }

  close() {
    this.isClosed = true;
  }
}

/** @param {Partial<Parameters<typeof display>[0]>} [options] */
function screen(options) {
  const world = new FakeWorld();
  /** @type {FakeStream[]} */
  const streams = [];
  const stream = (/** @type {string} */ url) => (streams.push(new FakeStream(url)), streams[streams.length - 1]);
  const shown = display({ ...world, event: 'demo', top: 10, stream, ...options });
  /** Waits until it tries again. */
  const again = () => {
    if (shown.state.name !== 'waiting') throw new Error(`it is ${shown.state.name}`);
    world.clock.advance(shown.state.until - world.clock.now());
  };
  return { world, streams, shown, again };
}

test('a display opens the feed, and is live with the first beat', () => {
  const { world, shown } = screen();
  const beat = vi.fn();
  shown.on('beat', beat);
  expect(world.line.url.href).toBe('wss://cheer.test/v1/events/demo/feed?top=10');
  expect(shown.state.name).toBe('connecting');
  world.line.deliver('{"beat":812,"at_ms":81200}');
  expect(shown.state.name).toBe('live');
  expect(beat).toHaveBeenCalledWith({ beat: 812, at_ms: 81_200, age_ms: 0 });
});

test('a display shows its ticket in the address, and the latest at each connect', () => {
  const tickets = ['old', 'new', undefined];
  const { world, streams, again } = screen({ top: undefined, ticket: () => tickets.shift() });
  expect(world.line.url.search).toBe('?ticket=old');
  world.line.end(4401);
  again();
  expect(new URL(streams[0].url).search).toBe('?ticket=new');
});

test('a beat is as old as it is later than the quickest', () => {
  const { world, shown } = screen();
  /** @type {number[]} */
  const ages = [];
  shown.on('beat', ({ age_ms }) => void ages.push(age_ms));
  for (const [passed_ms, at_ms] of [
    [0, 1_000],
    [250, 1_100],
    [0, 1_200],
    [20, 1_300],
  ]) {
    world.clock.advance(passed_ms);
    world.line.deliver(JSON.stringify({ beat: at_ms / 100, at_ms }));
  }
  expect(ages).toEqual([0, 150, 50, 0]);
});

test('a silent feed is given up, and the next one goes on', () => {
  const { world, shown } = screen();
  world.line.deliver('{"beat":812}');
  world.clock.advance(5_000);
  expect(shown.state.name).toBe('waiting');
  world.clock.advance(30_000);
  world.line.deliver('{"beat":900}');
  expect(shown.state.name).toBe('live');
});

describe('where no WebSocket gets through', () => {
  test('the feed comes as server-sent events', () => {
    const { world, streams, shown, again } = screen();
    world.line.end(1006);
    again();
    expect(streams.map(({ url }) => url)).toEqual(['https://cheer.test/v1/events/demo/feed?top=10']);
    streams[0].onmessage?.({ data: '{"beat":812,"at_ms":81200}' });
    expect(shown.state.name).toBe('live');
  });

  test('it is tried again once streams fail as well', () => {
    const { world, streams, again } = screen();
    world.line.end(1006);
    again();
    streams[0].onerror?.({});
    expect(streams[0].isClosed).toBe(true);
    again();
    expect([world.sockets.length, streams.length]).toEqual([2, 1]);
  });

  test('a stream that worked and breaks is followed by another', () => {
    const { world, streams, shown, again } = screen();
    world.line.end(1006);
    again();
    streams[0].onmessage?.({ data: '{"beat":812}' });
    streams[0].onerror?.({});
    expect(shown.state.name).toBe('waiting');
    again();
    expect([world.sockets.length, streams.length]).toEqual([1, 2]);
  });

  test('nor a greeting in ten seconds counts as one', () => {
    const { world, streams, again } = screen();
    world.clock.advance(10_000);
    again();
    expect(streams).toHaveLength(1);
  });

  test('and there are no streams, it is WebSocket again and again', () => {
    const { world, again } = screen({ stream: null });
    world.line.end(1006);
    again();
    expect(world.sockets).toHaveLength(2);
  });
});

test('one that worked and breaks is no reason for another way', () => {
  const { world, streams, again } = screen();
  world.line.deliver('{"beat":812}');
  world.line.end(1006);
  again();
  expect([world.sockets.length, streams.length]).toEqual([2, 0]);
});

test('what is no JSON is an error, and no more than that', () => {
  const { world, shown } = screen();
  const error = vi.fn();
  shown.on('error', error);
  world.line.deliver('{"beat":812}');
  world.line.deliver('<beat>');
  expect(error.mock.calls.map(([{ code }]) => code)).toEqual(['bad_frame']);
  expect(shown.state.name).toBe('live');
});

test('is idle until it is opened, where that was asked for', () => {
  const { world, shown } = screen({ start: false });
  expect([shown.state.name, world.sockets.length]).toEqual(['idle', 0]);
  shown.open();
  shown.open();
  expect([shown.state.name, world.sockets.length]).toEqual(['connecting', 1]);
});

test('close() leaves nothing behind', () => {
  const { world, shown } = screen();
  shown.close();
  expect(world.line.closedWith).toBe(1000);
  expect(world.clock.timers + world.pageListeners.size).toBe(0);
});
