// Speed of every sink as a ratio to JSON.parse of the same documents in the same run (MB of text a CPU-second, median
// of 5): npx tsx scripts/bench/sinks.ts [--json] [--mb 40] [--only parquet] Text: mixed/ of $SLUICE_CORPORA or
// ../shared/corpora beside the clone, else the text files of node_modules. 40 annotations a document.
import { parseArgs } from 'node:util';
import { arrow, jsonl, parquet } from '../../src/sinks/descriptors.ts';
import { documentColumns } from '../../src/sinks/documents.ts';
import { ledgerRows } from '../../src/sinks/ledger.ts';
import type { SinkDescriptor } from '../../src/sinks/options.ts';
import type { TableBatch } from '../../src/sinks/table.ts';
import { ledgerSink, openSegmentWriter } from '../../src/sinks/writers.ts';
import { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { type Column, type ColumnSpec, utf8Column } from '../../src/streams/batch/columns.ts';
import { benchmarkLines, inTemporaryFolder, jsonParseSeconds, median } from './corpus.ts';

const { values: options } = parseArgs({
  options: { json: { type: 'boolean' }, mb: { type: 'string' }, only: { type: 'string' } },
});
const { lines, what } = benchmarkLines(Number(options.mb ?? 40) * 1e6);
const { folder, done } = inTemporaryFolder(Buffer.alloc(0));

/** 30 ratios and 10 counts that follow from the text, so that they compress as real ones do. */
const annotations: ColumnSpec[] = Array.from(
  { length: 40 },
  (_, k) => ({ name: `annotation_${k}`, type: k < 30 ? 'float64' : 'int32' }) as const,
);

function batchesOf(bytes: Buffer): DocumentBatch[] {
  const documents = bytes
    .toString('utf8')
    .trimEnd()
    .split('\n')
    .map((l) => JSON.parse(l) as { id?: string; text: string; metadata?: object });
  const batches: DocumentBatch[] = [];
  for (let from = 0; from < documents.length; ) {
    let to = from;
    for (let size = 0; to < documents.length && size < 1.5e6; to++) size += documents[to].text.length;
    batches.push(batchOf(documents.slice(from, to), batches.length, from));
    from = to;
  }
  return batches;
}

function batchOf(
  part: readonly { id?: string; text: string; metadata?: object }[],
  sequence: number,
  from: number,
): DocumentBatch {
  const rows = part.length;
  const columns = new Map<string, Column>([
    ['file', utf8Column(part.map(() => 'corpus/part-000.jsonl'))],
    ['block', { type: 'int64', values: new BigInt64Array(rows), valid: null }],
    ['offset', { type: 'int64', values: BigInt64Array.from(part, (_, i) => BigInt((from + i) * 4001)), valid: null }],
    ['row', { type: 'uint32', values: Uint32Array.from(part, (_, i) => from + i), valid: null }],
    ['id', utf8Column(part.map((d, i) => d.id ?? `d${from + i}`))],
    ['text', utf8Column(part.map((d) => d.text))],
    ['domain', utf8Column(part.map(() => 'web'))],
    ['metadata', utf8Column(part.map((d) => JSON.stringify(d.metadata ?? {})))],
  ]);
  annotations.forEach(({ name, type }, k) => {
    const value = (text: string): number =>
      (text.charCodeAt(k % Math.max(1, text.length)) * 31 + text.length * (k + 1)) % 1000;
    if (type === 'int32') columns.set(name, { type, values: Int32Array.from(part, (d) => value(d.text)), valid: null });
    else
      columns.set(name, {
        type: 'float64',
        values: Float64Array.from(part, (d) => value(d.text) / Math.max(1, d.text.length)),
        valid: null,
      });
  });
  return new DocumentBatch({ rows, columns, split: 0, sequence });
}

const batches = batchesOf(lines);
const documents = (b: DocumentBatch): TableBatch => documentColumns(b, annotations, false);
const cases: [string, SinkDescriptor, (b: DocumentBatch) => TableBatch][] = [
  ['parquet none', parquet({ compression: 'none' }), documents],
  ['parquet snappy', parquet({ compression: 'snappy' }), documents],
  ['parquet zstd', parquet(), documents],
  ['parquet zstd 3', parquet({ level: 3 }), documents],
  ['jsonl none', jsonl({ compression: 'none' }), documents],
  ['jsonl zst', jsonl(), documents],
  ['arrow', arrow(), documents],
  ['ledger', ledgerSink, (b) => ledgerRows(b, annotations)],
];
const chosen = cases.filter(([name]) => name.includes(options.only ?? ''));

const seconds: Record<string, number[]> = Object.fromEntries(
  ['JSON.parse', ...chosen.map(([name]) => name)].map((n) => [n, []]),
);
const sizes: Record<string, number> = {};
let textBytes = 0;
// Rounds in turn, so that a slow moment of the machine meets all of them; the first is warm-up.
for (let round = 0; round <= 5; round++) {
  const parse = jsonParseSeconds(lines);
  textBytes = parse.textBytes;
  if (round > 0) seconds['JSON.parse'].push(parse.seconds);
  for (const [name, sink, table] of chosen) {
    const before = process.cpuUsage();
    const writer = await openSegmentWriter(sink, { runDirectory: folder, path: 'segment' });
    for (const batch of batches) await writer.write(table(batch));
    const file = await writer.finish();
    const { user, system } = process.cpuUsage(before);
    sizes[name] = file?.bytes ?? 0;
    if (round > 0) seconds[name].push((user + system) / 1e6);
  }
}
done();

const base = median(seconds['JSON.parse']);
const results = Object.entries(seconds).map(([name, s]) => ({
  name,
  mbPerSecond: Math.round(textBytes / median(s) / 1e5) / 10,
  ratio: Math.round((base / median(s)) * 1000) / 1000,
  bytes: sizes[name] ?? lines.length,
}));
const memory = process.memoryUsage().rss;
if (options.json) {
  process.stdout.write(`${JSON.stringify({ node: process.version, what, textBytes, results, memory })}\n`);
} else {
  process.stdout.write(
    `${(textBytes / 1e6).toFixed(1)} MB of text (${what}); Node ${process.version}; memory ` +
      `${(memory / 1e6).toFixed(0)} MB\n`,
  );
  for (const r of results) {
    const size = `${(r.bytes / 1e6).toFixed(1)} MB`;
    process.stdout.write(
      `${r.name.padEnd(16)} ${r.mbPerSecond.toFixed(1).padStart(8)} MB/s  ratio ${r.ratio.toFixed(3)}  ` +
        `${size.padStart(9)}\n`,
    );
  }
}
