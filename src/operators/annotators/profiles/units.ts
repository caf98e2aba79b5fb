import { LINE_ENDS, SPACES } from './python-text.ts';

/**
 * A text as UTF-16 units in a list of 32-bit numbers, so that one and the same code compares units and words' numbers.
 */
export interface Units {
  /** Longer than the text; borrowed until the reader reads the next. */
  readonly units: Int32Array;
  readonly length: number;
  /** Code points; a lone surrogate is one. */
  readonly points: number;
}

/** Buffers of more numbers than this are not kept for the next document. */
const KEPT = 1 << 20;

/**
 * The buffer, or a new one when it is too short, or far longer than needed: what one huge document took is given back.
 */
export function roomFor(buffer: Int32Array<ArrayBuffer>, need: number): Int32Array<ArrayBuffer> {
  if (need <= buffer.length && (buffer.length <= KEPT || need > KEPT)) return buffer;
  return new Int32Array(1 << (32 - Math.clz32(Math.max(need, 4096) - 1)));
}

const littleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
let written = Buffer.alloc(0);

/** A reader of texts with a buffer of its own. */
export function unitsReader(): (text: string) => Units {
  let units = new Int32Array(0);
  return (text) => {
    const { length } = text;
    units = roomFor(units, length);
    // Writing a string out is many times as fast as asking for its units one by one.
    if (littleEndian && length >= 64) return { units, length, points: write(text, units) };
    for (let i = 0; i < length; i++) units[i] = text.charCodeAt(i);
    return { units, length, points: pointsIn(units, 0, length) };
  };
}

/** @returns code points */
function write(text: string, to: Int32Array): number {
  const { length } = text;
  if (written.length < 2 * length || written.length > 2 * KEPT) written = Buffer.alloc(Math.max(2 * length, 1 << 16));
  written.write(text, 0, 'utf16le');
  const units = new Uint16Array(written.buffer, written.byteOffset, length);
  let high = 0;
  for (let i = 0; i < length; i++) {
    const unit = units[i];
    to[i] = unit;
    high |= unit;
  }
  return high < 0xd800 ? length : pointsIn(to, 0, length);
}

/** Code points from one unit to another. */
export function pointsIn(units: Int32Array, start: number, end: number): number {
  let points = end - start;
  for (let i = start + 1; i < end; i++) {
    if ((units[i] & 0xfc00) === 0xdc00 && (units[i - 1] & 0xfc00) === 0xd800) points--;
  }
  return points;
}

/** The code point at a unit; a lone surrogate is one, and so is the second half of a pair. */
export function pointAt(units: Int32Array, at: number, end: number): number {
  const high = units[at];
  if ((high & 0xfc00) !== 0xd800 || at + 1 >= end) return high;
  const low = units[at + 1];
  return (low & 0xfc00) === 0xdc00 ? ((high - 0xd800) << 10) + (low - 0xdc00) + 0x10000 : high;
}

export function stringOf(units: Int32Array, start: number, end: number): string {
  let out = '';
  for (let at = start; at < end; at += 4096) {
    out += String.fromCharCode.apply(null, units.subarray(at, Math.min(end, at + 4096)) as unknown as number[]);
  }
  return out;
}

/** A number for each UTF-16 unit. */
export function tableOf(entryOf: (unit: number) => number): Uint8Array {
  const table = new Uint8Array(0x10000);
  for (let unit = 0; unit < table.length; unit++) table[unit] = entryOf(unit);
  return table;
}

function tableOfSet(units: ReadonlySet<number>): Uint8Array {
  const table = new Uint8Array(0x10000);
  for (const unit of units) table[unit] = 1;
  return table;
}

/** 1 for each unit that is white space to Python. */
export const SPACE = tableOfSet(SPACES);
/** 1 for each unit that ends a line to Python. */
export const LINE_END = tableOfSet(LINE_ENDS);
