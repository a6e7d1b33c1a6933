import { describe, expect, test } from 'vitest';

import { address } from '../src/address.js';
import { backoff } from '../src/backoff.js';
import { endOf, retryAfter } from '../src/closing.js';

describe('backoff', () => {
  test('draws from a span that doubles from half a second to half a minute', () => {
    const spans = Array.from({ length: 9 }, (_, tries) => backoff(tries, () => 1));
    expect(spans).toEqual([500, 1000, 2000, 4000, 8000, 16_000, 30_000, 30_000, 30_000]);
  });

  test('draws from all of the span, so that clients do not come back as one', () => {
    expect([0, 0.25, 0.75].map((drawn) => backoff(3, () => drawn))).toEqual([0, 1000, 3000]);
  });

  test('never ends, however often it is asked', () => {
    expect(backoff(1e6, () => 1)).toBe(30_000);
  });
});

describe('close codes', () => {
  const come = [1000, 1001, 1005, 1006, 1008, 1011, 1012, 1013, 1015, 3000, 4000, 4401, 4408, 4429, 4499, 5000];
  test.each(come)('%i means come back', (code) => expect(endOf(code)).toBeUndefined());

  const stay = [1002, 1003, 1007, 1009, 4500, 4501, 4503, 4504, 4509, 4510, 4777, 4999];
  test.each(stay)('%i means stay away, and says what to do', (code) => {
    const [cause, advice] = endOf(code) ?? [];
    expect(cause).toMatch(/^[a-z_]+$/);
    expect(advice).not.toBe('');
  });

  test.each([
    [1012, '{"retry_ms":1500}', 1500],
    [1013, '{"retry_ms":1500}', 1500],
    [1006, '{"retry_ms":1500}', 0],
    [1012, '', 0],
    [1012, 'null', 0],
    [1012, '{"retry_ms":-5}', 0],
    [1012, '{"retry_ms":"soon"}', 0],
    [1012, '{"retry_ms":1e300}', 300_000],
  ])('%i with %j asks for %i ms', (code, reason, ms) => expect(retryAfter(code, reason)).toBe(ms));
});

test.each([
  ['wss://cheer.test', 'wss://cheer.test/v1/x?session=a%26b'],
  ['https://cheer.test/', 'wss://cheer.test/v1/x?session=a%26b'],
  ['http://127.0.0.1:80/any/page', 'ws://127.0.0.1/v1/x?session=a%26b'],
])('sockets of %s are at %s', (origin, url) => {
  expect(address(origin, 'ws', '/v1/x', { session: 'a&b', top: undefined })).toBe(url);
});
