import * as z from 'zod';
import type { Kernel } from '../../kernels/kernel.ts';
import { type MinhashKernel, openMinhashKernel } from '../../kernels/minhash.ts';
import { RECORD_WORDS } from '../../kernels/substring.ts';
import type { Barrier } from '../../streams/barrier.ts';
import type { DocumentBatch } from '../../streams/batch.ts';
import { type Column, stringAt } from '../../streams/columns.ts';
import { rowsInScope, type StepDescriptor } from '../../streams/operator.ts';
import { decideRepeated, type RepeatedDecision } from './repeated-spans.ts';
import { isSpace } from './span-decision.ts';
import { packedRecords } from './span-records.ts';

/** Options of all steps that compare pieces of texts. */
export const pieceOptions = z.strictObject({
  /**
   * What may differ between copies. `trimmed`: ASCII white space at both ends. `letters`: everything but letters, numbers and `_`, and their case and
   * accents, as in `dedup.normalized()`; a piece without a letter or number is then left alone.
   */
  normalize: z.enum(['trimmed', 'letters']).default('trimmed'),
  /** Pieces of fewer bytes, white space at the ends not counted, are left alone: `***`, `}` and `Share` repeat everywhere. */
  minBytes: z.int().min(1).default(30),
  /** Fewer words left in a document that lost something, and it is dropped. */
  minWordsLeft: z.int().min(0).default(0),
});

/** Pieces of a text: each begins at an entry and ends at the next; the last entry is the length. A piece includes what follows it. */
export type PieceFunction = (values: Uint8Array, from: number, to: number, bounds: number[]) => void;

/** What tells one kind of pieces from another. */
export interface PieceKind extends Omit<RepeatedDecision, 'minWordsLeft' | 'minSentencesLeft'> {
  readonly split: PieceFunction;
  /** Pieces in a row that are compared as one. */
  readonly together: number;
  /** Copies are those of the same domain only. */
  readonly byDomain: boolean;
}

type Options = z.infer<typeof pieceOptions> & { readonly minSentencesLeft?: number };

/** The barrier behind `dedup.paragraphs()` and its kin. */
export async function pieceBarrier(descriptor: StepDescriptor, kernel: Kernel, kind: PieceKind): Promise<Barrier> {
  const options = descriptor.options as unknown as Options;
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
  };
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
  const trims: number[] = [texts[0]];
  const alive: number[] = [];
  const start: number[] = [];
  const end: number[] = [];
  const ofRow = new Int32Array(batch.rows + 1);
  const bounds: number[] = [];
  for (let row = 0; row < batch.rows; row++) {
    bounds.length = 0;
    if (scope[row] === 1) kind.split(values, texts[row], texts[row + 1], bounds);
    for (let b = 0; b + 1 < bounds.length; b++) {
      let [from, to] = [bounds[b], bounds[b + 1]];
      while (from < to && isSpace(values[from])) from++;
      while (to > from && isSpace(values[to - 1])) to--;
      if (from === to) continue;
      trims.push(from, to);
      alive.push(0, 1);
      start.push(bounds[b] - texts[row]);
      end.push(bounds[b + 1] - texts[row]);
    }
    ofRow[row + 1] = start.length;
  }
  const { hashes, counts } = hashesOf(values, trims, alive, kernel, letters);
  const domains = kind.byDomain ? domainHashes(batch, kernel) : null;
  const words = new Uint32Array(start.length * RECORD_WORDS);
  const offsets = new Int32Array(batch.rows + 1);
  const spans = kind.together > 1 ? joinedHashes(hashes, ofRow, kind.together, kernel) : hashes;
  let n = 0;
  for (let row = 0; row < batch.rows; row++) {
    const many = ofRow[row + 1] - ofRow[row];
    // A text with fewer pieces than are compared at once is one span.
    const last = Math.max(ofRow[row] + Math.min(1, many), ofRow[row + 1] - kind.together + 1);
    for (let k = ofRow[row]; k < last; k++) {
      const to = Math.min(k + kind.together, ofRow[row + 1]) - 1;
      let units = 0;
      for (let j = k; j <= to; j++) units += counts === null ? 1 : counts[2 * j + 1];
      if (units === 0 || trims[2 * to + 2] - trims[2 * k + 1] < minBytes) continue;
      const at = n++ * RECORD_WORDS;
      for (let w = 0; w < 4; w++) words[at + w] = spans[4 * k + w] ^ (domains?.[4 * row + w] ?? 0);
      words[at + 6] = start[k];
      words[at + 7] = end[to];
    }
    offsets[row + 1] = n;
  }
  return packedRecords(offsets, words.subarray(0, n * RECORD_WORDS));
}

/** Four words a piece; and, by letters, the words of each row of `trims` (of piece i at 2 i + 1). */
function hashesOf(
  values: Uint8Array,
  trims: readonly number[],
  alive: readonly number[],
  kernel: Kernel,
  letters: MinhashKernel | null,
): { hashes: Uint32Array; counts: Int32Array | null } {
  const bounds = Int32Array.from(trims);
  const flags = Uint8Array.from(alive);
  const keys = letters?.keys(values, bounds, alive.length, flags);
  const both = keys ? keys.normalized : kernel.contentHashes(values, bounds, alive.length, flags);
  const all = new Uint32Array(both.buffer, both.byteOffset, alive.length * 4);
  const hashes = new Uint32Array(alive.length * 2);
  for (let i = 0; i < alive.length / 2; i++) for (let w = 0; w < 4; w++) hashes[4 * i + w] = all[4 * (2 * i + 1) + w];
  return { hashes, counts: keys ? keys.shingles : null };
}

/** Hash of the hashes of so many pieces in a row, for each piece that has as many after it; less at the end of a row. */
function joinedHashes(hashes: Uint32Array, ofRow: Int32Array, together: number, kernel: Kernel): Uint32Array {
  const pieces = hashes.length / 4;
  const copied = new Uint32Array(pieces * together * 4);
  const offsets = new Int32Array(pieces + 1);
  let row = 0;
  for (let k = 0; k < pieces; k++) {
    while (k >= ofRow[row + 1]) row++;
    const part = hashes.subarray(4 * k, 4 * Math.min(k + together, ofRow[row + 1]));
    copied.set(part, offsets[k] / 4);
    offsets[k + 1] = offsets[k] + part.byteLength;
  }
  const joined = kernel.contentHashes(new Uint8Array(copied.buffer), offsets, pieces, null);
  return new Uint32Array(joined.buffer, joined.byteOffset, pieces * 4);
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

/**
 * Sentences: up to a full stop, question or exclamation mark (and what closes quotes and brackets after it) that white space follows, `。！？` and their halfwidth
 * kin anywhere, and line ends. Abbreviations end a sentence too: copies are parted alike, which is all that counts here.
 */
export function splitSentences(values: Uint8Array, from: number, to: number, bounds: number[]): void {
  bounds.push(from);
  for (let at = from; at < to; ) {
    const byte = values[at++];
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
