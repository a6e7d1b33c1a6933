import { expect, test } from 'vitest';

import { decode } from '../src/codec.js';
import { Picture } from '../src/picture.js';
import { delta, key } from './support/wire.js';

const BEAT_MS = 100;

/** A picture, and a way to show it a frame of the wire that arrives `late_ms` after its nominal time. */
function easel() {
  const picture = new Picture({ t0_ms: 0, beat_ms: BEAT_MS });
  /** @param {ArrayBuffer} bytes */
  const show = (bytes, late_ms = 0) => {
    const frame = /** @type {import('../src/codec.js').Key | import('../src/codec.js').Delta} */ (decode(bytes));
    return picture.take(frame.number * BEAT_MS + late_ms, frame);
  };
  return { picture, show };
}

test('a DELTA changes a copy of its KEY, never another DELTA', () => {
  const { show } = easel();
  show(key({ number: 800, levels: [1, 2, 3] }));
  expect([...(show(delta({ number: 805, key: 800, gaps: [[1, 99]] }))?.levels ?? [])]).toEqual([1, 99, 3]);
  expect([...(show(delta({ number: 810, key: 800, gaps: [[0, 50]] }))?.levels ?? [])]).toEqual([50, 2, 3]);
});

test('what a listener does to its levels harms no later beat', () => {
  const { show } = easel();
  show(key({ number: 800, levels: [1] }))?.levels.fill(77);
  expect([...(show(delta({ number: 805, key: 800 }))?.levels ?? [])]).toEqual([1]);
});

test('a DELTA of a KEY that is not at hand is ignored', () => {
  const { picture, show } = easel();
  expect(show(delta({ number: 1, key: 0 }))).toBeNull();
  show(key({ number: 800, levels: [1] }));
  expect(show(delta({ number: 905, key: 900 }))).toBeNull();
  picture.reconnect();
  expect(show(delta({ number: 905, key: 800 }))).toBeNull();
});

test('a DELTA of a team beyond its KEY is ignored', () => {
  const { show } = easel();
  show(key({ number: 800, levels: [1] }));
  expect(show(delta({ number: 805, key: 800, gaps: [[1, 5]] }))).toBeNull();
});

test('a repeated beat is shown again, an older one never', () => {
  const { show } = easel();
  show(key({ number: 800, levels: [1] }));
  expect(show(delta({ number: 800, key: 800, flags: 1 }))?.flags.stale).toBe(true);
  expect(show(key({ number: 799, levels: [1] }))).toBeNull();
});

test('another gateway starts with an older KEY: levels go on, totals do not fall back', () => {
  const { picture, show } = easel();
  show(key({ number: 800, levels: [1], totals: [500] }));
  picture.reconnect();
  expect(show(key({ number: 750, levels: [9], totals: [400] }))).toBeNull();
  expect(show(delta({ number: 805, key: 750 }))).toMatchObject({ levels: Uint8Array.of(9), totals: [500] });
});

test('age is told relative to the quickest arrival, whatever the clocks say', () => {
  const { show } = easel();
  const hours_ms = 3_600_000;
  expect(show(key({ number: 800, levels: [1] }), hours_ms + 80)?.age_ms).toBe(0);
  expect(show(delta({ number: 805, key: 800 }), hours_ms + 30)?.age_ms).toBe(0);
  expect(show(delta({ number: 810, key: 800 }), hours_ms + 230)?.age_ms).toBe(200);
});
