// Near-duplicate removal: signatures against JSON.parse of the same documents, and the decision over made-up band keys.
// npx tsx scripts/bench/dedup.ts [--json] [--mb 30] [--documents 100000,1000000] [--memory MB] [--copies 25000,100000]
//   [--addresses 1000000] [--address-memory MB]; an empty list, or 0 MB, leaves a part out. With SLUICE_PYTHON (a
// Python with pyarrow, zstandard and any of rensa, datasketch, text-dedup): whole pipelines in turns, by time-dedup.py
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { openMinhashKernel } from '../../src/kernels/minhash.ts';
import { minhash } from '../../src/operators/dedup/minhash/minhash.ts';
import { bandColumn, decideNear } from '../../src/operators/dedup/minhash/minhash-decide.ts';
import { barrier as minhashBarrier } from '../../src/operators/dedup/minhash/minhash-stage.ts';
import { shingleSet } from '../../src/operators/dedup/minhash/shingle-sets.ts';
import { decideUrls } from '../../src/operators/dedup/url-decide.ts';
import { seededRandom } from '../../src/random.ts';
import { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { type Column, type Utf8Column, utf8Column } from '../../src/streams/batch/columns.ts';
import { type BarrierSplit, BarrierWriter } from '../../src/streams/flow/barrier.ts';
import { encodeFrame } from '../../src/streams/flow/spill.ts';
import { SpillWriter } from '../../src/streams/flow/spill-file.ts';
import { benchmarkLines, median } from './corpus.ts';
import { pipelines } from './dedup-pipelines.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean' },
    mb: { type: 'string', default: '30' },
    documents: { type: 'string', default: '100000,1000000' },
    memory: { type: 'string', default: '1000' },
    copies: { type: 'string', default: '25000,100000' },
    addresses: { type: 'string', default: '1000000' },
    'address-memory': { type: 'string', default: '64' },
    rounds: { type: 'string', default: '3' },
  },
});
const BANDS = 14;
const numbers = (list: string): number[] => list.split(',').filter(Boolean).map(Number);
const out = (line: string): void => void (options.json || process.stdout.write(`${line}\n`));
const results: Record<string, unknown> = { node: process.version };

function cpuSeconds(work: () => void): number {
  const before = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1e6;
}

async function signatures(): Promise<void> {
  const { lines, what } = benchmarkLines(Number(options.mb) * 1e6);
  const records = lines.toString('utf8').split('\n').filter(Boolean);
  const texts = records.map((line) => (JSON.parse(line) as { text: string }).text);
  const batches: Utf8Column[] = [];
  for (let i = 0; i < texts.length; i += 256) batches.push(utf8Column(texts.slice(i, i + 256)));
  const bytes = batches.reduce((n, b) => n + b.values.length, 0);
  const base = { unit: 'words', size: 5, bands: BANDS, rows: 8, method: 'minhash', seed: 1 } as const;
  const kernels = {
    'minhash 14 x 8': await openMinhashKernel(base),
    'one permutation 14 x 8': await openMinhashKernel({ ...base, method: 'oph' }),
    'minhash 20 x 13, 24 characters': await openMinhashKernel({
      ...base,
      unit: 'characters',
      size: 24,
      bands: 20,
      rows: 13,
    }),
  };
  const work: Record<string, () => void> = {
    'JSON.parse': () => {
      for (const line of records) JSON.parse(line);
    },
  };
  for (const [name, kernel] of Object.entries(kernels))
    work[name] = () => {
      for (const b of batches) kernel.keys(b.values, b.offsets, b.offsets.length - 1, null);
    };
  const times: Record<string, number[]> = {};
  for (let round = 0; round <= 5; round++)
    for (const [name, run] of Object.entries(work)) {
      const seconds = cpuSeconds(run);
      times[name] ??= [];
      if (round > 0) times[name].push(seconds);
    }
  out(`${texts.length} documents, ${(bytes / 1e6).toFixed(1)} MB of text (${what}); CPU time, median of 5`);
  const parse = median(times['JSON.parse']);
  results.signatures = Object.entries(times).map(([name, t]) => {
    const row = { name, mbPerSecond: bytes / median(t) / 1e6, ratio: parse / median(t) };
    out(`${name.padEnd(32)} ${row.mbPerSecond.toFixed(1).padStart(8)} MB/s  ratio ${row.ratio.toFixed(3)}`);
    return row;
  });
}

/** Keys of `count` documents: every tenth shares half of its bands with an earlier one. */
async function madeKeys(folder: string, count: number): Promise<BarrierSplit[]> {
  const random = seededRandom(7);
  const splits: BarrierSplit[] = [];
  const rowsOfFrame = 1024;
  const rowsOfSplit = 102_400;
  const earlier = new BigInt64Array(BANDS * 1000);
  for (let from = 0; from < count; from += rowsOfSplit) {
    const split = splits.length;
    const paths = { split, spill: join(folder, `spill-${split}`), keys: join(folder, `keys-${split}`) };
    writeFileSync(paths.spill, '');
    const writer = await SpillWriter.open(paths.keys);
    for (let at = from; at < Math.min(count, from + rowsOfSplit); at += rowsOfFrame) {
      const rows = Math.min(rowsOfFrame, from + rowsOfSplit - at, count - at);
      const random64 = (): BigInt64Array => {
        const words = new Uint32Array(rows * 2);
        for (let i = 0; i < words.length; i++) words[i] = random.below(2 ** 32);
        return new BigInt64Array(words.buffer);
      };
      const bands = Array.from({ length: BANDS }, random64);
      for (let i = 0; i < rows; i++) {
        const place = Math.floor(random.uniform() * 1000);
        if ((at + i) % 10 === 9) for (let b = 0; b < BANDS; b += 2) bands[b][i] = earlier[place * BANDS + b];
        else for (let b = 0; b < BANDS; b++) earlier[place * BANDS + b] = bands[b][i];
      }
      const int64 = (values: BigInt64Array): Column => ({ type: 'int64', values, valid: null });
      const columns = new Map<string, Column>(bands.map((values, b) => [bandColumn(b), int64(values)]));
      columns.set('norm_hi', int64(random64()));
      columns.set('norm_lo', int64(random64()));
      columns.set('start', { type: 'float64', values: new Float64Array(rows), valid: null });
      columns.set('rank', { type: 'float64', values: new Float64Array(rows), valid: null });
      columns.set('shingles', { type: 'int32', values: new Int32Array(rows).fill(9), valid: null });
      columns.set('bytes', { type: 'int32', values: new Int32Array(rows), valid: null });
      columns.set('label', utf8Column(Array.from({ length: rows }, (_, i) => `part-000.jsonl#0.${at + i}`)));
      await writer.writeFrame(encodeFrame(new DocumentBatch({ rows, split, sequence: 0, columns })));
    }
    await writer.finish();
    splits.push(paths);
  }
  return splits;
}

async function decisions(): Promise<void> {
  const series = [];
  const one = shingleSet(Uint32Array.of(1, 1));
  for (const verified of [false, true]) {
    for (const count of numbers(options.documents)) {
      const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
      try {
        const splits = await madeKeys(folder, count);
        const before = process.cpuUsage();
        const started = performance.now();
        let dropped = 0;
        const decide = decideNear(splits, Number(options.memory) * 1e6, {
          bands: BANDS,
          threshold: verified ? 0.7 : null,
          ranked: false,
          shingles: () => one,
        });
        for await (const { keep } of decide) for (const k of keep) dropped += 1 - k;
        const { user, system } = process.cpuUsage(before);
        const row = {
          documents: count,
          verified,
          dropped,
          cpuSeconds: (user + system) / 1e6,
          wallSeconds: (performance.now() - started) / 1e3,
          microsecondsPerDocument: (user + system) / count,
          peakMb: process.resourceUsage().maxRSS / 1e3,
        };
        series.push(row);
        out(
          `${String(count).padStart(9)} documents x ${BANDS} bands${verified ? ', checked' : '         '}: ` +
            `${row.cpuSeconds.toFixed(2).padStart(6)} s CPU, ${row.wallSeconds.toFixed(2).padStart(6)} s, ` +
            `${row.microsecondsPerDocument.toFixed(2)} µs a document, ${row.peakMb.toFixed(0)} MB most of the ` +
            `process so far, ${dropped} dropped`,
        );
      } finally {
        rmSync(folder, { recursive: true });
      }
    }
  }
  results.decisions = series;
}

/** One cluster of near copies, through both passes. */
async function copies(): Promise<void> {
  const series = [];
  for (const count of numbers(options.copies)) {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    try {
      const random = seededRandom(3);
      const text = Array.from({ length: 200 }, () => `w${random.below(5000)}`);
      const barrier = await minhashBarrier(minhash().descriptor);
      const split = { split: 0, spill: join(folder, 'spill'), keys: join(folder, 'keys') };
      const writer = await BarrierWriter.open(barrier, split.spill, split.keys);
      for (let at = 0; at < count; at += 500) {
        const texts = Array.from({ length: 500 }, (_, i) => text.with(random.below(200), `copy${at + i}`).join(' '));
        const zeros = new BigInt64Array(500);
        const columns = new Map<string, Column>([
          ['file', utf8Column(texts.map(() => 'f'))],
          ['block', { type: 'int64', values: zeros, valid: null }],
          ['offset', { type: 'int64', values: zeros.map((_, i) => BigInt(at + i)), valid: null }],
          ['text', utf8Column(texts)],
          ['domain', utf8Column(texts.map(() => 'd'))],
        ]);
        await writer.write(new DocumentBatch({ rows: 500, split: 0, sequence: 0, columns }));
      }
      await writer.finish();
      const before = process.cpuUsage();
      let dropped = 0;
      for await (const { keep } of barrier.decide([split], 128e6)) for (const k of keep) dropped += 1 - k;
      const { user, system } = process.cpuUsage(before);
      series.push({ documents: count, dropped, cpuSeconds: (user + system) / 1e6 });
      out(
        `a cluster of ${count} near copies: ${((user + system) / 1e6).toFixed(2)} s CPU, ` +
          `${((user + system) / count).toFixed(1)} µs a copy, ${dropped} dropped`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  results.copies = series;
}

/** Fixed-width strings as a utf8 column: `prefix` and the hexadecimal digits of a number. */
function numbered(prefix: string, numbers: Uint32Array): Utf8Column {
  const width = prefix.length + 8;
  const values = Buffer.from(Array.from(numbers, (n) => prefix + n.toString(16).padStart(8, '0')).join(''), 'latin1');
  const offsets = Int32Array.from({ length: numbers.length + 1 }, (_, i) => i * width);
  return { type: 'utf8', values, offsets, valid: null };
}

/** Keys of `count` documents; every address comes twice, half of the corpus apart. */
async function addressKeys(folder: string, count: number): Promise<BarrierSplit[]> {
  const splits: BarrierSplit[] = [];
  const rowsOfFrame = 8192;
  for (let from = 0; from < count; from += 64 * rowsOfFrame) {
    const split = splits.length;
    const paths = { split, spill: join(folder, `spill-${split}`), keys: join(folder, `keys-${split}`) };
    const writer = await SpillWriter.open(paths.keys);
    for (let at = from; at < Math.min(count, from + 64 * rowsOfFrame); at += rowsOfFrame) {
      const rows = Math.min(rowsOfFrame, count - at);
      const addresses = Uint32Array.from({ length: rows }, (_, i) => (at + i) % Math.ceil(count / 2));
      const half = (a: number, b: number): Column => {
        const words = new Uint32Array(rows * 2);
        for (let i = 0; i < rows; i++) {
          words[2 * i] = Math.imul(addresses[i] + 1, a);
          words[2 * i + 1] = Math.imul(addresses[i] + 1, b);
        }
        return { type: 'int64', values: new BigInt64Array(words.buffer), valid: null };
      };
      const columns = new Map<string, Column>([
        ['high', half(0x9e3779b1, 0x85ebca6b)],
        ['low', half(0xc2b2ae35, 0x27d4eb2f)],
        ['url', numbered('//example.org/', addresses)],
        ['label', numbered('part-000.jsonl#0.', addresses)],
      ]);
      await writer.writeFrame(encodeFrame(new DocumentBatch({ rows, split, sequence: 0, columns })));
    }
    await writer.finish();
    splits.push(paths);
  }
  return splits;
}

/** Deduplication by address, and the most memory of the process: alone it is that of this part. */
async function addresses(): Promise<void> {
  const series = [];
  for (const count of numbers(options.addresses)) {
    const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
    try {
      const splits = await addressKeys(folder, count);
      const [before, memory] = [process.cpuUsage(), Number(options['address-memory'])];
      const rssBefore = process.resourceUsage().maxRSS / 1e3;
      let dropped = 0;
      for await (const { keep } of decideUrls(splits, memory * 1e6, { count: 0, *pieces() {} }, null))
        for (const k of keep) dropped += 1 - k;
      const { user, system } = process.cpuUsage(before);
      const peakMb = process.resourceUsage().maxRSS / 1e3;
      series.push({ documents: count, dropped, memory, cpuSeconds: (user + system) / 1e6, rssBefore, peakMb });
      out(
        `${String(count).padStart(9)} documents by address, ${memory} MB given: ` +
          `${((user + system) / count).toFixed(2)} µs a document, ${peakMb.toFixed(0)} MB most of the process ` +
          `so far (${rssBefore.toFixed(0)} MB before), ${dropped} dropped`,
      );
    } finally {
      rmSync(folder, { recursive: true });
    }
  }
  results.addresses = series;
}

if (Number(options.mb) > 0) await signatures();
await decisions();
await copies();
await addresses();
if (Number(options.rounds) > 0) {
  const lines = pipelines(options.rounds);
  for (const line of lines) out(line);
  results.pipelines = lines;
}
if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`);
