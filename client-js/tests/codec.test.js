import { readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

import { decode, encodeBase, encodeCheer } from '../src/codec.js';
import { levelOf, rateOf } from '../src/level.js';
import { bytesOf, delta, hexOf, key, marks } from './support/wire.js';

/** The vectors that the Rust codec passes too. */
const vectors = JSON.parse(
  readFileSync(new URL('../../server/protocol/vectors/frames.json', import.meta.url), 'utf8'),
);

/** @param {string} hex what a decoded frame is in the words of the vectors */
function inWords(hex) {
  const frame = decode(bytesOf(hex));
  if (frame.type === 'MARKS') return frame;
  const { number, flags, levels, ...rest } = frame;
  const names = Object.entries(flags).flatMap(([name, isSet]) => (isSet ? [name] : []));
  const inOrder = levels instanceof Uint8Array ? [...levels] : Object.fromEntries(levels);
  return { ...rest, beat: number, flags: names, levels: inOrder };
}

describe('golden vectors', () => {
  /** @type {{ [type: string]: typeof encodeCheer }} */
  const encoders = { CHEER: encodeCheer, BASE: encodeBase };

  test.for(vectors.good)('$name', ({ name: _, hex, type, ...meaning }) => {
    if (type in encoders) expect(hexOf(encoders[type](meaning.records))).toBe(hex);
    else expect(inWords(hex)).toEqual({ type, ...meaning });
  });

  test.for(vectors.levels)('$taps_per_second taps per second are level $level', ({ taps_per_second, level }) => {
    expect(levelOf(taps_per_second)).toBe(level);
  });
});

test('a level turned back into a rate is the same level again', () => {
  for (let level = 0; level <= 255; level++) expect(levelOf(rateOf(level))).toBe(level);
});

describe('never said to a server', () => {
  test.each([0, 9])('%i records in a frame', (count) => {
    expect(() => encodeCheer(Array.from({ length: count }, (_, team) => [team, 1]))).toThrow(RangeError);
  });
});

describe('refused from a server', () => {
  test.each([
    ['nothing', '', 'bounds'],
    ['an unknown type', '7f00', 'type 127'],
    ["a client's own type", '01000001000000', 'type 1'],
    ['a cadence of 0', '81' + '00' + '00000000' + '00' + '0000', 'cadence 0'],
    ['a cadence of 81', '81' + '00' + '00000000' + '51' + '0000', 'cadence 81'],
    ['a varint longer than it need be', '81000000000005' + '0100' + '00' + '8000', 'long varint'],
    ['a varint of 2^53', '81000000000005' + '0100' + '00' + '8080808080808010', 'large varint'],
    ['a varint of nine bytes', '81000000000005' + '0100' + '00' + 'ffffffffffffffff01', 'large varint'],
    ['a gap beyond the last team', '82000000000005' + '00000000' + '80800421', 'team 65536'],
    ['a gap without its level', '82000000000005' + '00000000' + '00', 'bounds'],
    ['MARKS without a record', '83', '0 records'],
    ['nine records in MARKS', '83' + '000001000000'.repeat(9), '9 records'],
  ])('%s', (_, hex, why) => {
    expect(() => decode(bytesOf(hex))).toThrow(RangeError);
    expect(() => decode(bytesOf(hex))).toThrow(why);
  });

  test.each([
    ['KEY', key({ number: 9, levels: [1, 2, 3], totals: [1, 300, 2 ** 40] })],
    ['MARKS', marks([[1, 2]])],
    ['head of a DELTA', delta({ number: 9, key: 1 })],
  ])('a %s cut short anywhere', (_, whole) => {
    for (let end = 0; end < whole.byteLength; end++) expect(() => decode(whole.slice(0, end))).toThrow(RangeError);
    expect(() => decode(whole)).not.toThrow();
  });

  test('anything after a KEY', () => {
    const whole = hexOf(key({ number: 9, levels: [1] }));
    expect(() => decode(bytesOf(whole + '00'))).toThrow(RangeError);
  });
});
