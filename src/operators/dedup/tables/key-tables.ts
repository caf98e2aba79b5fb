import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { InputError } from '../../../errors.ts';
import type { BarrierSplit } from '../../../streams/flow/barrier.ts';
import { decodeHead, headLength } from '../../../streams/flow/spill.ts';

/**
 * Side columns of documents that earlier runs have kept: frames from this byte on, with those columns that the decision
 * asks for.
 */
export interface EarlierKeys {
  readonly path: string;
  readonly from: number;
}

/** A run of documents that lie in one frame of a keys file. */
interface Frame {
  readonly body: number;
  readonly rows: number;
  readonly columns: readonly {
    readonly name: string;
    readonly at: number;
    readonly bytes: number;
    readonly offsets?: number;
  }[];
}

/**
 * Where the columns of a frame start, for frames that have the same columns; by the JSON of names and rows, so that few
 * are kept.
 */
type Layouts = Map<string, Frame['columns']>;

/**
 * The side columns of all splits, read column by column: a pass over one 64-bit column of 10^9 documents reads 8 GB and
 * no more. Reads are synchronous: they come from the page cache a few microseconds each, and a promise for each would
 * cost ten times that. Documents are numbered in input order: first those of earlier runs, if any, then those of the
 * splits.
 */
export class KeyTables {
  readonly splits: readonly BarrierSplit[];
  /** Number of the first document of each split; one more entry with their total. */
  readonly first: Float64Array;
  /** Documents of earlier runs: these have the lowest numbers. */
  readonly earlier: number;
  #files: { readonly path: string; readonly first: number; readonly end: number; readonly frames: readonly Frame[] }[];

  constructor(splits: readonly BarrierSplit[], earlier: readonly EarlierKeys[] = []) {
    this.splits = splits;
    const layouts: Layouts = new Map();
    let first = 0;
    const end = Number.POSITIVE_INFINITY;
    this.#files = [
      ...earlier.map((e) => ({ ...e, to: end })),
      ...splits.map(({ keys, range = { from: 0, to: end } }) => ({ path: keys, ...range })),
    ].map(({ path, from, to }) => {
      const frames = framesOf(path, from, to, layouts);
      const file = { path, first, end: first + frames.reduce((n, f) => n + f.rows, 0), frames };
      first = file.end;
      return file;
    });
    const own = this.#files.slice(earlier.length);
    this.earlier = own[0]?.first ?? first;
    this.first = Float64Array.from([...own.map((f) => f.first), first]);
  }

  /** Documents of earlier runs and of the splits. */
  get documents(): number {
    return this.first[this.splits.length];
  }

  /** The split that a document lies in. */
  splitOf(document: number): number {
    let [low, high] = [0, this.splits.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.first[middle] <= document) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /**
   * Calls `visit` with the raw bytes of the columns, frame by frame, in order. The buffers are used again for the next
   * frame.
   * @param wanted says which runs of documents are needed; default: all.
   */
  scan(
    names: readonly string[],
    visit: (columns: readonly ArrayBuffer[], firstDocument: number, rows: number) => void,
    wanted: (from: number, to: number) => boolean = () => true,
  ): void {
    const buffers = names.map(() => new ArrayBuffer(0));
    this.#eachFrame(wanted, (frame, from, read) => {
      names.forEach((name, k) => {
        const column = columnOf(frame, name);
        if (buffers[k].byteLength < column.bytes) buffers[k] = new ArrayBuffer(column.bytes);
        read(buffers[k], column.bytes, column.at);
      });
      visit(buffers, from, frame.rows);
    });
  }

  /** The strings of a utf8 column, as bytes, for the runs of documents wanted. */
  scanText(
    name: string,
    visit: (values: Uint8Array, offsets: Int32Array, firstDocument: number, rows: number) => void,
    wanted: (from: number, to: number) => boolean,
  ): void {
    this.#eachFrame(wanted, (frame, from, read) => {
      const column = columnOf(frame, name);
      const values = new ArrayBuffer(column.bytes);
      const offsets = new ArrayBuffer((frame.rows + 1) * 4);
      read(values, column.bytes, column.at);
      read(offsets, offsets.byteLength, column.offsets ?? 0);
      visit(new Uint8Array(values), new Int32Array(offsets), from, frame.rows);
    });
  }

  /** The frames wanted, each with the number of its first document and a way to read bytes of its body. */
  #eachFrame(
    wanted: (from: number, to: number) => boolean,
    visit: (frame: Frame, first: number, read: (into: ArrayBuffer, bytes: number, at: number) => void) => void,
  ): void {
    for (const { path, first, end, frames } of this.#files) {
      if (!wanted(first, end)) continue;
      const file = openSync(path, 'r');
      try {
        let document = first;
        for (const frame of frames) {
          const from = document;
          document += frame.rows;
          if (!wanted(from, document)) continue;
          visit(frame, from, (into, bytes, at) => readFully(file, into, bytes, frame.body + at, path));
        }
      } finally {
        closeSync(file);
      }
    }
  }
}

function columnOf(frame: Frame, name: string): Frame['columns'][number] {
  const column = frame.columns.find((c) => c.name === name);
  if (column) return column;
  throw new InputError({
    expected: `side column ${name}`,
    got: frame.columns.map((c) => c.name).join(', '),
    fix: 'Start again with --fresh: the work folder is of another version.',
  });
}

function framesOf(path: string, from: number, to: number, layouts: Layouts): Frame[] {
  const file = openSync(path, 'r');
  try {
    const size = Math.min(to, fstatSync(file).size);
    const frames: Frame[] = [];
    for (let at = from; at < size; ) {
      const start = new ArrayBuffer(8);
      readFully(file, start, 8, at, path);
      const length = headLength(new Uint8Array(start));
      const head = new ArrayBuffer(length);
      readFully(file, head, length, at, path);
      const { header } = decodeHead(new Uint8Array(head), path);
      const columns = header.columns.map((c) => ({
        name: c.name,
        at: c.values.at,
        bytes: c.values.bytes,
        offsets: c.offsets?.at,
      }));
      const key = JSON.stringify(columns);
      const layout = layouts.get(key) ?? columns;
      if (layouts.size < 1000) layouts.set(key, layout);
      frames.push({ body: at + length, rows: header.rows, columns: layout });
      at += length + header.body;
    }
    return frames;
  } finally {
    closeSync(file);
  }
}

export function readFully(file: number, into: ArrayBuffer, bytes: number, position: number, where: string): void {
  const view = new Uint8Array(into, 0, bytes);
  for (let done = 0; done < bytes; ) {
    const read = readSync(file, view, done, bytes - done, position + done);
    if (read === 0)
      throw new InputError({
        expected: `${bytes} bytes at ${position}`,
        got: 'end of file',
        where,
        fix: 'Start again with --fresh.',
      });
    done += read;
  }
}
