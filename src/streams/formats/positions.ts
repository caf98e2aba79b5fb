import type { Column } from '../batch/columns.ts';

/** Buffers of the position columns of one batch. */
interface Buffers {
  file: Uint8Array<ArrayBuffer>;
  readonly fileOffsets: Int32Array<ArrayBuffer>;
  readonly block: Int32Array<ArrayBuffer>;
  readonly offset: Int32Array<ArrayBuffer>;
  readonly row: Uint32Array<ArrayBuffer>;
}

/** Where the rows of a batch stand in the input, as columns `file`, `block`, `offset` and `row`. */
export class Positions {
  #rows = 0;
  /** Runs of rows of one file. */
  #files: { readonly path: Uint8Array; rows: number }[] = [];
  #path = new Uint8Array(0);
  readonly #block: Float64Array;
  readonly #offset: Float64Array;
  readonly #row: Uint32Array;
  #lent = new WeakMap<Column, Buffers>();
  #spare: Buffers[] = [];

  /** @param capacity rows at most */
  constructor(capacity: number) {
    this.#block = new Float64Array(capacity);
    this.#offset = new Float64Array(capacity);
    this.#row = new Uint32Array(capacity);
  }

  get rows(): number {
    return this.#rows;
  }

  /** Rows pushed from now on are of this file. */
  startFile(path: Uint8Array<ArrayBuffer>): void {
    this.#path = path;
  }

  /** Rows `from` to `to`, which start `starts` bytes after `offset` and are numbered from `row` on. */
  push(block: number, offset: number, starts: Int32Array, from: number, to: number, row: number): void {
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

  /**
   * What was pushed; empties. @param lend false: columns of their own; true: views that live until they are given back
   */
  take(lend: boolean): [string, Column][] {
    const rows = this.#rows;
    const fileBytes = this.#files.reduce((n, f) => n + f.path.length * f.rows, 0);
    const buffers = lend ? (this.#spare.pop() ?? buffersFor(this.#row.length, fileBytes)) : buffersFor(rows, fileBytes);
    if (buffers.file.length < fileBytes) buffers.file = new Uint8Array(fileBytes);
    this.#fillFile(buffers);
    fillInt64(buffers.block, this.#block, rows);
    fillInt64(buffers.offset, this.#offset, rows);
    buffers.row.set(this.#row.subarray(0, rows));
    const { file, fileOffsets, block, offset, row } = buffers;
    const fileColumn: Column = {
      type: 'utf8',
      offsets: fileOffsets.subarray(0, rows + 1),
      values: file.subarray(0, fileBytes),
      valid: null,
    };
    if (lend) this.#lent.set(fileColumn, buffers);
    this.#rows = 0;
    this.#files = [];
    return [
      ['file', fileColumn],
      ['block', { type: 'int64', values: new BigInt64Array(block.buffer, 0, rows), valid: null }],
      ['offset', { type: 'int64', values: new BigInt64Array(offset.buffer, 0, rows), valid: null }],
      ['row', { type: 'uint32', values: row.subarray(0, rows), valid: null }],
    ];
  }

  /** The buffers of lent columns may be written again. */
  giveBack(columns: ReadonlyMap<string, Column>): void {
    const buffers = this.#lent.get(columns.get('file')!);
    if (buffers) this.#spare.push(buffers);
  }

  #fillFile({ file, fileOffsets }: Buffers): void {
    let row = 0;
    let at = 0;
    for (const { path, rows } of this.#files) {
      if (path.length > 0 && rows > 0) Buffer.from(file.buffer, at, path.length * rows).fill(path);
      for (let i = 0; i < rows; i++) {
        at += path.length;
        fileOffsets[++row] = at;
      }
    }
  }
}

const buffersFor = (rows: number, fileBytes: number): Buffers => ({
  file: new Uint8Array(fileBytes),
  fileOffsets: new Int32Array(rows + 1),
  block: new Int32Array(2 * rows),
  offset: new Int32Array(2 * rows),
  row: new Uint32Array(rows),
});

/** Whole doubles as int64 words, without a BigInt for each. */
function fillInt64(words: Int32Array, values: Float64Array, rows: number): void {
  for (let i = 0; i < rows; i++) {
    words[2 * i] = values[i] % 2 ** 32;
    words[2 * i + 1] = Math.floor(values[i] / 2 ** 32);
  }
}
