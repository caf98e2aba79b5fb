import { DocumentBatch } from '../batch.ts';
import type { Column, Utf8Column } from '../columns.ts';

/** Rows of a batch at most. */
export const BATCH_ROWS = 8192;

/** Utf8 values that come in pieces. */
export interface GrowingText {
  readonly bytes: number;
  /** One value. */
  push(value: Uint8Array): void;
  /** Rows `from` to `to` of a column, in one copy. */
  pushRows(values: Uint8Array, offsets: Int32Array, from: number, to: number): void;
  /** What was pushed, as a column of its own; empties. */
  take(): Utf8Column;
}

const encoder = new TextEncoder();
const SMALL_BYTES = 32 * 1024;
/** A value larger than this gets just the room it needs. */
const LARGE_BYTES = 4 * 1024 * 1024;

/** Memory that nobody cleared, with a buffer of its own: whatever is read of it was written before. */
const uncleared = (bytes: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer);

/** @param roomBytes bytes to begin with, for each batch anew. */
function growingText(roomBytes: number): GrowingText {
  let values = uncleared(roomBytes);
  let offsets = new Int32Array(1024);
  let rows = 0;
  let bytes = 0;
  const room = (moreRows: number, moreBytes: number): void => {
    if (rows + moreRows + 1 > offsets.length) {
      const wider = new Int32Array(Math.max(2 * offsets.length, rows + moreRows + 1));
      wider.set(offsets.subarray(0, rows + 1));
      offsets = wider;
    }
    if (bytes + moreBytes > values.length) {
      const need = bytes + moreBytes;
      const wider = uncleared(moreBytes > LARGE_BYTES ? need : Math.max(2 * values.length, need));
      wider.set(values.subarray(0, bytes));
      values = wider;
    }
  };
  return {
    get bytes() {
      return bytes;
    },
    push(value) {
      room(1, value.length);
      values.set(value, bytes);
      bytes += value.length;
      offsets[++rows] = bytes;
    },
    pushRows(source, sourceOffsets, from, to) {
      const [first, last] = [sourceOffsets[from], sourceOffsets[to]];
      room(to - from, last - first);
      values.set(source.subarray(first, last), bytes);
      const shift = bytes - first;
      for (let i = from + 1; i <= to; i++) offsets[++rows] = sourceOffsets[i] + shift;
      bytes += last - first;
    },
    take() {
      // A buffer that is nearly full leaves as it is: that is cheaper than a copy.
      const whole = values.length > roomBytes || values.length - bytes < values.length >> 2;
      const column: Utf8Column = {
        type: 'utf8',
        offsets: offsets.slice(0, rows + 1),
        values:
          whole && values.length - bytes < values.length >> 2 ? values.subarray(0, bytes) : values.slice(0, bytes),
        valid: null,
      };
      if (whole) values = uncleared(roomBytes);
      rows = 0;
      bytes = 0;
      return column;
    },
  };
}

const ZERO = new Int32Array(1);

/** Documents as they are read, row by row or many at once, into batches. What is in a batch depends on the documents only. */
export class BatchBuilder {
  readonly id = growingText(SMALL_BYTES);
  readonly text: GrowingText;
  readonly domain = growingText(SMALL_BYTES);
  readonly metadata = growingText(SMALL_BYTES);
  #split: number;
  #batchBytes: number;
  #sequence = 0;
  #rows = 0;
  /** Runs of rows of one file. */
  #files: { readonly path: Uint8Array; rows: number }[] = [];
  #path = new Uint8Array(0);
  #block = new Float64Array(BATCH_ROWS);
  #offset = new Float64Array(BATCH_ROWS);
  #row = new Uint32Array(BATCH_ROWS);

  /** @param batchBytes a batch ends with the row that brings text and metadata to so many bytes, or before a row that would double it. */
  constructor(split: number, batchBytes: number) {
    this.#split = split;
    this.#batchBytes = batchBytes;
    this.text = growingText(batchBytes + (batchBytes >> 4));
  }

  get rows(): number {
    return this.#rows;
  }

  /** Rows pushed from now on are of this file. */
  startFile(path: string): void {
    this.#path = encoder.encode(path);
  }

  /** Does the last of `rows` rows about to be pushed, `bytes` together, belong into the next batch? */
  closesBefore(bytes: number, rows: number): boolean {
    return this.#rows + rows > 1 && this.#bytes + bytes > 2 * this.#batchBytes;
  }

  /** Is the batch full once they are pushed? */
  closesAfter(bytes: number, rows: number): boolean {
    return this.#bytes + bytes >= this.#batchBytes || this.#rows + rows >= BATCH_ROWS;
  }

  get #bytes(): number {
    return this.text.bytes + this.metadata.bytes;
  }

  /** Notes the position of a row; its four values are pushed by the caller. */
  place(block: number, offset: number, row: number): void {
    this.placeRows(block, offset, ZERO, 0, 1, row);
  }

  /** Notes the positions of rows `from` to `to`, which start `starts` bytes after `offset` and are numbered from `row` on. */
  placeRows(block: number, offset: number, starts: Int32Array, from: number, to: number, row: number): void {
    const last = this.#files[this.#files.length - 1];
    if (last && last.path === this.#path) last.rows += to - from;
    else this.#files.push({ path: this.#path, rows: to - from });
    let at = this.#rows;
    this.#block.fill(block, at, at + to - from);
    for (let i = from; i < to; i++, at++) {
      this.#offset[at] = offset + starts[i];
      this.#row[at] = row + i - from;
    }
    this.#rows = at;
  }

  /** The batch so far; an empty one when there are no rows. */
  take(): DocumentBatch {
    const rows = this.#rows;
    const columns = new Map<string, Column>([
      ['file', this.#fileColumn()],
      ['block', { type: 'int64', values: int64(this.#block, rows), valid: null }],
      ['offset', { type: 'int64', values: int64(this.#offset, rows), valid: null }],
      ['row', { type: 'uint32', values: this.#row.slice(0, rows), valid: null }],
      ['id', this.id.take()],
      ['text', this.text.take()],
      ['domain', this.domain.take()],
      ['metadata', this.metadata.take()],
    ]);
    this.#rows = 0;
    this.#files = [];
    return new DocumentBatch({ rows, columns, split: this.#split, sequence: this.#sequence++ });
  }

  #fileColumn(): Utf8Column {
    const offsets = new Int32Array(this.#rows + 1);
    const values = new Uint8Array(this.#files.reduce((n, f) => n + f.path.length * f.rows, 0));
    let row = 0;
    let at = 0;
    for (const { path, rows } of this.#files) {
      if (path.length > 0 && rows > 0) Buffer.from(values.buffer, at, path.length * rows).fill(path);
      for (let i = 0; i < rows; i++) {
        at += path.length;
        offsets[++row] = at;
      }
    }
    return { type: 'utf8', offsets, values, valid: null };
  }
}

/** Whole doubles as int64, without a BigInt for each. */
function int64(values: Float64Array, rows: number): BigInt64Array {
  const words = new Int32Array(rows * 2);
  for (let i = 0; i < rows; i++) {
    words[2 * i] = values[i] % 2 ** 32;
    words[2 * i + 1] = Math.floor(values[i] / 2 ** 32);
  }
  return new BigInt64Array(words.buffer);
}
