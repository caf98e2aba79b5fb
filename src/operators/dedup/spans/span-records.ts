import { closeSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { RECORD_WORDS } from '../../../kernels/substring.ts';
import type { DocumentBatch } from '../../../streams/batch/batch.ts';
import { type Column, takeRows } from '../../../streams/batch/columns.ts';
import { type PartRows, scratchOf } from '../../../streams/flow/barrier.ts';
import type { KeyTables } from '../tables/key-tables.ts';

/**
 * Side column of packed records about spans of a document: RECORD_WORDS words each, the key in the first two, start and
 * end in the last two.
 */
export const SPAN_RECORDS = 'span_records';
/** By the upper bits of the key; ranges of them make the partitions. */
const BUCKETS = 4096;
const SHIFT = 20;
/** Where records are mixed, each has the number of its document too. */
export const DISK_WORDS = RECORD_WORDS + 1;

/** Called with the words, where the record begins in them, and the document's number. */
export type VisitRecord = (words: Uint32Array, at: number, document: number) => void;

/** @param offsets length rows + 1, in records */
export function packedRecords(offsets: Int32Array, words: Uint32Array): Map<string, Column> {
  const values = new Uint8Array(words.buffer, words.byteOffset, words.byteLength);
  const bytes = offsets.map((o) => o * RECORD_WORDS * 4);
  return new Map([[SPAN_RECORDS, { type: 'utf8', offsets: bytes, values, valid: null }]]);
}

/**
 * The rows that have records in each part, by the first word of their keys, with these records.
 * @param others columns that a part needs of its rows too
 */
export function recordsInParts(columns: DocumentBatch, parts: number, others: readonly string[] = []): PartRows[] {
  const { offsets, values } = columns.utf8(SPAN_RECORDS);
  // A column may begin at any byte.
  const all = values.slice();
  const words = new Uint32Array(all.buffer, 0, all.length >> 2);
  const rows: number[][] = Array.from({ length: parts }, () => []);
  const ends: number[][] = Array.from({ length: parts }, () => [0]);
  const taken: number[][] = Array.from({ length: parts }, () => []);
  for (let row = 0; row < columns.rows; row++)
    for (let at = offsets[row] >> 2; at < offsets[row + 1] >> 2; at += RECORD_WORDS) {
      const part = words[at] % parts;
      if (rows[part].at(-1) !== row) {
        rows[part].push(row);
        ends[part].push(ends[part].at(-1)!);
      }
      ends[part][ends[part].length - 1]++;
      taken[part].push(at);
    }
  return rows.map((own, part) => {
    const records = new Uint32Array(taken[part].length * RECORD_WORDS);
    for (const [i, at] of taken[part].entries()) records.set(words.subarray(at, at + RECORD_WORDS), i * RECORD_WORDS);
    const made = packedRecords(Int32Array.from(ends[part]), records);
    for (const name of others) made.set(name, takeRows(columns.number(name), own));
    return { rows: Int32Array.from(own), columns: made };
  });
}

/** Records of all splits in input order. */
export function eachRecord(tables: KeyTables, visit: VisitRecord): void {
  tables.scanText(
    SPAN_RECORDS,
    (values, offsets, firstDocument, rows) => {
      const words = new Uint32Array(values.buffer, values.byteOffset, values.byteLength >> 2);
      for (let i = 0; i < rows; i++)
        for (let at = offsets[i] >> 2; at < offsets[i + 1] >> 2; at += RECORD_WORDS)
          visit(words, at, firstDocument + i);
    },
    () => true,
  );
}

/** The records of some keys, in input order, as often as wanted. */
export interface RecordPart {
  readonly count: number;
  each(visit: VisitRecord): void;
}

/**
 * Records by key, so many at once that `bytesPerRecord` of each fit `memoryBytes`. When that is not all of them, they
 * are written once to a temporary file beside the keys, part after part (36 bytes a record). A key is never parted.
 */
export function* recordParts(
  tables: KeyTables,
  memoryBytes: number,
  bytesPerRecord: number,
): Generator<RecordPart, void, void> {
  const sizes = new Float64Array(BUCKETS);
  eachRecord(tables, (words, at) => {
    sizes[words[at + 1] >>> SHIFT]++;
  });
  const partOf = new Uint16Array(BUCKETS);
  const counts: number[] = [0];
  for (let b = 0; b < BUCKETS; b++) {
    const count = counts[counts.length - 1];
    if (count > 0 && (count + sizes[b]) * bytesPerRecord > memoryBytes) counts.push(0);
    partOf[b] = counts.length - 1;
    counts[counts.length - 1] += sizes[b];
  }
  if (counts.length === 1) {
    yield { count: counts[0], each: (visit) => eachRecord(tables, visit) };
    return;
  }
  const path = scratchOf(tables.splits[0], 'spans');
  const file = openSync(path, 'w+');
  try {
    const starts = distribute(tables, file, partOf, counts, memoryBytes / 4);
    for (const [p, count] of counts.entries())
      yield { count, each: (visit) => readPart(file, starts[p], count, visit) };
  } finally {
    closeSync(file);
    rmSync(path, { force: true });
  }
}

function distribute(
  tables: KeyTables,
  file: number,
  partOf: Uint16Array,
  counts: readonly number[],
  bufferBytes: number,
): number[] {
  const starts: number[] = [];
  for (let p = 0, at = 0; p < counts.length; at += counts[p++]) starts.push(at);
  const next = [...starts];
  const room = Math.min(2048, Math.max(16, Math.floor(bufferBytes / counts.length / DISK_WORDS / 4)));
  const buffers = counts.map(() => new Uint32Array(room * DISK_WORDS));
  const filled = new Int32Array(counts.length);
  const flush = (p: number): void => {
    const bytes = new Uint8Array(buffers[p].buffer, 0, filled[p] * 4);
    const at = next[p] * DISK_WORDS * 4;
    for (let done = 0; done < bytes.length; ) done += writeSync(file, bytes, done, bytes.length - done, at + done);
    next[p] += filled[p] / DISK_WORDS;
    filled[p] = 0;
  };
  eachRecord(tables, (words, at, document) => {
    const p = partOf[words[at + 1] >>> SHIFT];
    if (filled[p] === buffers[p].length) flush(p);
    const buffer = buffers[p];
    const to = filled[p];
    for (let w = 0; w < RECORD_WORDS; w++) buffer[to + w] = words[at + w];
    buffer[to + RECORD_WORDS] = document;
    filled[p] = to + DISK_WORDS;
  });
  for (let p = 0; p < counts.length; p++) flush(p);
  return starts;
}

function readPart(file: number, start: number, count: number, visit: VisitRecord): void {
  const buffer = new Uint32Array(8192 * DISK_WORDS);
  const view = new Uint8Array(buffer.buffer);
  for (let from = 0; from < count; from += 8192) {
    const bytes = Math.min(8192, count - from) * DISK_WORDS * 4;
    const position = (start + from) * DISK_WORDS * 4;
    for (let done = 0; done < bytes; ) done += readSync(file, view, done, bytes - done, position + done);
    for (let at = 0; at < bytes >> 2; at += DISK_WORDS) visit(buffer, at, buffer[at + RECORD_WORDS]);
  }
}
