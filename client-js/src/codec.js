/**
 * Bytes of the wire ⇄ frames, as `server/protocol/PROTOCOL.md` lays them out.
 *
 * Whatever is not exactly so laid out is refused with a `RangeError`. Knows nothing of sockets, sessions or the names
 * of teams: a team is its index in the roster.
 *
 * @typedef {[team: number, total: number]} Record
 * @typedef {{ stale: boolean, closed: boolean, rehearsal: boolean }} Flags
 * @typedef {{ flags: Flags, number: number, cadence_ms: number }} BeatHead
 * @typedef {BeatHead & { type: 'KEY', levels: Uint8Array, totals: number[] }} Key
 * @typedef {BeatHead & { type: 'DELTA', key: number, levels: [team: number, level: number][] }} Delta
 * @typedef {{ type: 'MARKS', records: Record[] }} Marks
 */

const CHEER = 0x01;
const BASE = 0x02;
const KEY = 0x81;
const DELTA = 0x82;
const MARKS = 0x83;

const RECORDS_MAX = 8;
const RECORD_BYTES = 6;
const TEAMS_MAX = 0x10000;
const CADENCE_UNIT_MS = 50;
const CADENCE_UNITS_MAX = 80;

/**
 * "I have tapped `total` times for `team`, ever."
 *
 * @param {Record[]} records 1 to 8
 */
export const encodeCheer = (records) => encodeRecords(CHEER, records);

/**
 * "This much was already sent elsewhere; count only what goes beyond."
 *
 * @param {Record[]} records 1 to 8
 */
export const encodeBase = (records) => encodeRecords(BASE, records);

/**
 * Reads one frame of the server.
 *
 * @param {ArrayBuffer} bytes
 * @returns {Key | Delta | Marks}
 * @throws {RangeError}
 */
export function decode(bytes) {
  const reader = new Reader(bytes);
  const type = reader.u8();
  switch (type) {
    case KEY:
      return decodeKey(reader);
    case DELTA:
      return decodeDelta(reader);
    case MARKS:
      return decodeMarks(reader);
    default:
      throw new RangeError(`frame type ${type}`);
  }
}

/**
 * @param {number} type
 * @param {Record[]} records
 */
function encodeRecords(type, records) {
  if (records.length < 1 || records.length > RECORDS_MAX) throw new RangeError(`${records.length} records`);
  const view = new DataView(new ArrayBuffer(1 + records.length * RECORD_BYTES));
  view.setUint8(0, type);
  records.forEach(([team, total], i) => {
    view.setUint16(1 + i * RECORD_BYTES, team, true);
    view.setUint32(3 + i * RECORD_BYTES, total, true);
  });
  return view.buffer;
}

/**
 * @param {Reader} reader
 * @returns {Key}
 */
function decodeKey(reader) {
  const head = decodeHead(reader);
  const teams = reader.u16();
  const levels = Uint8Array.from({ length: teams }, () => reader.u8());
  const totals = Array.from({ length: teams }, () => reader.varint());
  if (reader.left > 0) throw new RangeError(`${reader.left} bytes after a KEY`);
  return { type: 'KEY', ...head, levels, totals };
}

/**
 * @param {Reader} reader
 * @returns {Delta}
 */
function decodeDelta(reader) {
  const head = decodeHead(reader);
  const key = reader.u32();
  /** @type {Delta['levels']} */
  const levels = [];
  for (let team = 0; reader.left > 0; team++) {
    team += reader.varint();
    if (team >= TEAMS_MAX) throw new RangeError(`team ${team}`);
    levels.push([team, reader.u8()]);
  }
  return { type: 'DELTA', ...head, key, levels };
}

/**
 * @param {Reader} reader
 * @returns {Marks}
 */
function decodeMarks(reader) {
  const count = reader.left / RECORD_BYTES;
  if (count % 1 > 0 || count < 1 || count > RECORDS_MAX) throw new RangeError(`${count} records`);
  return { type: 'MARKS', records: Array.from({ length: count }, () => [reader.u16(), reader.u32()]) };
}

/**
 * @param {Reader} reader
 * @returns {BeatHead}
 */
function decodeHead(reader) {
  const bits = reader.u8();
  const number = reader.u32();
  const cadence = reader.u8();
  if (cadence < 1 || cadence > CADENCE_UNITS_MAX) throw new RangeError(`cadence ${cadence}`);
  return {
    flags: { stale: (bits & 1) > 0, closed: (bits & 2) > 0, rehearsal: (bits & 4) > 0 },
    number,
    cadence_ms: cadence * CADENCE_UNIT_MS,
  };
}

/** Walks once over a frame; running off its end is a `RangeError` of the view's own. */
class Reader {
  #view;
  #at = 0;

  /** @param {ArrayBuffer} bytes */
  constructor(bytes) {
    this.#view = new DataView(bytes);
  }

  get left() {
    return this.#view.byteLength - this.#at;
  }

  u8() {
    return this.#view.getUint8(this.#step(1));
  }

  u16() {
    return this.#view.getUint16(this.#step(2), true);
  }

  u32() {
    return this.#view.getUint32(this.#step(4), true);
  }

  /** LEB128 below 2^53, by multiplication: JavaScript's shifts end at 32 bits. */
  varint() {
    let value = 0;
    for (let scale = 1; scale < 2 ** 53; scale *= 128) {
      const byte = this.u8();
      value += (byte % 128) * scale;
      if (byte >= 128) continue;
      if (byte === 0 && scale > 1) throw new RangeError('long varint');
      if (value > Number.MAX_SAFE_INTEGER) break;
      return value;
    }
    throw new RangeError('large varint');
  }

  /** @param {number} bytes */
  #step(bytes) {
    const at = this.#at;
    this.#at += bytes;
    return at;
  }
}
