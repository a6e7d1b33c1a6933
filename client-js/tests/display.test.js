import { expect, test, vi } from 'vitest';

import { display } from '../src/index.js';
import { FakeWorld } from './support/world.js';

function screen() {
  const world = new FakeWorld();
  return { world, shown: display({ ...world, event: 'demo', top: 10 }) };
}

test('a display opens the feed, and is live with the first beat', () => {
  const { world, shown } = screen();
  const beat = vi.fn();
  shown.on('beat', beat);
  expect(world.line.url.href).toBe('wss://cheer.test/v1/events/demo/feed?top=10');
  expect(shown.state.name).toBe('connecting');
  world.line.deliver('{"beat":812}');
  expect(shown.state.name).toBe('live');
  expect(beat).toHaveBeenCalledWith({ beat: 812 });
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

test('what is no JSON is an error, and no more than that', () => {
  const { world, shown } = screen();
  const error = vi.fn();
  shown.on('error', error);
  world.line.deliver('{"beat":812}');
  world.line.deliver('<beat>');
  expect(error).toHaveBeenCalledOnce();
  expect(shown.state.name).toBe('live');
});

test('close() leaves nothing behind', () => {
  const { world, shown } = screen();
  shown.close();
  expect(world.line.closedWith).toBe(1000);
  expect(world.clock.timers + world.pageListeners.size).toBe(0);
});
