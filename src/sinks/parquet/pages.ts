import type { Column, NumberColumn, Utf8Column } from '../../streams/batch/columns.ts';
import { type Dictionary, dictionaryOf } from './dictionary.ts';
import { ByteBuffer, bitWidth, hybrid } from './levels.ts';
import { type Leaf, PHYSICAL } from './schema.ts';
import { statisticsOf } from './statistics.ts';
import { THRIFT, type ThriftField, type ThriftStruct, writeThrift } from './thrift.ts';

/** Compresses one page. Null = pages are stored as they are. */
export type CompressPage = ((page: Uint8Array) => Uint8Array) | null;

/** A column chunk: its pages as bytes, and its entry in the footer with offsets counted from `at`. */
export interface Chunk {
  readonly pieces: Uint8Array[];
  readonly bytes: number;
  readonly uncompressed: number;
  readonly entry: ThriftStruct;
}

/** A page holds at most this many bytes of values, or one value that is larger. */
const PAGE_BYTES = 1024 * 1024;
const KEEP_BYTES = 8 * 1024 * 1024;

/** Numbers of parquet.thrift. */
const PLAIN = 0;
const RLE = 3;
const RLE_DICTIONARY = 8;
const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;

/** Long or unique texts: a dictionary only costs time, and bounds would put parts of the text into the footer. */
const UNIQUE_TEXT = new Set(['text', 'metadata', 'excerpt']);

const i32 = (id: number, value: number): ThriftField => ({ id, type: THRIFT.i32, value });
const i64 = (id: number, value: number): ThriftField => ({ id, type: THRIFT.i64, value });
const struct = (id: number, value: ThriftStruct): ThriftField => ({ id, type: THRIFT.struct, value });

const page = new ByteBuffer();

/**
 * Encodes one column of a row group.
 * @param at position in the file of its first page
 */
export function encodeChunk(leaf: Leaf, rows: number, codec: number, compress: CompressPage, at: number): Chunk {
  const { column, lists } = leaf;
  const [first, last] = lists ? [lists.first, lists.last] : [0, rows];
  const dictionary =
    column.type === 'utf8' && !UNIQUE_TEXT.has(leaf.path[0]) ? dictionaryOf(column, first, last) : null;
  const pieces: Uint8Array[] = [];
  let bytes = 0;
  let uncompressed = 0;
  const add = (header: (size: number, compressed: number) => ThriftStruct): void => {
    const raw = page.view();
    const body = compress ? compress(raw) : new Uint8Array(raw);
    const head = writeThrift(header(raw.length, body.length));
    pieces.push(head, body);
    bytes += head.length + body.length;
    uncompressed += head.length + raw.length;
    page.clear(KEEP_BYTES);
  };
  if (dictionary) {
    for (const row of dictionary.rows) putString(column as Utf8Column, row);
    add((size, compressed) => [
      i32(1, DICTIONARY_PAGE),
      i32(2, size),
      i32(3, compressed),
      struct(7, [i32(1, dictionary.rows.length), i32(2, PLAIN)]),
    ]);
  }
  const dataAt = at + bytes;
  const encoding = dictionary ? RLE_DICTIONARY : PLAIN;
  let entries = 0;
  for (let from = 0; from === 0 || from < rows; ) {
    const to = lists || dictionary ? rows : pageEnd(column, from, rows);
    const count = lists ? putListLevels(leaf) : putFlatLevels(column, from, to);
    if (dictionary) putIndexes(dictionary);
    else putValues(column, lists ? first : from, lists ? last : to);
    const header = [i32(1, count), i32(2, encoding), i32(3, RLE), i32(4, RLE)];
    add((size, compressed) => [i32(1, DATA_PAGE), i32(2, size), i32(3, compressed), struct(5, header)]);
    entries += count;
    from = to;
    if (from === rows) break;
  }
  const statistics = lists ? null : statisticsOf(column, rows, !UNIQUE_TEXT.has(leaf.path[0]));
  const encodings = dictionary ? [PLAIN, RLE, RLE_DICTIONARY] : [PLAIN, RLE];
  const metadata: ThriftStruct = [
    i32(1, PHYSICAL[column.type]),
    { id: 2, type: THRIFT.list, value: { elementType: THRIFT.i32, values: encodings } },
    { id: 3, type: THRIFT.list, value: { elementType: THRIFT.binary, values: leaf.path.map((p) => Buffer.from(p)) } },
    i32(4, codec),
    i64(5, entries),
    i64(6, uncompressed),
    i64(7, bytes),
    i64(9, dataAt),
    ...(dictionary ? [i64(11, at)] : []),
    ...(statistics ? [struct(12, statistics)] : []),
  ];
  return { pieces, bytes, uncompressed, entry: [i64(2, 0), struct(3, metadata)] };
}

/** Row after the last that fits into a page; at least one. */
function pageEnd(column: Column, from: number, rows: number): number {
  if (column.type !== 'utf8') return Math.min(rows, from + PAGE_BYTES / 8);
  let to = from + 1;
  const limit = column.offsets[from] + PAGE_BYTES;
  while (to < rows && column.offsets[to + 1] <= limit) to++;
  return Math.min(to, rows);
}

/** Levels of rows `from` to `to`: one bit each, which is what a validity bitmap holds. */
function putFlatLevels({ valid }: Column, from: number, to: number): number {
  const lengthAt = page.length;
  page.uint32(0);
  if (valid === null) hybridOnes(to - from);
  else hybrid(bits(valid, from, to), 0, to - from, 1, page);
  page.bytes.writeUInt32LE(page.length - lengthAt - 4, lengthAt);
  return to - from;
}

function hybridOnes(count: number): void {
  if (count === 0) return;
  page.varint(count * 2);
  page.room(1);
  page.bytes[page.length++] = 1;
}

function bits(valid: Uint8Array, from: number, to: number): Uint8Array {
  const flags = new Uint8Array(to - from);
  for (let i = from; i < to; i++) flags[i - from] = (valid[i >> 3] >> (i & 7)) & 1;
  return flags;
}

function putListLevels({ lists, maxDefinition }: Leaf): number {
  const { repetition, definition } = lists!;
  for (const [levels, max] of [
    [repetition, 1],
    [definition, maxDefinition],
  ] as const) {
    const lengthAt = page.length;
    page.uint32(0);
    hybrid(levels, 0, levels.length, bitWidth(max), page);
    page.bytes.writeUInt32LE(page.length - lengthAt - 4, lengthAt);
  }
  return definition.length;
}

function putIndexes({ rows, index }: Dictionary): void {
  const width = bitWidth(rows.length - 1);
  page.room(1);
  page.bytes[page.length++] = width;
  hybrid(index, 0, index.length, width, page);
}

function putString({ offsets, values }: Utf8Column, row: number): void {
  const length = offsets[row + 1] - offsets[row];
  page.room(length + 4);
  page.bytes.writeUInt32LE(length, page.length);
  page.bytes.set(values.subarray(offsets[row], offsets[row + 1]), page.length + 4);
  page.length += length + 4;
}

/** Non-null values in PLAIN encoding. */
function putValues(column: Column, from: number, to: number): void {
  const { valid } = column;
  const present = (i: number): boolean => valid === null || (valid[i >> 3] & (1 << (i & 7))) !== 0;
  if (column.type === 'utf8') {
    for (let i = from; i < to; i++) if (present(i)) putString(column, i);
    return;
  }
  const { values } = column;
  if (valid === null) {
    page.put(bytesOf(values.subarray(from, to)));
    return;
  }
  const dense = new (values.constructor as new (n: number) => Float64Array)(to - from);
  let n = 0;
  for (let i = from; i < to; i++) if (present(i)) dense[n++] = values[i] as number;
  page.put(bytesOf(dense.subarray(0, n)));
}

/** The bytes of numbers; Parquet is little-endian, as every platform of Node is (big-endian s390x is not supported). */
const bytesOf = (values: NumberColumn['values']): Uint8Array =>
  new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
