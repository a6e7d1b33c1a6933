/**
 * The server's half of the wire, written plainly from PROTOCOL.md and apart from `src/codec.js`: a mistake made there
 * must not cancel out here.
 *
 * @typedef {[number, number][]} Records
 */

/** @param {string} hex */
export const bytesOf = (hex) => new Uint8Array((hex.match(/../g) ?? []).map((pair) => parseInt(pair, 16))).buffer;

/** @param {ArrayBuffer} bytes */
export const hexOf = (bytes) => Buffer.from(bytes).toString('hex');

/**
 * @param {{ number: number, levels: number[], totals?: number[], flags?: number, cadence?: number }} key
 */
export function key({ number, levels, totals = levels.map(() => 0), flags = 0, cadence = 5 }) {
  return frame(0x81, flags, ...u32(number), cadence, ...u16(levels.length), ...levels, ...totals.flatMap(varint));
}

/**
 * @param {{ number: number, key: number, gaps?: [gap: number, level: number][], flags?: number, cadence?: number }} delta
 */
export function delta({ number, key, gaps = [], flags = 0, cadence = 5 }) {
  const entries = gaps.flatMap(([gap, level]) => [...varint(gap), level]);
  return frame(0x82, flags, ...u32(number), cadence, ...u32(key), ...entries);
}

/** @param {Records} records */
export const marks = (records) =>
  frame(0x83, ...records.flatMap(([team, total]) => [...u16(team), ...u32(total)]));

/**
 * What a client has said.
 *
 * @param {ArrayBuffer} bytes
 * @returns {{ type: 'CHEER' | 'BASE', records: Records }}
 */
export function heard(bytes) {
  const buffer = Buffer.from(bytes);
  const type = { 1: /** @type {const} */ ('CHEER'), 2: /** @type {const} */ ('BASE') }[buffer[0]];
  if (type === undefined || buffer.length % 6 !== 1) throw new Error(`not a client's frame: ${hexOf(bytes)}`);
  /** @type {Records} */
  const records = [];
  for (let at = 1; at < buffer.length; at += 6) records.push([buffer.readUInt16LE(at), buffer.readUInt32LE(at + 2)]);
  return { type, records };
}

/** @param {number[]} bytes */
const frame = (...bytes) => new Uint8Array(bytes).buffer;

/** @param {number} value */
const u16 = (value) => [value & 0xff, value >> 8];

/** @param {number} value */
const u32 = (value) => [...u16(value & 0xffff), ...u16(value >>> 16)];

/**
 * @param {number} value
 * @returns {number[]}
 */
const varint = (value) => (value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]);
