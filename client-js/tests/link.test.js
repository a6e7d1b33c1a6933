import { describe, expect, test } from 'vitest';

import { fan } from './support/fan.js';

describe('a connection that ends', () => {
  test('is tried again after a draw from a span that doubles', () => {
    const f = fan({ random: () => 0.5 });
    const waits = [];
    for (let tries = 0; tries < 4; tries++) {
      f.world.line.end(1006);
      waits.push(f.wait_ms());
      f.clock.advance(f.wait_ms());
    }
    expect(waits).toEqual([250, 500, 1000, 2000]);
  });

  test('is a first failure again only after five seconds of life', () => {
    const f = fan({ random: () => 0.5 });
    f.welcome();
    f.world.line.end(1006);
    f.clock.advance(250);
    f.welcome();
    f.pass(4_999);
    f.world.line.end(1006);
    expect(f.wait_ms()).toBe(500);
    f.clock.advance(500);
    f.welcome();
    f.pass(5_000);
    f.world.line.end(1006);
    expect(f.wait_ms()).toBe(250);
  });

  test.each([1012, 1013])('by %i waits at least as long as the server asks', (code) => {
    const f = fan({ random: () => 0.5 });
    f.world.line.end(code, '{"retry_ms":7000}');
    expect(f.wait_ms()).toBe(7_250);
  });

  test('for good stays away, says why, and leaves nothing behind', () => {
    const f = fan();
    f.welcome();
    f.world.line.end(4510);
    expect(f.client.state).toMatchObject({ name: 'closed', code: 4510, advice: expect.stringMatching('tally') });
    expect(f.clock.timers).toBe(0);
    expect(f.world.pageListeners.size).toBe(0);
  });
});

describe('a silent server', () => {
  test('is given up after five seconds', () => {
    const f = fan();
    f.welcome();
    const [first] = f.world.sockets;
    f.clock.advance(4_999);
    expect(f.client.state.name).toBe('live');
    f.clock.advance(1);
    expect(f.client.state).toMatchObject({ name: 'waiting', reason: 'silence' });
    expect(first.closedWith).toBe(1000);
  });

  test('is not one that beats', () => {
    const f = fan();
    f.welcome();
    f.pass(60_000);
    expect(f.client.state.name).toBe('live');
    expect(f.world.sockets).toHaveLength(1);
  });

  test('that never greets is given up after ten', () => {
    const f = fan();
    f.clock.advance(9_999);
    expect(f.client.state.name).toBe('connecting');
    f.clock.advance(1);
    expect(f.client.state.name).toBe('waiting');
  });
});

test('a socket that was given up is not heard: neither its frames nor its 4509', () => {
  const f = fan();
  f.welcome();
  const [first] = f.world.sockets;
  f.clock.advance(5_000);
  f.clock.advance(f.wait_ms());
  first.deliver(JSON.stringify({ welcome: {} }));
  first.end(4509);
  expect(f.world.sockets).toHaveLength(2);
  expect(f.client.state.name).toBe('connecting');
});

test('4509 on the present socket means that another place goes on', () => {
  const f = fan();
  f.welcome();
  f.world.line.end(4509);
  expect(f.client.state).toMatchObject({ name: 'closed', code: 4509 });
});

describe('a page that wakes up', () => {
  test('tries again within a moment, jittered', () => {
    const f = fan({ random: () => 0.9 });
    for (let tries = 0; tries < 5; tries++) f.reopen();
    f.world.line.end(1006);
    expect(f.wait_ms()).toBeGreaterThan(10_000);
    f.world.news('awake');
    expect(f.wait_ms()).toBe(270);
    const before = f.world.sockets.length;
    f.clock.advance(270);
    expect(f.world.sockets).toHaveLength(before + 1);
  });

  test('does not put off a try by waking again and again', () => {
    const f = fan({ random: () => 0.9 });
    for (let tries = 0; tries < 5; tries++) f.reopen();
    f.world.line.end(1006);
    f.world.news('awake');
    f.clock.advance(200);
    f.world.news('awake');
    expect(f.wait_ms()).toBe(70);
  });

  test('does not come before the time a server asked for', () => {
    const f = fan();
    f.world.line.end(1013, '{"retry_ms":60000}');
    f.world.news('awake');
    expect(f.wait_ms()).toBe(60_000);
  });

  test('leaves a living connection alone', () => {
    const f = fan();
    f.welcome();
    f.clock.advance(3_000);
    f.world.news('awake');
    expect(f.client.state.name).toBe('live');
    f.clock.advance(2_000);
    expect(f.client.state.name).toBe('waiting');
  });
});
