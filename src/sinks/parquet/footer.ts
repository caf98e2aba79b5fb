import { InputError, InvariantError } from '../../errors.ts';
import {
  listOf,
  numberOf,
  readThrift,
  structOf,
  THRIFT,
  type ThriftField,
  type ThriftStruct,
  writeThrift,
} from './thrift.ts';

/**
 * Parquet footers, merged: row groups are copied as they are and only their offsets change. Field numbers are those of
 * parquet.thrift. Kept: schema with logical types, key-value metadata, statistics, column orders, dictionary pages, all
 * that is unknown to us. Left out: page indexes (they hold absolute offsets of their own and stand between row groups
 * and footer), row group ordinals above 32,767.
 */
export const PARQUET_MAGIC = Buffer.from('PAR1', 'latin1');

/** FileMetaData */
const ROWS = 3;
const ROW_GROUPS = 4;
/** RowGroup */
const COLUMNS = 1;
const GROUP_ROWS = 3;
const GROUP_OFFSET = 5;
const ORDINAL = 7;
/** ColumnChunk */
const CHUNK_OFFSET = 2;
const CHUNK_METADATA = 3;
const INDEX_FIELDS: readonly number[] = [4, 5, 6, 7];
/** ColumnMetaData */
const COMPRESSED_BYTES = 7;
const PAGE_OFFSETS: readonly number[] = [9, 10, 11];
const BLOOM_FIELDS: readonly number[] = [14, 15];

/** A row group of a file: where its bytes are, and what the footer says of it. */
export interface RowGroupEntry {
  readonly start: number;
  readonly end: number;
  readonly rows: number;
  readonly entry: ThriftStruct;
}

/** A footer taken apart. */
export interface ParquetFooter {
  /** All but rows and row groups: equal in files of one schema and writer. */
  readonly frame: ThriftStruct;
  readonly groups: readonly RowGroupEntry[];
}

/** Length of the footer from the last 8 bytes of a file. */
export function footerBytes(tail: Uint8Array, path: string): number {
  const end = Buffer.from(tail.buffer, tail.byteOffset, tail.byteLength);
  if (end.length === 8 && end.subarray(4).equals(PARQUET_MAGIC)) return end.readUInt32LE(0);
  throw new InputError({
    expected: 'a Parquet file',
    got: 'a file that does not end in PAR1',
    where: path,
    fix: 'The file is damaged: restore it or make it again.',
  });
}

/** @param footer the thrift bytes alone */
export function parseFooter(footer: Uint8Array): ParquetFooter {
  const root = readThrift(footer);
  return {
    frame: root.filter((f) => f.id !== ROWS && f.id !== ROW_GROUPS),
    groups: listOf(root, ROW_GROUPS).map((g) => rowGroupEntry(g as ThriftStruct)),
  };
}

function rowGroupEntry(entry: ThriftStruct): RowGroupEntry {
  let start = Number.POSITIVE_INFINITY;
  let end = 0;
  for (const chunk of listOf(entry, COLUMNS)) {
    const metadata = structOf(chunk as ThriftStruct, CHUNK_METADATA);
    const pages = PAGE_OFFSETS.map((id) => numberOf(metadata, id)).filter((at) => at > 0);
    const first = Math.min(...pages);
    start = Math.min(start, first);
    end = Math.max(end, first + numberOf(metadata, COMPRESSED_BYTES));
  }
  return { start, end, rows: numberOf(entry, GROUP_ROWS), entry };
}

const with64 = (f: ThriftField, delta: number): ThriftField =>
  f.value === 0 ? f : { ...f, value: (f.value as number) + delta };

/** The entry of a row group whose bytes now stand `delta` further, as the `ordinal`-th of its file. */
export function movedEntry(entry: ThriftStruct, delta: number, ordinal: number): ThriftStruct {
  return entry
    .filter((f) => f.id !== ORDINAL || ordinal < 32768)
    .map((f): ThriftField => {
      if (f.id === COLUMNS)
        return {
          ...f,
          value: {
            elementType: THRIFT.struct,
            values: listOf(entry, COLUMNS).map((c) => movedChunk(c as ThriftStruct, delta)),
          },
        };
      if (f.id === GROUP_OFFSET) return with64(f, delta);
      return f.id === ORDINAL ? { ...f, value: ordinal } : f;
    });
}

function movedChunk(chunk: ThriftStruct, delta: number): ThriftStruct {
  return chunk
    .filter((f) => !INDEX_FIELDS.includes(f.id))
    .map((f): ThriftField => {
      if (f.id === CHUNK_OFFSET) return with64(f, delta);
      if (f.id !== CHUNK_METADATA) return f;
      const metadata = (f.value as ThriftStruct)
        .filter((m) => !BLOOM_FIELDS.includes(m.id))
        .map((m) => (PAGE_OFFSETS.includes(m.id) ? with64(m, delta) : m));
      return { ...f, value: metadata };
    });
}

/** Collects row groups of files with one schema into one footer. */
export class FooterMerger {
  readonly #path: string;
  #frame: ThriftStruct | null = null;
  #frameBytes: Uint8Array | null = null;
  /** Encoded: as trees, a thousand row groups of many columns would be tens of megabytes. */
  #groups: Uint8Array[] = [];
  #rows = 0;

  constructor(path: string) {
    this.#path = path;
  }

  /** @param delta added to every offset of the file that `footer` was read from */
  add(footer: ParquetFooter, delta: number): void {
    const frameBytes = writeThrift(footer.frame);
    if (this.#frameBytes === null) {
      // A copy: the values are views of a buffer that belongs to the caller.
      this.#frameBytes = frameBytes.slice();
      this.#frame = readThrift(this.#frameBytes);
    } else if (Buffer.compare(this.#frameBytes, frameBytes) !== 0) {
      throw new InvariantError({
        expected: 'Parquet files with one schema and one writer',
        got: 'two that differ',
        where: this.#path,
      });
    }
    for (const { entry, rows } of footer.groups) {
      this.#groups.push(new Uint8Array(writeThrift(movedEntry(entry, delta, this.#groups.length))));
      this.#rows += rows;
    }
  }

  /** Footer, its length and the closing magic. */
  bytes(): Uint8Array {
    const frame = this.#frame ?? [];
    const fields: ThriftField[] = [
      ...frame.filter((f) => f.id < ROWS),
      { id: ROWS, type: THRIFT.i64, value: this.#rows },
      { id: ROW_GROUPS, type: THRIFT.list, value: { elementType: THRIFT.struct, values: this.#groups } },
      ...frame.filter((f) => f.id > ROW_GROUPS),
    ];
    const thrift = writeThrift(fields);
    const length = Buffer.alloc(4);
    length.writeUInt32LE(thrift.length);
    return Buffer.concat([thrift, length, PARQUET_MAGIC]);
  }
}
