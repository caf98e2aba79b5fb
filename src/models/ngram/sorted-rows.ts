import { readSync } from 'node:fs';
import { InvariantError } from '../../errors.ts';
import type { Scratch } from '../../files/scratch.ts';

/** Rows of `width` words in a buffer, of which the first `keys` make the order. */
export interface RowShape {
  readonly keys: number;
  readonly width: number;
}

/** A sorted list of rows: in memory, or a stretch of a file. */
type SortedRun = { readonly rows: Int32Array } | FileRun;

interface FileRun {
  readonly file: RunFile;
  readonly from: number;
  bytes: number;
}

/** A file of the scratch with runs one behind the other. */
interface RunFile {
  readonly handle: number;
  bytes: number;
  /** Runs ever written to it. */
  runs: number;
  /** Of those, the runs that are still to be read. */
  unread: number;
}

const RADIX_BITS = 11;
const BLOCK_ROWS = 4096;
/**
 * Runs that are merged at once, each with a block of memory; and that share a file, so that a merge frees the space of
 * a whole one.
 */
const MOST_RUNS = 64;

/** Indices of rows in ascending order of their first `keys` words, which are >= 0: a radix sort, last word first. */
export function sortedOrder(rows: Int32Array, count: number, { keys, width }: RowShape): Uint32Array {
  let order = Uint32Array.from({ length: count }, (_, i) => i);
  let other = new Uint32Array(count);
  const starts = new Uint32Array((1 << RADIX_BITS) + 1);
  for (let key = keys - 1; key >= 0; key--) {
    let most = 0;
    for (let i = 0, at = key; i < count; i++, at += width) if (rows[at] > most) most = rows[at];
    for (let shift = 0; most >>> shift > 0; shift += RADIX_BITS) {
      starts.fill(0);
      const mask = (1 << RADIX_BITS) - 1;
      for (let i = 0, at = key; i < count; i++, at += width) starts[((rows[at] >>> shift) & mask) + 1]++;
      for (let d = 1; d < starts.length; d++) starts[d] += starts[d - 1];
      for (let i = 0; i < count; i++) {
        const row = order[i];
        other[starts[(rows[row * width + key] >>> shift) & mask]++] = row;
      }
      [order, other] = [other, order];
    }
  }
  return order;
}

function inOrder(rows: Int32Array, count: number, shape: RowShape): Int32Array {
  const { width } = shape;
  const order = sortedOrder(rows, count, shape);
  const out = new Int32Array(count * width);
  for (let i = 0; i < count; i++) {
    const from = order[i] * width;
    for (let k = 0; k < width; k++) out[i * width + k] = rows[from + k];
  }
  return out;
}

/**
 * Takes rows in any order and gives them back sorted; what does not fit the memory is sorted in pieces and merged from
 * files.
 */
export class RowSorter {
  readonly shape: RowShape;
  #scratch: Scratch;
  #most: number;
  #rows: Int32Array;
  #count = 0;
  #runs: SortedRun[] = [];
  /** What runs are appended to. */
  #file: RunFile | null = null;

  /** @param memoryBytes for the rows that wait; sorting them takes as much again. */
  constructor(shape: RowShape, memoryBytes: number, scratch: Scratch) {
    this.shape = shape;
    this.#scratch = scratch;
    this.#most = Math.max(BLOCK_ROWS, Math.floor(memoryBytes / (2 * 4 * shape.width + 8)));
    this.#rows = new Int32Array(BLOCK_ROWS * shape.width);
  }

  get runs(): number {
    return this.#runs.length;
  }

  /** Adds `row[from .. from + width)`. */
  push(row: Int32Array, from = 0): void {
    const { width } = this.shape;
    if (this.#count === this.#most) this.spill(this.#rows, this.#count);
    if ((this.#count + 1) * width > this.#rows.length) {
      const larger = new Int32Array(Math.min(2 * this.#rows.length, this.#most * width));
      larger.set(this.#rows);
      this.#rows = larger;
    }
    const at = this.#count++ * width;
    for (let k = 0; k < width; k++) this.#rows[at + k] = row[from + k];
  }

  /** Sorts rows into a run on the disk. */
  spill(rows: Int32Array, count: number): void {
    const run = this.#newRun();
    this.#append(run, new Uint8Array(inOrder(rows, count, this.shape).buffer));
    this.#runs.push(run);
    if (rows === this.#rows) this.#count = 0;
  }

  #newRun(): FileRun {
    if (this.#file === null || this.#file.runs === MOST_RUNS)
      this.#file = { handle: this.#scratch.open(), bytes: 0, runs: 0, unread: 0 };
    const file = this.#file;
    file.runs++;
    file.unread++;
    return { file, from: file.bytes, bytes: 0 };
  }

  /** Adds to the last run of a file. */
  #append(run: FileRun, bytes: Uint8Array): void {
    this.#scratch.write(run.file.handle, bytes, run.file.bytes);
    run.file.bytes += bytes.length;
    run.bytes += bytes.length;
  }

  /** A run was read: a file of which all are is closed. */
  #release(run: SortedRun): void {
    if ('rows' in run || --run.file.unread > 0) return;
    this.#scratch.close(run.file.handle);
    if (this.#file === run.file) this.#file = null;
  }

  /** Adds a piece that stays in memory. */
  keep(rows: Int32Array, count: number): void {
    if (count > 0) this.#runs.push({ rows: inOrder(rows, count, this.shape) });
  }

  /** All rows in order, once; a row is a view that dies at the next step. */
  *sorted(): Generator<Int32Array> {
    this.keep(this.#rows, this.#count);
    this.#rows = new Int32Array(0);
    this.#count = 0;
    while (this.#runs.length > MOST_RUNS) this.#runs.push(this.#mergedRun(this.#runs.splice(0, MOST_RUNS)));
    const runs = this.#runs;
    this.#runs = [];
    yield* this.#merged(runs);
  }

  /** Several runs as one; theirs go. */
  #mergedRun(runs: readonly SortedRun[]): SortedRun {
    const { width } = this.shape;
    const run = this.#newRun();
    const block = new Int32Array(BLOCK_ROWS * width);
    let used = 0;
    const write = (): void => {
      this.#append(run, new Uint8Array(block.buffer, 0, 4 * used));
      used = 0;
    };
    for (const row of this.#merged(runs)) {
      block.set(row, used);
      used += width;
      if (used === block.length) write();
    }
    write();
    return run;
  }

  *#merged(runs: readonly SortedRun[]): Generator<Int32Array> {
    const { keys } = this.shape;
    const cursors = runs.map((run) => new Cursor(run, this.shape));
    try {
      // A heap of cursors by their row; equal rows in order of the runs.
      const heap = cursors.filter((c) => c.next());
      const before = (a: Cursor, b: Cursor): boolean => compareRows(a.row, b.row, keys) < 0;
      const sink = (i: number): void => {
        for (let at = i; ; ) {
          let least = at;
          for (const child of [2 * at + 1, 2 * at + 2])
            if (child < heap.length && before(heap[child], heap[least])) least = child;
          if (least === at) return;
          [heap[at], heap[least]] = [heap[least], heap[at]];
          at = least;
        }
      };
      for (let i = heap.length >> 1; i >= 0; i--) sink(i);
      while (heap.length > 0) {
        yield heap[0].row;
        if (!heap[0].next()) {
          const last = heap.pop() as Cursor;
          if (heap.length === 0) break;
          if (last !== heap[0]) heap[0] = last;
        }
        if (heap.length > 1) sink(0);
      }
    } finally {
      for (const run of runs) this.#release(run);
    }
  }
}

export function compareRows(a: Int32Array, b: Int32Array, keys: number): number {
  for (let k = 0; k < keys; k++) if (a[k] !== b[k]) return a[k] - b[k];
  return 0;
}

/** Goes through a sorted run. */
class Cursor {
  row: Int32Array = new Int32Array(0);
  #width: number;
  #run: FileRun | null;
  #block: Int32Array;
  #filled: number;
  #at = 0;
  /** Bytes of the run that were read. */
  #read = 0;

  constructor(run: SortedRun, { width }: RowShape) {
    this.#width = width;
    this.#run = 'rows' in run ? null : run;
    this.#block = 'rows' in run ? run.rows : new Int32Array(BLOCK_ROWS * width);
    this.#filled = 'rows' in run ? run.rows.length : 0;
  }

  next(): boolean {
    if (this.#at === this.#filled && !this.#fill()) return false;
    this.row = this.#block.subarray(this.#at, this.#at + this.#width);
    this.#at += this.#width;
    return true;
  }

  #fill(): boolean {
    const run = this.#run;
    if (run === null) return false;
    const bytes = new Uint8Array(this.#block.buffer);
    const wanted = Math.min(bytes.length, run.bytes - this.#read);
    let got = 0;
    while (got < wanted) {
      const n = readSync(run.file.handle, bytes, got, wanted - got, run.from + this.#read);
      if (n === 0) throw new InvariantError({ expected: `${wanted} bytes of counts`, got: `${got}` });
      got += n;
      this.#read += n;
    }
    this.#at = 0;
    this.#filled = got / 4;
    return got > 0;
  }
}
