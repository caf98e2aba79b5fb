// Proves the statistics, C4, n-gram, MinHash and substring kernels equal to their plain references on every document of
// the corpora: npx tsx scripts/certify/kernels.ts [--every N] [--only PART-OF-PATH] Corpora: $SLUICE_CORPORA, else
// ../shared/corpora beside the clone.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync } from 'node:zlib';
import { decompress } from 'fzstd';
import { C4_DEFAULTS, type C4Options } from '../../src/kernels/c4.ts';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { c4Document } from '../../src/kernels/reference/c4-lines.ts';
import { referenceStatistics } from '../../src/kernels/reference/statistics.ts';
import { FAMILY, STATISTICS } from '../../src/kernels/statistics.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { openDedupChecks } from './dedup-checks.ts';

const { values: options } = parseArgs({ options: { every: { type: 'string' }, only: { type: 'string' } } });
const root = process.env.SLUICE_CORPORA ?? fileURLToPath(new URL('../../../shared/corpora', import.meta.url));
const every = Number(options.every ?? 1);
const PIECE = 100_000;

/** Every string of 20 code units or more anywhere in a JSON value: texts, questions, answers, HTML. */
function* texts(value: unknown): Generator<string> {
  if (typeof value === 'string') {
    if (value.length >= 20) yield value;
  } else if (value !== null && typeof value === 'object') {
    for (const item of Object.values(value)) yield* texts(item);
  }
}

/**
 * Pieces no longer than the longest sane document, and of one of many megabytes the first 2 MB: the reference needs
 * minutes per MB.
 */
function* pieces(text: string): Generator<string> {
  for (let at = 0; at === 0 || at < Math.min(text.length, 20 * PIECE); at += PIECE) yield text.slice(at, at + PIECE);
}

/**
 * The text of a file as documents: JSON lines by record, anything else (also lines that are no JSON) as text of its
 * own.
 */
function* documents(path: string): Generator<string> {
  let bytes: Uint8Array = readFileSync(path);
  try {
    if (path.endsWith('.zst')) bytes = decompress(bytes);
    else if (path.endsWith('.gz')) bytes = gunzipSync(bytes);
  } catch (error) {
    process.stdout.write(`${path}: packed bytes taken as they are (${(error as Error).message})\n`);
  }
  const text = new TextDecoder().decode(bytes);
  if (!/\.jsonl/.test(path)) {
    yield* pieces(text);
    return;
  }
  for (const line of text.split('\n')) {
    try {
      const record = JSON.parse(line);
      if (typeof record?.text === 'string') yield* pieces(record.text);
      else for (const t of texts(record)) yield* pieces(t);
    } catch {
      yield* pieces(line);
    }
  }
}

const kernel = await loadKernel();
let count = 0;
let chars = 0;
let differences = 0;

function report(path: string, what: string, got: unknown, want: unknown, text: string): void {
  if (differences++ >= 20) return;
  const start = JSON.stringify(text.slice(0, 80));
  process.stdout.write(
    `${path}: ${what}: kernel ${JSON.stringify(got)}, reference ${JSON.stringify(want)}: ${start}\n`,
  );
}

/** The C4 kernel by its defaults, and with the rules off that leave little for the later ones. */
const c4Options: readonly C4Options[] = [
  C4_DEFAULTS,
  { ...C4_DEFAULTS, terminalPunct: false, minWords: 0, maxWordLength: 40 },
];

function compareC4(values: Uint8Array, offsets: Int32Array, batch: readonly string[], path: string): void {
  for (const c4 of c4Options) {
    const got = kernel.c4Lines(values, offsets, batch.length, c4);
    batch.forEach((text, row) => {
      const spans = (from: Int32Array, to: Int32Array, ends: Int32Array): { start: number; end: number }[] =>
        Array.from(from.subarray(ends[row], ends[row + 1]), (start, i) => ({ start, end: to[ends[row] + i] }));
      const lines = spans(got.start, got.end, got.lineOffsets).map((s, i) => ({
        ...s,
        code: got.code[got.lineOffsets[row] + i],
      }));
      const citations = spans(got.citationStart, got.citationEnd, got.citationOffsets);
      const own = JSON.stringify({ lines, flags: got.flags[row], sentences: got.sentences[row], citations });
      const want = JSON.stringify(c4Document(text, c4));
      if (own !== want) report(path, 'c4', own.slice(0, 300), want.slice(0, 300), text);
    });
  }
}

const dedupChecks = await openDedupChecks();

function compare(batch: readonly string[], path: string): void {
  const { values, offsets } = utf8Column(batch);
  const got = kernel.statistics(values, offsets, batch.length, null, FAMILY.all);
  compareC4(values, offsets, batch, path);
  dedupChecks(values, offsets, batch, (what, own, want, text) => report(path, what, own, want, text));
  batch.forEach((text, row) => {
    const want = referenceStatistics(text);
    STATISTICS.forEach(({ name }, k) => {
      const value = got[row * STATISTICS.length + k];
      if (Object.is(value, want[name])) return;
      report(path, name, value, want[name], text);
    });
    count++;
    chars += text.length;
  });
}

const files = readdirSync(root, { recursive: true, withFileTypes: true })
  .filter((f) => f.isFile())
  .map((f) => join(f.parentPath, f.name))
  .filter((f) => !options.only || f.includes(options.only))
  .sort();
for (const path of files) {
  let batch: string[] = [];
  let i = 0;
  const before = count;
  for (const text of documents(path)) {
    if (i++ % every !== 0) continue;
    // Lone surrogates have no UTF-8; readers put them in quarantine.
    batch.push(Buffer.from(text).toString());
    if (batch.length === 256) {
      compare(batch, path);
      batch = [];
    }
  }
  compare(batch, path);
  process.stdout.write(`${path.slice(root.length + 1)}: ${count - before} documents\n`);
}
process.stdout.write(
  `${count} documents, ${chars} code units, ${STATISTICS.length} statistics, C4 lines, 5-grams, band ` +
    `keys and substring anchors each: ${differences} differences\n`,
);
process.exitCode = differences === 0 && count > 0 ? 0 : 1;
