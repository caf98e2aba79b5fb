import type { ColumnMetaData, Encoding } from 'hyparquet';
import type { FileWindow } from '../../codecs/window.ts';
import type { Cursor, RawValues } from './cursor.ts';
import { DeltaCursor, deltaBytesCursor, deltaLengthCursor } from './delta.ts';
import { plainCursor, streamSplitCursor } from './plain.ts';
import { bitPackedLevels, HybridCursor } from './runs.ts';
import type { Leaf } from './schema.ts';
import { readThrift, type ThriftStruct } from './thrift.ts';

/** Unpacks a page. Throws on damage, and when it is not of that size. */
export type Unpack = (codec: string, packed: Uint8Array, size: number) => Uint8Array;

/** A page at hand: levels and values that are not taken yet. */
export interface Page {
  /** Levels left: values, nulls included. */
  left: number;
  readonly repeated: Cursor<Int32Array> | null;
  readonly defined: Cursor<Int32Array> | null;
  readonly values: Cursor<RawValues>;
  /** Unpacked bytes. */
  readonly bytes: number;
}

/** More than a page of sane size has: they aim at 1 MB. */
const MAX_PAGE = 2 ** 31 - 1;
const HEADER_BYTES = 512;
const MAX_HEADER = 16 * 1024 * 1024;
const ENCODINGS: readonly Encoding[] = [
  'PLAIN',
  'GROUP_VAR_INT',
  'PLAIN_DICTIONARY',
  'RLE',
  'BIT_PACKED',
  'DELTA_BINARY_PACKED',
  'DELTA_LENGTH_BYTE_ARRAY',
  'DELTA_BYTE_ARRAY',
  'RLE_DICTIONARY',
  'BYTE_STREAM_SPLIT',
];
const DATA_PAGE = 0;
const DICTIONARY_PAGE = 2;
const DATA_PAGE_V2 = 3;

/** What the footer says of a column in a row group, as far as its pages need it. */
export type ColumnChunk = Pick<
  ColumnMetaData,
  'codec' | 'dictionary_page_offset' | 'data_page_offset' | 'total_compressed_size'
>;

/** The pages of a column in a row group, one after the other. */
export class PageReader {
  readonly #window: FileWindow;
  readonly #column: ColumnChunk;
  readonly #leaf: Leaf;
  readonly #unpack: Unpack;
  #at: number;
  readonly #end: number;
  #dictionary: RawValues | null = null;

  constructor(window: FileWindow, column: ColumnChunk, leaf: Leaf, unpack: Unpack) {
    this.#window = window;
    this.#column = column;
    this.#leaf = leaf;
    this.#unpack = unpack;
    const { dictionary_page_offset: dictionary, data_page_offset: data, total_compressed_size: bytes } = column;
    const from = dictionary && dictionary < data && dictionary > 0n ? dictionary : data;
    this.#at = Number(from);
    this.#end = Math.min(window.size, this.#at + Number(bytes));
    if (!(this.#at >= 0 && this.#at <= this.#end)) throw new Error('expected a column within the file, got damage');
  }

  /** Where the next page starts: `seek` goes back there. */
  get place(): number {
    return this.#at;
  }

  seek(place: number): void {
    this.#at = place;
  }

  /** The next page of data; null after the last one. */
  async next(): Promise<Page | null> {
    for (;;) {
      if (this.#at >= this.#end) return null;
      const { header, start } = await this.#header();
      const [kind, size, packed] = [numberOf(header, 1, -1), numberOf(header, 2), numberOf(header, 3)];
      if (size < 0 || size > MAX_PAGE || packed < 0 || start + packed > this.#end)
        throw new Error('expected a page within its column, got damage');
      this.#at = start + packed;
      if (kind === DICTIONARY_PAGE) await this.#readDictionary(header, start, packed, size);
      else if (kind === DATA_PAGE) return this.#dataPage(header, await this.#bytes(start, packed), size);
      else if (kind === DATA_PAGE_V2) return this.#dataPageV2(header, await this.#bytes(start, packed), size);
    }
  }

  async #header(): Promise<{ header: ThriftStruct; start: number }> {
    for (let wanted = HEADER_BYTES; ; wanted *= 16) {
      const bytes = await this.#window.peek(this.#at, Math.min(wanted, this.#end - this.#at));
      try {
        const { struct, end } = readThrift(bytes, 0);
        return { header: struct, start: this.#at + end };
      } catch (error) {
        // Statistics may make it long.
        if (!(error instanceof RangeError) || wanted >= MAX_HEADER || bytes.length < wanted) throw error;
      }
    }
  }

  async #bytes(start: number, bytes: number): Promise<Uint8Array> {
    return this.#window.copy(start, bytes);
  }

  async #readDictionary(header: ThriftStruct, start: number, packed: number, size: number): Promise<void> {
    if (this.#dictionary !== null) return;
    const count = numberOf(structOf(header, 7), 1);
    const bytes = this.#unpack(this.#column.codec, await this.#bytes(start, packed), size);
    if (count < 0 || count > MAX_PAGE) throw new Error('expected a dictionary, got damage');
    this.#dictionary = plainCursor(bytes, this.#leaf.type, this.#leaf.typeLength).take(count);
  }

  #dataPage(header: ThriftStruct, packed: Uint8Array, size: number): Page {
    const own = structOf(header, 5);
    const count = numberOf(own, 1);
    const bytes = this.#unpack(this.#column.codec, packed, size);
    const { maxDefined, maxRepeated } = this.#leaf;
    let at = 0;
    const levels = (most: number, encoding: number): Cursor<Int32Array> | null => {
      if (most === 0) return null;
      const width = 32 - Math.clz32(most);
      if (ENCODINGS[encoding] === 'BIT_PACKED') {
        const length = Math.ceil((count * width) / 8);
        at += length;
        return bitPackedLevels(bytes.subarray(at - length, at), width);
      }
      if (at + 4 > bytes.length) throw new Error('expected levels in a page, got its end');
      const length = new DataView(bytes.buffer, bytes.byteOffset, bytes.length).getUint32(at, true);
      if (at + 4 + length > bytes.length) throw new Error('expected levels within a page, got damage');
      at += 4 + length;
      return new HybridCursor(bytes.subarray(at - length, at), width);
    };
    const repeated = levels(maxRepeated, numberOf(own, 4, 3));
    const defined = levels(maxDefined, numberOf(own, 3, 3));
    const values = this.#values(bytes.subarray(at), numberOf(own, 2), count);
    return { left: count, repeated, defined, values, bytes: size };
  }

  #dataPageV2(header: ThriftStruct, packed: Uint8Array, size: number): Page {
    const own = structOf(header, 8);
    const [count, nulls] = [numberOf(own, 1), numberOf(own, 2)];
    const [definedBytes, repeatedBytes] = [numberOf(own, 5), numberOf(own, 6)];
    const at = definedBytes + repeatedBytes;
    if (definedBytes < 0 || repeatedBytes < 0 || at > packed.length || at > size)
      throw new Error('expected levels within a page, got damage');
    const { maxDefined, maxRepeated } = this.#leaf;
    const levels = (most: number, from: number, length: number): Cursor<Int32Array> | null =>
      most === 0 ? null : new HybridCursor(packed.subarray(from, from + length), 32 - Math.clz32(most));
    const rest = packed.subarray(at);
    const isPacked = own.get(7) !== false && rest.length > 0;
    const bytes = isPacked ? this.#unpack(this.#column.codec, rest, size - at) : rest;
    return {
      left: count,
      repeated: levels(maxRepeated, 0, repeatedBytes),
      defined: levels(maxDefined, repeatedBytes, definedBytes),
      values: this.#values(bytes, numberOf(own, 4), count - nulls),
      bytes: size,
    };
  }

  #values(bytes: Uint8Array, encoding: number, count: number): Cursor<RawValues> {
    const { type, typeLength } = this.#leaf;
    switch (ENCODINGS[encoding]) {
      case 'PLAIN':
        return plainCursor(bytes, type, typeLength);
      case 'PLAIN_DICTIONARY':
      case 'RLE_DICTIONARY':
        return this.#dictionaryValues(bytes);
      case 'RLE': {
        if (type !== 'BOOLEAN') break;
        const bits = new HybridCursor(bytes.subarray(4), 1);
        return { take: (n) => Uint8Array.from(bits.take(n)) };
      }
      case 'DELTA_BINARY_PACKED': {
        if (count <= 0) return { take: (n) => new Int32Array(n) };
        const delta = new DeltaCursor(bytes, 0, type === 'INT32' ? 32 : 64);
        return type === 'INT32' ? { take: (n) => Int32Array.from(delta.take(n), Number) } : delta;
      }
      case 'DELTA_LENGTH_BYTE_ARRAY':
        return count <= 0 ? { take: () => [] } : deltaLengthCursor(bytes);
      case 'DELTA_BYTE_ARRAY':
        return count <= 0 ? { take: () => [] } : deltaBytesCursor(bytes);
      case 'BYTE_STREAM_SPLIT': {
        // Of a page of format version 1 nobody says how many are null.
        const width = { INT32: 4, FLOAT: 4, INT64: 8, DOUBLE: 8 }[type as string] ?? typeLength;
        return streamSplitCursor(bytes, type, typeLength, Math.floor(bytes.length / Math.max(1, width)));
      }
    }
    throw new Error(`expected an encoding that is read, got ${ENCODINGS[encoding] ?? encoding} of ${type}`);
  }

  #dictionaryValues(bytes: Uint8Array): Cursor<RawValues> {
    const dictionary = this.#dictionary;
    if (dictionary === null) throw new Error('expected a dictionary in front of a page, got none');
    const numbers = bytes.length === 0 ? null : new HybridCursor(bytes.subarray(1), bytes[0]);
    return {
      take(count) {
        if (count === 0) return dictionary.slice(0, 0);
        if (numbers === null) throw new Error('expected numbers into a dictionary, got none');
        const index = numbers.take(count);
        for (let i = 0; i < count; i++)
          if (!(index[i] >= 0 && index[i] < dictionary.length))
            throw new Error('expected numbers within the dictionary, got damage');
        return picked(dictionary, index);
      },
      skip(count) {
        if (count > 0 && numbers === null) throw new Error('expected numbers into a dictionary, got none');
        numbers?.skip(count);
      },
    };
  }
}

function picked(dictionary: RawValues, index: Int32Array): RawValues {
  if (Array.isArray(dictionary)) return Array.from(index, (i) => dictionary[i] as Uint8Array);
  const of = dictionary as Float64Array;
  const out = new (of.constructor as Float64ArrayConstructor)(index.length);
  for (let i = 0; i < index.length; i++) out[i] = of[index[i]];
  return out;
}

const structOf = (s: ThriftStruct, field: number): ThriftStruct => {
  const inner = s.get(field);
  if (inner === undefined || typeof inner !== 'object') throw new Error('expected the header of a page, got damage');
  return inner;
};
const numberOf = (s: ThriftStruct, field: number, otherwise = 0): number => {
  const n = s.get(field);
  return typeof n === 'number' ? n : otherwise;
};
