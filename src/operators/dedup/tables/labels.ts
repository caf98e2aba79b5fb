import { closeSync, openSync, rmSync, writeSync } from 'node:fs';
import { scratchOf } from '../../../streams/flow/barrier.ts';
import { type KeyTables, readFully } from './key-tables.ts';

/** Position labels of the documents that stand for others. */
export interface Labels {
  label(document: number): string;
  close(): void;
}

/**
 * Collects the labels of the documents whose bit is set, in a temporary file beside the keys: 12 bytes of memory a
 * survivor instead of a string, so that ten million clusters are no matter.
 */
export function openLabels(tables: KeyTables, wanted: DocumentSet): Labels {
  const path = scratchOf(tables.splits[0], 'labels');
  const documents = wanted.list();
  const ends = new Float64Array(documents.length + 1);
  if (documents.length === 0) return { label: () => '', close: () => {} };
  const file = openSync(path, 'w+');
  let at = 0;
  let next = 0;
  tables.scanText(
    'label',
    (values, offsets, first, rows) => {
      const parts: Uint8Array[] = [];
      for (; next < documents.length && documents[next] < first + rows; next++) {
        const part = values.subarray(offsets[documents[next] - first], offsets[documents[next] - first + 1]);
        parts.push(part);
        ends[next + 1] = ends[next] + part.length;
      }
      const bytes = Buffer.concat(parts);
      for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done);
      at += bytes.length;
    },
    (from, to) => next < documents.length && documents[next] < to && documents[next] >= from,
  );
  return {
    label(document) {
      const k = indexOf(documents, document);
      const bytes = new ArrayBuffer(ends[k + 1] - ends[k]);
      readFully(file, bytes, bytes.byteLength, ends[k], path);
      return Buffer.from(bytes).toString('utf8');
    },
    close() {
      closeSync(file);
      rmSync(path, { force: true });
    },
  };
}

/** A set of document numbers: one bit each. */
export class DocumentSet {
  #bits: Uint8Array;
  #size: number;

  constructor(size: number) {
    this.#size = size;
    this.#bits = new Uint8Array(Math.ceil(size / 8));
  }

  add(document: number): void {
    this.#bits[Math.floor(document / 8)] |= 1 << (document % 8);
  }

  has(document: number): boolean {
    return (this.#bits[Math.floor(document / 8)] & (1 << (document % 8))) !== 0;
  }

  count(): number {
    let count = 0;
    for (const byte of this.#bits) for (let b = byte; b !== 0; b &= b - 1) count++;
    return count;
  }

  /** Ascending. */
  list(): Int32Array {
    const list = new Int32Array(this.count());
    let n = 0;
    for (let d = 0; d < this.#size; d++) if (this.has(d)) list[n++] = d;
    return list;
  }
}

/** Place of a value in an ascending list that holds it. */
export function indexOf(list: Int32Array | Uint32Array, value: number): number {
  let [low, high] = [0, list.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (list[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
