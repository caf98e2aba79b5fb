import type { Kernel } from '../../../kernels/kernel.ts';
import { type MinhashKernel, openMinhashKernel } from '../../../kernels/minhash.ts';
import { RECORD_WORDS } from '../../../kernels/substring.ts';
import type { DocumentBatch } from '../../../streams/batch/batch.ts';
import { type Column, stringAt } from '../../../streams/batch/columns.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import { dropsFor, rowsInScope, type StepDescriptor } from '../../../streams/operator.ts';
import { isSpace } from '../space.ts';
import { decideRepeated, findRepeated, type RepeatedDecision } from './repeated-spans.ts';
import { packedRecords, recordsInParts } from './span-records.ts';
import { settleSpans } from './spans-in-parts.ts';

/**
 * Pieces of a text: each begins at an entry and ends at the next; the last entry is the length. A piece includes what
 * follows it.
 */
export type PieceFunction = (values: Uint8Array, from: number, to: number, bounds: number[]) => void;

/** What tells one kind of pieces from another. */
export interface PieceKind extends Omit<RepeatedDecision, 'minWordsLeft' | 'minSentencesLeft'> {
  readonly split: PieceFunction;
  /** Pieces in a row that are compared as one. */
  readonly together: number;
  /** Copies are those of the same domain only. */
  readonly byDomain: boolean;
}

/** Options of the steps on pieces; `piece-options.ts` says what each means. */
interface Options {
  readonly normalize: 'trimmed' | 'letters';
  readonly minBytes: number;
  readonly minWordsLeft: number;
  readonly minSentencesLeft?: number;
}

/** The barrier behind `dedup.paragraphs()` and its kin. */
export async function pieceBarrier(descriptor: StepDescriptor, kernel: Kernel, kind: PieceKind): Promise<Barrier> {
  const options = keptOptions(descriptor);
  const letters =
    options.normalize === 'letters'
      ? await openMinhashKernel({ unit: 'words', size: 1, bands: 1, rows: 1, method: 'oph', seed: 1 })
      : null;
  return {
    keys(batch, spans) {
      const columns: Map<string, Column> = pieceRecords(batch, descriptor, options, kernel, letters, kind);
      columns.set('start', { type: 'float64', values: spans.start, valid: null });
      columns.set('bytes', { type: 'int32', values: spans.bytes, valid: null });
      return columns;
    },
    decide: (splits, memoryBytes) => decideRepeated(splits, memoryBytes, { ...kind, ...options }),
    scattered: {
      textless: true,
      rowsOf: recordsInParts,
      find: (splits, memoryBytes) => findRepeated(splits, memoryBytes, kind),
      settle: (split, found) => settleSpans(split, found, { ...kind, ...options }),
    },
  };
}

/** Of a step that drops nothing no more is asked of what is left. */
function keptOptions(descriptor: StepDescriptor): Options {
  const options = descriptor.options as unknown as Options;
  return dropsFor(descriptor) === null ? { ...options, minWordsLeft: 0, minSentencesLeft: 0 } : options;
}

function pieceRecords(
  batch: DocumentBatch,
  descriptor: StepDescriptor,
  { minBytes }: Options,
  kernel: Kernel,
  letters: MinhashKernel | null,
  kind: PieceKind,
): Map<string, Column> {
  const scope = rowsInScope(batch, descriptor.where);
  const { values, offsets: texts } = batch.utf8('text');
  // Trimmed pieces one after the other, with what lies between them as rows that are not alive.
  let pieces = 0;
  const room = 1024 + ((texts[batch.rows] - texts[0]) >> 5);
  let trims = new Int32Array(2 * room);
  let start = new Int32Array(room);
  let end = new Int32Array(room);
  trims[0] = texts[0];
  const ofRow = new Int32Array(batch.rows + 1);
  const bounds: number[] = [];
  for (let row = 0; row < batch.rows; row++) {
    bounds.length = 0;
    if (scope[row] === 1) kind.split(values, texts[row], texts[row + 1], bounds);
    const first = texts[row];
    for (let b = 0; b + 1 < bounds.length; b++) {
      let from = bounds[b];
      let to = bounds[b + 1];
      while (from < to && isSpace(values[from])) from++;
      while (to > from && isSpace(values[to - 1])) to--;
      if (from === to) continue;
      if (pieces === start.length) [trims, start, end] = [grown(trims), grown(start), grown(end)];
      if (2 * pieces + 2 >= trims.length) trims = grown(trims);
      trims[2 * pieces + 1] = from;
      trims[2 * pieces + 2] = to;
      start[pieces] = bounds[b] - first;
      end[pieces++] = bounds[b + 1] - first;
    }
    ofRow[row + 1] = pieces;
  }
  const { hashes, counts } = hashesOf(values, trims.subarray(0, 2 * pieces + 1), kernel, letters);
  const domains = kind.byDomain ? domainHashes(batch, kernel) : null;
  const words = new Uint32Array(pieces * RECORD_WORDS);
  const offsets = new Int32Array(batch.rows + 1);
  const spans = kind.together > 1 ? joinedHashes(hashes, ofRow, kind.together) : hashes;
  let n = 0;
  for (let row = 0; row < batch.rows; row++) {
    const many = ofRow[row + 1] - ofRow[row];
    // A text with fewer pieces than are compared at once is one span.
    const last = Math.max(ofRow[row] + Math.min(1, many), ofRow[row + 1] - kind.together + 1);
    for (let k = ofRow[row]; k < last; k++) {
      const to = Math.min(k + kind.together, ofRow[row + 1]) - 1;
      let units = counts === null ? 1 : 0;
      for (let j = k; counts !== null && j <= to; j++) units += counts[2 * j + 1];
      if (units === 0 || trims[2 * to + 2] - trims[2 * k + 1] < minBytes) continue;
      const at = n++ * RECORD_WORDS;
      for (let w = 0; w < 4; w++) words[at + w] = spans[4 * k + w];
      if (domains !== null) for (let w = 0; w < 4; w++) words[at + w] ^= domains[4 * row + w];
      words[at + 6] = start[k];
      words[at + 7] = end[to];
    }
    offsets[row + 1] = n;
  }
  return packedRecords(offsets, words.subarray(0, n * RECORD_WORDS));
}

function grown(list: Int32Array<ArrayBuffer>): Int32Array<ArrayBuffer> {
  const twice = new Int32Array(list.length * 2);
  twice.set(list);
  return twice;
}

/** Four words a piece; and, by letters, the words of each row of `bounds` (of piece i at 2 i + 1). */
function hashesOf(
  values: Uint8Array,
  bounds: Int32Array,
  kernel: Kernel,
  letters: MinhashKernel | null,
): { hashes: Uint32Array; counts: Int32Array | null } {
  const rows = bounds.length - 1;
  const flags = new Uint8Array(rows);
  for (let i = 1; i < rows; i += 2) flags[i] = 1;
  const keys = letters?.keys(values, bounds, rows, flags);
  const both = keys ? keys.normalized : kernel.contentHashes(values, bounds, rows, flags);
  const all = new Uint32Array(both.buffer, both.byteOffset, rows * 4);
  const hashes = new Uint32Array(rows * 2);
  for (let i = 0; i < rows / 2; i++) {
    const from = 4 * (2 * i + 1);
    const to = 4 * i;
    hashes[to] = all[from];
    hashes[to + 1] = all[from + 1];
    hashes[to + 2] = all[from + 2];
    hashes[to + 3] = all[from + 3];
  }
  return { hashes, counts: keys ? keys.shingles : null };
}

/**
 * Hash of the hashes of so many pieces in a row, for each piece that has as many after it; less at the end of a row.
 * The four words of a hash are as good as random, so each may go its own way.
 */
function joinedHashes(hashes: Uint32Array, ofRow: Int32Array, together: number): Uint32Array {
  const pieces = hashes.length / 4;
  const joined = new Uint32Array(hashes.length);
  for (let k = 0, row = 0; k < pieces; k++) {
    while (k >= ofRow[row + 1]) row++;
    const last = Math.min(k + together, ofRow[row + 1]);
    for (let w = 0; w < 4; w++) {
      let h = last - k;
      for (let j = k; j < last; j++) {
        h = Math.imul(h ^ hashes[4 * j + w], 0x9e3779b1);
        h ^= h >>> 15;
      }
      joined[4 * k + w] = h;
    }
  }
  return joined;
}

function domainHashes(batch: DocumentBatch, kernel: Kernel): Uint32Array {
  const domains = batch.utf8('domain');
  const known = new Map<string, Uint32Array>();
  const out = new Uint32Array(batch.rows * 4);
  for (let row = 0; row < batch.rows; row++) {
    const domain = stringAt(domains, row) ?? '';
    let hash = known.get(domain);
    if (hash === undefined) {
      const bytes = Buffer.from(`domain ${domain}`);
      hash = new Uint32Array(kernel.contentHashes(bytes, Int32Array.of(0, bytes.length), 1, null).buffer);
      known.set(domain, hash);
    }
    out.set(hash, row * 4);
  }
  return out;
}

const NEWLINE = 10;

/** Lines, each with its `\n`. */
export function splitLines(values: Uint8Array, from: number, to: number, bounds: number[]): void {
  bounds.push(from);
  for (let at = values.indexOf(NEWLINE, from); at >= 0 && at < to - 1; at = values.indexOf(NEWLINE, at + 1))
    bounds.push(at + 1);
  bounds.push(to);
}

/** Paragraphs: what stands between lines that are blank; each with the blank lines after it. */
export function splitParagraphs(values: Uint8Array, from: number, to: number, bounds: number[]): void {
  bounds.push(from);
  let blank = false;
  for (let at = from; at < to; ) {
    const newline = values.indexOf(NEWLINE, at);
    const end = newline < 0 || newline >= to ? to : newline + 1;
    let solid = at;
    while (solid < end && isSpace(values[solid])) solid++;
    if (solid === end) blank = true;
    else if (blank) {
      if (at > bounds[bounds.length - 1]) bounds.push(at);
      blank = false;
    }
    at = end;
  }
  bounds.push(to);
}

/** Bytes at which a sentence may end, or what ends it begins. */
const MAY_END = new Uint8Array(256);
for (const byte of [NEWLINE, 33, 46, 63, 0xe3, 0xef]) MAY_END[byte] = 1;

/**
 * Sentences: up to a full stop, question or exclamation mark (and what closes quotes and brackets after it) that white
 * space follows, `。！？` and their halfwidth kin anywhere, and line ends. Abbreviations end a sentence too: copies are
 * parted alike, which is all that counts here.
 */
export function splitSentences(values: Uint8Array, from: number, to: number, bounds: number[]): void {
  bounds.push(from);
  for (let at = from; at < to; ) {
    const byte = values[at++];
    if (MAY_END[byte] === 0) continue;
    let ends = byte === NEWLINE;
    if (byte === 46 || byte === 33 || byte === 63) {
      while (at < to && (values[at] === 34 || values[at] === 39 || values[at] === 41 || values[at] === 93)) at++;
      ends = at < to && isSpace(values[at]);
    } else if (byte === 0xe3 && values[at] === 0x80 && values[at + 1] === 0x82) {
      at += 2;
      ends = true;
    } else if (byte === 0xef && values[at] === 0xbc && (values[at + 1] === 0x81 || values[at + 1] === 0x9f)) {
      at += 2;
      ends = true;
    }
    if (!ends) continue;
    while (at < to && isSpace(values[at])) at++;
    if (at < to) bounds.push(at);
  }
  bounds.push(to);
}
