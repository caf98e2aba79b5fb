// Substring deduplication against JSON.parse of the same documents, its recall on planted copies, and copies of one
// page. npx tsx scripts/bench/substring.ts [--json] [--mb 20] [--memory MB] [--copies 12500,25000] [--planted] [--only
// name]
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { decompress } from 'fzstd';
import { loadKernel } from '../../src/kernels/kernel.ts';
import * as dedup from '../../src/operators/dedup/index.ts';
import { makeBarrier } from '../../src/operators/stages.ts';
import { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { type Column, utf8Column } from '../../src/streams/batch/columns.ts';
import { type BarrierDecision, BarrierWriter } from '../../src/streams/flow/barrier.ts';
import type { Operator } from '../../src/streams/operator.ts';
import { benchmarkLines, median } from './corpus.ts';

const { values: options } = parseArgs({
  options: {
    json: { type: 'boolean' },
    mb: { type: 'string', default: '20' },
    rounds: { type: 'string', default: '5' },
    memory: { type: 'string', default: '128' },
    copies: { type: 'string', default: '12500,25000' },
    planted: { type: 'boolean' },
    only: { type: 'string', default: '' },
  },
});
const memoryBytes = Number(options.memory) * 1e6;
const out = (line: string): void => void (options.json || process.stdout.write(`${line}\n`));
const results: Record<string, unknown> = { node: process.version };
const kernel = await loadKernel();

function batchesOf(texts: readonly string[]): DocumentBatch[] {
  const batches: DocumentBatch[] = [];
  for (let i = 0; i < texts.length; i += 256) {
    const part = texts.slice(i, i + 256);
    const columns = new Map<string, Column>([
      ['text', utf8Column(part)],
      ['domain', utf8Column(part.map(() => 'web'))],
    ]);
    batches.push(new DocumentBatch({ rows: part.length, columns, split: 0, sequence: i }));
  }
  return batches;
}

interface Cost {
  readonly keys: number;
  readonly decide: number;
  readonly total: number;
  readonly keyBytes: number;
  readonly decision: BarrierDecision;
}

/** CPU seconds of the side columns alone, of the decision, and of both passes with their files. */
async function bothPasses(operator: Operator, batches: readonly DocumentBatch[]): Promise<Cost> {
  const folder = mkdtempSync(join(tmpdir(), 'sluice-bench-'));
  try {
    const barrier = await makeBarrier(operator.descriptor, kernel);
    const files = { split: 0, spill: join(folder, 'd'), keys: join(folder, 'k') };
    const begin = cpu();
    for (const b of batches) barrier.keys(b, { start: new Float64Array(b.rows), bytes: new Int32Array(b.rows) });
    const keyed = cpu();
    const writer = await BarrierWriter.open(barrier, files.spill, files.keys);
    for (const batch of batches) await writer.write(batch);
    await writer.finish();
    const written = cpu();
    let decision: BarrierDecision | null = null;
    for await (const d of barrier.decide([files], memoryBytes)) decision = d;
    const end = cpu();
    const keyBytes = statSync(files.keys).size;
    return { keys: keyed - begin, decide: end - written, total: end - keyed, keyBytes, decision: decision! };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function cpu(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

async function speed(): Promise<void> {
  const { lines, what } = benchmarkLines(Number(options.mb) * 1e6);
  const records = lines.toString('utf8').split('\n').filter(Boolean);
  const batches = batchesOf(records.map((line) => (JSON.parse(line) as { text: string }).text));
  const bytes = batches.reduce((n, b) => n + b.utf8('text').values.length, 0);
  const operators: Record<string, Operator> = {
    'substring 50 words': dedup.substring(),
    'substring 100 bytes': dedup.substring({ minBytes: 100 }),
    paragraphs: dedup.paragraphs(),
    lines: dedup.lines(),
    'sentences 3, letters': dedup.sentences(),
    'boilerplate 10': dedup.boilerplate(),
  };
  const parse: number[] = [];
  const costs: Record<string, Cost[]> = {};
  for (let round = 0; round <= Number(options.rounds); round++) {
    const before = cpu();
    for (const line of records) JSON.parse(line);
    if (round > 0) parse.push(cpu() - before);
    for (const [name, operator] of Object.entries(operators).filter(([n]) => n.startsWith(options.only))) {
      const cost = await bothPasses(operator, batches);
      costs[name] ??= [];
      if (round > 0) costs[name].push(cost);
    }
  }
  const base = median(parse);
  out(
    `${records.length} documents, ${(bytes / 1e6).toFixed(1)} MB of text (${what}); CPU time, median of ` +
      `${options.rounds}`,
  );
  out(
    `JSON.parse ${(bytes / base / 1e6).toFixed(0)} MB/s; ratios to it: side columns, decision, both ` +
      'passes with their files',
  );
  results.speed = Object.entries(costs).map(([name, list]) => {
    const ratio = (key: 'keys' | 'decide' | 'total'): number => base / median(list.map((c) => c[key]));
    const disk = list[0].keyBytes / bytes;
    const row = { name, keys: ratio('keys'), decide: ratio('decide'), total: ratio('total'), disk };
    const show = (n: number): string => n.toFixed(2).padStart(7);
    out(
      `${name.padEnd(24)}${show(row.keys)}${show(row.decide)}${show(row.total)}   side columns ` +
        `${(disk * 100).toFixed(0)} % of the text`,
    );
    return row;
  });
}

async function copies(): Promise<void> {
  const { lines } = benchmarkLines(1e6);
  const page = (JSON.parse(lines.toString('utf8').split('\n')[0]) as { text: string }).text.slice(0, 3000);
  results.copies = [];
  for (const count of options.copies.split(',').filter(Boolean).map(Number)) {
    const batches = batchesOf(Array.from({ length: count }, () => page));
    const { decide, decision } = await bothPasses(dedup.substring(), batches);
    const kept = decision.keep.reduce((n, k) => n + k, 0);
    const row = { copies: count, kept, microsecondsPerCopy: (decide / count) * 1e6 };
    out(
      `${count} copies of one page of ${page.length} characters: ${kept} kept, ` +
        `${row.microsecondsPerCopy.toFixed(1)} µs a copy to decide`,
    );
    (results.copies as unknown[]).push(row);
  }
}

interface Plant {
  readonly kind: string;
  readonly a: string;
  readonly b: string;
  readonly b_start: number;
  readonly b_end: number;
  readonly a_start: number;
  readonly a_end: number;
  readonly words: number;
}

/** Share of planted copies that are cut from the later of the two documents. */
async function planted(): Promise<void> {
  const folder = join(
    process.env.SLUICE_CORPORA ?? resolve(import.meta.dirname, '../../../shared/corpora'),
    'planted/dups',
  );
  const documents = readdirSync(folder)
    .filter((f) => /^docs.*\.zst$/.test(f))
    .sort()
    .flatMap((f) =>
      Buffer.from(decompress(readFileSync(join(folder, f))))
        .toString('utf8')
        .split('\n')
        .filter(Boolean),
    )
    .map((line) => JSON.parse(line) as { id: string; text: string });
  const number = new Map(documents.map((d, i) => [d.id, i]));
  const plants = readFileSync(join(folder, 'truth.jsonl'), 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => JSON.parse(line) as Plant)
    .filter((p) => p.kind === 'substring');
  const { decision } = await bothPasses(dedup.substring(), batchesOf(documents.map((d) => d.text)));
  const rows = new Map<number, { plants: number; found: number; bytes: number; cut: number }>();
  for (const p of plants) {
    const [a, b] = [number.get(p.a)!, number.get(p.b)!];
    const [row, start, end] = a < b ? [b, p.b_start, p.b_end] : [a, p.a_start, p.a_end];
    // Offsets are in code points.
    const points = [...documents[row].text];
    const from = Buffer.byteLength(points.slice(0, start).join(''));
    const bytes = Buffer.byteLength(points.slice(start, end).join(''));
    const cut = cutBytes(decision, row, from, from + bytes);
    const sum = rows.get(p.words) ?? { plants: 0, found: 0, bytes: 0, cut: 0 };
    rows.set(p.words, sum);
    sum.plants++;
    sum.bytes += bytes;
    sum.cut += cut;
    if (cut >= bytes * 0.98) sum.found++;
  }
  results.planted = [...rows]
    .sort(([x], [y]) => x - y)
    .map(([words, sum]) => {
      out(
        `${words} words: ${sum.found} of ${sum.plants} planted copies cut, ` +
          `${((100 * sum.cut) / sum.bytes).toFixed(2)} % of their bytes`,
      );
      return { words, ...sum };
    });
}

function cutBytes({ keep, cuts }: BarrierDecision, row: number, from: number, to: number): number {
  if (keep[row] === 0) return to - from;
  let bytes = 0;
  for (let k = cuts!.offsets[row]; k < cuts!.offsets[row + 1]; k++)
    bytes += Math.max(0, Math.min(to, cuts!.end[k]) - Math.max(from, cuts!.start[k]));
  return bytes;
}

if (options.planted) await planted();
else {
  await speed();
  await copies();
}
results.peakMegabytes = process.resourceUsage().maxRSS / 1024;
out(`peak memory ${(results.peakMegabytes as number).toFixed(0)} MB, ${options.memory} MB given to the decision`);
if (options.json) process.stdout.write(`${JSON.stringify(results)}\n`);
