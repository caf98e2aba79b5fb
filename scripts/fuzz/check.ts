import { gzipSync } from 'node:zlib';
import { C4_DEFAULTS, type C4Options } from '../../src/kernels/c4.ts';
import type { Kernel } from '../../src/kernels/kernel.ts';
import { c4Document } from '../../src/kernels/reference/c4-lines.ts';
import { referenceContentHash } from '../../src/kernels/reference/hash.ts';
import { referenceRecord, type ScanFields } from '../../src/kernels/reference/scanner.ts';
import { referenceStatistics } from '../../src/kernels/reference/statistics.ts';
import { FAMILY, STATISTICS } from '../../src/kernels/statistics.ts';
import { type Random, seededRandom } from '../../src/random.ts';
import type { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { stringAt } from '../../src/streams/batch/columns.ts';
import { windowOver } from '../../src/streams/codecs/window.ts';
import type { ZstdModule } from '../../src/streams/codecs/zstd-module.ts';
import { BatchBuilder } from '../../src/streams/formats/batch-builder.ts';
import { isBlank } from '../../src/streams/formats/lines.ts';
import { readJsonl } from '../../src/streams/formats/read-jsonl.ts';
import { readOptions } from '../../src/streams/inputs/read-options.ts';
import type { Codec, PlannedFile } from '../../src/streams/plan/splits.ts';
import type { CheckTexts } from '../certify/dedup-checks.ts';
import { hostileLines } from './lines.ts';

/** What a batch of fuzzed lines came to. */
export interface FuzzCount {
  /** Records read: documents and those set aside. */
  records: number;
  documents: number;
  quarantined: number;
  bytes: number;
  /** Where an engine part and its reference disagree; the first few, as sentences. */
  differences: string[];
}

export interface FuzzParts {
  readonly dedup: CheckTexts;
  readonly kernel: Kernel;
  readonly zstd: ZstdModule;
}

const FIELDS: ScanFields = { text: 'text', id: 'id', domain: ['domain', 'metadata.domain'] };
const OPTIONS = readOptions.parse({});
const C4: readonly C4Options[] = [
  C4_DEFAULTS,
  { ...C4_DEFAULTS, terminalPunct: false, minWords: 0, maxWordLength: 40 },
];
const PATH = 'fuzz.jsonl';
/** Lines of one call. */
export const LINES = 256;

/** What the reader should give, by JSON.parse line by line: a row or a reason each. */
function* expected(bytes: Buffer): Generator<string> {
  let at = bytes.subarray(0, 3).equals(Buffer.from('\ufeff')) ? 3 : 0;
  for (let row = 0; at < bytes.length; ) {
    const newline = bytes.indexOf(10, at);
    const end = newline < 0 ? bytes.length : newline;
    const line = bytes.subarray(at, end);
    if (!isBlank(line)) {
      const record = referenceRecord(line, FIELDS);
      const place = `${at} ${row++} `;
      if ('reason' in record) yield `${place}${record.reason} ${line.length}`;
      else
        yield place +
          [record.id ?? `${PATH}#0.${at}`, record.domain ?? 'fuzz', record.metadata, record.text].join('\0');
    }
    at = end + 1;
  }
}

/**
 * Cuts bytes in up to three and packs each part: members, frames. Offsets of records are those of their block, so they
 * are left out then.
 */
function packed(random: Random, bytes: Buffer, codec: Codec, zstd: ZstdModule): Buffer {
  if (codec === 'none') return bytes;
  const cuts = [0, random.below(bytes.length + 1), random.below(bytes.length + 1), bytes.length].sort((a, b) => a - b);
  const parts = [0, 1, 2].map((i) => bytes.subarray(cuts[i], cuts[i + 1]));
  return Buffer.concat(parts.map((p) => (codec === 'gzip' ? gzipSync(p, { level: 1 }) : zstd.compress(p, 1))));
}

/** One batch of lines, made from `seed` and its number alone, through reader, statistics, content hash and C4 rules. */
export async function fuzzBatch({ kernel, zstd, dedup }: FuzzParts, seed: number, number: number): Promise<FuzzCount> {
  const random = seededRandom(seed, `fuzz ${number}`);
  const bytes = hostileLines(random, LINES);
  const codec: Codec = (['none', 'none', 'none', 'none', 'none', 'none', 'gzip', 'zstd'] as const)[number % 8];
  const content = new Uint8Array(packed(random, bytes, codec, zstd));
  const count: FuzzCount = { records: 0, documents: 0, quarantined: 0, bytes: bytes.length, differences: [] };
  const differ = (what: string, got: unknown, want: unknown): void => {
    if (count.differences.length < 5)
      count.differences.push(
        `--seed ${seed} --batch ${number}: ${what}: got ${JSON.stringify(got)}, expected ${JSON.stringify(want)}`,
      );
  };
  const plain = (row: string): string =>
    codec === 'none' ? row : row.slice(row.indexOf(' ') + 1).replace(/#\d+\.\d+/, '');
  const file: PlannedFile = {
    path: PATH,
    absolutePath: PATH,
    format: 'jsonl',
    codec,
    size: content.length,
    mtimeMs: 0,
    probeHash: '',
  };
  const builder = new BatchBuilder(0, 16 * 1024 + random.below(64 * 1024));
  const rows: string[] = [];
  const texts: string[] = [];
  const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  const take = (batch: DocumentBatch): void => {
    const [id, domain, metadata] = ['id', 'domain', 'metadata'].map((n) => batch.utf8(n));
    const text = batch.utf8('text');
    const offset = batch.number('offset').values as BigInt64Array;
    const row = batch.number('row').values;
    for (let i = 0; i < batch.rows; i++) {
      const own = decoder.decode(text.values.subarray(text.offsets[i], text.offsets[i + 1]));
      texts.push(own);
      rows.push(`${offset[i]} ${row[i]} ${stringAt(id, i)}\0${stringAt(domain, i)}\0${stringAt(metadata, i)}\0${own}`);
    }
    const own = texts.slice(-batch.rows);
    checkTexts(kernel, batch, own, C4[number % C4.length], differ);
    dedup(text.values, text.offsets, own, (what, got, want, t) => differ(`${what} of ${JSON.stringify(t)}`, got, want));
  };
  const context = { kernel, options: OPTIONS, builder };
  const range = { file: 0, start: 0, end: content.length };
  for await (const event of readJsonl(file, range, windowOver(content), context)) {
    if ('unread' in event || 'seen' in event || 'passed' in event) continue;
    if (!('quarantined' in event)) {
      take(event);
      continue;
    }
    const { offset, row, reason, bytes: aside } = event.quarantined;
    rows.push(`${offset} ${row} ${reason} ${aside}`);
    count.quarantined++;
  }
  if (builder.rows > 0) take(builder.take());
  // Batches leave when they are full, records set aside at once.
  const rowOf = (row: string): number => Number(row.split(' ', 2)[1]);
  rows.sort((a, b) => rowOf(a) - rowOf(b));
  let i = 0;
  for (const want of expected(bytes)) {
    const got = rows[i++] ?? 'nothing';
    if (got !== want && plain(got) !== plain(want)) differ(`record ${i - 1} (${codec})`, got, want);
  }
  if (i !== rows.length) differ('records', rows.length, i);
  count.records = rows.length;
  count.documents = texts.length;
  return count;
}

/** Every kernel over a batch against its plain reference. */
export function checkTexts(
  kernel: Kernel,
  batch: DocumentBatch,
  texts: readonly string[],
  c4: C4Options,
  differ: (what: string, got: unknown, want: unknown) => void,
): void {
  const { values, offsets } = batch.utf8('text');
  const { rows } = batch;
  const statistics = kernel.statistics(values, offsets, rows, null, FAMILY.all);
  const hashes = kernel.contentHashes(values, offsets, rows, null);
  const lines = kernel.c4Lines(values, offsets, rows, c4);
  for (let row = 0; row < rows; row++) {
    const text = texts[row];
    const want = referenceStatistics(text);
    for (let k = 0; k < STATISTICS.length; k++) {
      const { name } = STATISTICS[k];
      const got = statistics[row * STATISTICS.length + k];
      if (!Object.is(got, want[name])) differ(`${name} of ${JSON.stringify(text)}`, got, want[name]);
    }
    const hash = referenceContentHash(values.subarray(offsets[row], offsets[row + 1]));
    if (hashes[2 * row] !== hash[0] || hashes[2 * row + 1] !== hash[1])
      differ(`content hash of ${JSON.stringify(text)}`, String(hashes[2 * row]), String(hash[0]));
    checkLines(lines, row, text, c4, differ);
  }
}

function checkLines(
  got: ReturnType<Kernel['c4Lines']>,
  row: number,
  text: string,
  c4: C4Options,
  differ: (what: string, got: unknown, want: unknown) => void,
): void {
  const want = c4Document(text, c4);
  const [from, to] = [got.lineOffsets[row], got.lineOffsets[row + 1]];
  const [cite, cites] = [got.citationOffsets[row], got.citationOffsets[row + 1]];
  const same =
    to - from === want.lines.length &&
    cites - cite === want.citations.length &&
    got.flags[row] === want.flags &&
    got.sentences[row] === want.sentences &&
    want.lines.every(
      (l, i) => got.start[from + i] === l.start && got.end[from + i] === l.end && got.code[from + i] === l.code,
    ) &&
    want.citations.every((c, i) => got.citationStart[cite + i] === c.start && got.citationEnd[cite + i] === c.end);
  if (same) return;
  const own = Array.from({ length: to - from }, (_, i) => [got.start[from + i], got.end[from + i], got.code[from + i]]);
  differ(`C4 lines of ${JSON.stringify(text)}`, { own, flags: got.flags[row], sentences: got.sentences[row] }, want);
}
