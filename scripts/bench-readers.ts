// Speed of the readers as a ratio to JSON.parse per line of the same documents in the same run (MB of text a CPU-second, median of 5):
// npx tsx scripts/bench-readers.ts [--json] [--mb 40] [--only zst]
// Text: mixed/ of $SLUICE_CORPORA or ../shared/corpora beside the clone, else the text files of node_modules.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { gzipSync } from 'node:zlib';
import { Table as ArrowTable, tableToIPC } from 'apache-arrow';
import { decompress } from 'fzstd';
import { Compression, Table, WriterPropertiesBuilder, writeParquet } from 'parquet-wasm/node';
import { loadKernel } from '../src/kernels/kernel.ts';
import { scanNames } from '../src/kernels/scanner.ts';
import type { DocumentBatch } from '../src/streams/batch.ts';
import { unpack } from '../src/streams/codecs/unpack.ts';
import { openWindow } from '../src/streams/codecs/window.ts';
import { loadZstdModule } from '../src/streams/codecs/zstd-module.ts';
import { planSplits } from '../src/streams/plan.ts';
import { readOptions } from '../src/streams/read-options.ts';
import { readSplit } from '../src/streams/readers/read-split.ts';
import { toArrow } from '../src/streams/to-arrow.ts';
import { benchmarkLines, corporaFolder, inTemporaryFolder, median } from './bench-corpus.ts';

const { values: given } = parseArgs({
  options: { json: { type: 'boolean' }, mb: { type: 'string' }, only: { type: 'string' } },
});
const { lines, what } = benchmarkLines(Number(given.mb ?? 40) * 1e6);
const { folder, input, done } = inTemporaryFolder(lines);
const options = readOptions.parse({});
const kernel = await loadKernel();
const zstd = await loadZstdModule();

async function batchesOf(path: string): Promise<DocumentBatch[]> {
  const plan = await planSplits([path], options);
  const batches: DocumentBatch[] = [];
  for (const split of plan.splits)
    for await (const batch of readSplit(split, plan, options, { kernel, onQuarantine: refuse })) batches.push(batch);
  return batches;
}
function refuse(r: { detail: string }): never {
  throw new Error(r.detail);
}

/** Reads everything and drops it. */
async function read(path: string): Promise<void> {
  const plan = await planSplits([path], options);
  for (const split of plan.splits)
    for await (const batch of readSplit(split, plan, options, { kernel, onQuarantine: refuse })) sum += batch.rows;
}
/** What was read, so that nothing is optimised away. */
let sum = 0;

async function unpackOnly(path: string): Promise<void> {
  const plan = await planSplits([path], options);
  const window = await openWindow(path, plan.files[0].size);
  for await (const piece of unpack(window, plan.files[0].codec, 0, { maxRatio: 200 }))
    sum += 'damage' in piece ? 0 : piece.bytes.length;
  await window.close();
}

/** Whole lines of about 4 MB each. */
const frames = [...cuts(4 * 1024 * 1024)];
function* cuts(bytes: number): Generator<Buffer> {
  for (let at = 0; at < lines.length; ) {
    const newline = lines.indexOf(10, Math.min(lines.length - 1, at + bytes));
    const end = newline < 0 ? lines.length : newline + 1;
    yield lines.subarray(at, end);
    at = end;
  }
}

const file = (name: string, bytes: Uint8Array): string => {
  const path = join(folder, name);
  writeFileSync(path, bytes);
  return path;
};

const batches = await batchesOf(input);
const documents = batches.reduce((n, b) => n + b.rows, 0);
const textBytes = batches.reduce((n, b) => n + b.utf8('text').values.length, 0);
const wanted = (name: string): boolean => given.only === undefined || name.includes(given.only);
const runs: { name: string; share: number; run: () => void | Promise<void> }[] = [];
/** @param share bytes it reads, as a share of the lines. */
const add = (name: string, make: () => () => void | Promise<void>, share = 1): void => {
  if (wanted(name)) runs.push({ name, share, run: make() });
};

const names = scanNames({ text: 'text', id: 'id', domain: ['domain', 'metadata.domain'] })!;
const chunks = [...cuts(256 * 1024)];
add('jsonl scan kernel', () => () => {
  for (const chunk of chunks) sum += kernel.scanLines(chunk, names, 1e9).rows;
});
add('jsonl', () => () => read(input));
const gz = (): string => file('a.jsonl.gz', gzipSync(lines, { level: 6 }));
add('jsonl.gz unpack', () => unpackOnly.bind(null, gz()));
add('jsonl.gz', () => read.bind(null, gz()));
const own = (): string => file('a.jsonl.zst', Buffer.concat(frames.map((f) => zstd.compress(f, 3))));
add('jsonl.zst frames unpack', () => unpackOnly.bind(null, own()));
add('jsonl.zst frames', () => read.bind(null, own()));
// Frames without their size, larger than what is unpacked in one go: only the corpora have them.
const corpora = corporaFolder();
if (corpora) {
  const path = join(corpora, 'planted', 'dups', 'docs-00.jsonl.zst');
  const bytes = decompress(readFileSync(path)).length;
  add('jsonl.zst stream unpack', () => () => unpackOnly(path), bytes / lines.length);
  add('jsonl.zst stream', () => () => read(path), bytes / lines.length);
}
const ipc = (): Uint8Array => tableToIPC(new ArrowTable(batches.map((b) => toArrow(b))), 'file');
const packedParquet = (compression: Compression): Uint8Array =>
  writeParquet(
    Table.fromIPCStream(tableToIPC(new ArrowTable(batches.map((b) => toArrow(b))), 'stream')),
    new WriterPropertiesBuilder().setCompression(compression).setMaxRowGroupSize(8192).build(),
  );
add('parquet snappy', () => read.bind(null, file('s.parquet', packedParquet(Compression.SNAPPY))));
add('parquet zstd', () => read.bind(null, file('z.parquet', packedParquet(Compression.ZSTD))));
add('arrow', () => read.bind(null, file('a.arrow', ipc())));
add('content hash', () => () => {
  for (const b of batches) {
    const { values, offsets } = b.utf8('text');
    sum += Number(kernel.contentHashes(values, offsets, b.rows, null)[0] & 1n);
  }
});

function parse(): void {
  for (let at = 0; at < lines.length; ) {
    const end = lines.indexOf(10, at);
    sum += (JSON.parse(lines.toString('utf8', at, end < 0 ? lines.length : end)) as { text: string }).text.length & 1;
    at = (end < 0 ? lines.length : end) + 1;
  }
}

async function seconds(run: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage();
  await run();
  const used = process.cpuUsage(before);
  return (used.user + used.system) / 1e6;
}

try {
  const baseline: number[] = [];
  const times = new Map(runs.map(({ name }) => [name, [] as number[]]));
  // Every round measures everything, so that a busy neighbour slows all alike; the first round warms up.
  for (let round = 0; round < 6; round++) {
    const base = await seconds(parse);
    if (round > 0) baseline.push(base);
    for (const { name, share, run } of runs) {
      const s = await seconds(run);
      if (round > 0) times.get(name)!.push((base * share) / s);
    }
  }
  const parseMbs = textBytes / 1e6 / median(baseline);
  const results = [...times].map(([name, ratios]) => ({
    name,
    ratio: Number(median(ratios).toFixed(2)),
    mbs: Math.round(median(ratios) * parseMbs),
  }));
  if (sum === 0) throw new Error('nothing was read');
  if (given.json)
    process.stdout.write(
      `${JSON.stringify({ what, documents, textBytes, jsonParseMbs: Math.round(parseMbs), results })}\n`,
    );
  else {
    process.stdout.write(
      `${documents} documents, ${(textBytes / 1e6).toFixed(0)} MB of text (${what}); JSON.parse per line ${parseMbs.toFixed(0)} MB a CPU-second\n`,
    );
    for (const { name, ratio, mbs } of results)
      process.stdout.write(
        `${name.padEnd(26)} ${ratio.toFixed(2).padStart(6)} x JSON.parse ${String(mbs).padStart(6)} MB/s\n`,
      );
  }
} finally {
  done();
}
