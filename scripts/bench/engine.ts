// Whole chains of the engine against JSON.parse per line in the same process: CPU time over all threads, median of 5.
//   npm run bench -- engine [--json] [--mb 60]
import { appendFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import {
  annotate,
  dedup,
  drop,
  fineweb,
  finewebRules,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
  parquet,
  type RecipeInput,
  recipe,
  run,
} from 'sluice';
import { benchmarkLines, inTemporaryFolder, jsonParseSeconds, median } from './corpus.ts';

const { values } = parseArgs({
  options: { json: { type: 'boolean' }, mb: { type: 'string', default: '60' }, runs: { type: 'string', default: '5' } },
});
const { lines, what } = benchmarkLines(Number(values.mb) * 1e6);
const { folder, input, done } = inTemporaryFolder(lines);
const { textBytes, documents } = jsonParseSeconds(lines);

const chain: RecipeInput['steps'] = [
  annotate(gopherQuality(), gopherRepetition(), fineweb(), { step: 'scores' }),
  drop('gopher_quality', gopherQualityRules()),
  drop('gopher_repetition', gopherRepetitionRules()),
  drop('fineweb', finewebRules()),
];
const annotateOnly: RecipeInput['steps'] = [
  annotate(gopherQuality(), gopherRepetition(), fineweb(), { step: 'scores' }),
];
const cases: readonly {
  name: string;
  target: number;
  steps: RecipeInput['steps'];
  sinks: RecipeInput['sinks'];
  workers: number;
}[] = [
  { name: 'chain to ledger only', target: 0.1, steps: chain, sinks: [], workers: 1 },
  {
    name: 'chain to Parquet snappy',
    target: 0.08,
    steps: chain,
    sinks: [parquet({ compression: 'snappy' })],
    workers: 1,
  },
  {
    name: 'all kept to Parquet zstd',
    target: 0.065,
    steps: annotateOnly,
    sinks: [parquet({ compression: 'zstd' })],
    workers: 1,
  },
  {
    name: 'chain with exact dedup, snappy',
    target: 0,
    steps: [dedup.exact(), ...chain],
    sinks: [parquet({ compression: 'snappy' })],
    workers: 1,
  },
];
/** Long enough that what a thread costs to start does not decide: the same lines again and again. */
const COPIES = 5;
const scaling = [1, 2].map((workers) => ({
  name: `${COPIES} times as long, workers: ${workers}`,
  target: 0,
  steps: chain,
  sinks: [],
  workers,
  copies: COPIES,
}));
const long = join(folder, 'long.jsonl');
for (let i = 0; i < COPIES; i++) appendFileSync(long, lines);

const results = [];
for (const c of [...cases.map((x) => ({ ...x, copies: 1 })), ...scaling]) {
  const ratios: number[] = [];
  const speeds: number[] = [];
  const walls: number[] = [];
  for (let i = 0; i < Number(values.runs); i++) {
    // Interleaved, so that a busy neighbour hits both.
    const base = jsonParseSeconds(lines).seconds;
    const before = process.cpuUsage();
    const wall = performance.now();
    const r = recipe({ name: 'bench', steps: c.steps, sinks: c.sinks, splitBytes: 16 * 2 ** 20 });
    await lastValueFrom(
      run(r, { input: [c.copies === 1 ? input : long], output: join(folder, 'out'), workers: c.workers, fresh: true }),
    );
    walls.push((performance.now() - wall) / 1000);
    const used = process.cpuUsage(before);
    const seconds = (used.user + used.system) / 1e6;
    ratios.push((base * c.copies) / seconds);
    speeds.push((c.copies * textBytes) / 1e6 / seconds);
  }
  results.push({
    name: c.name,
    ratio: median(ratios),
    target: c.target,
    textMbPerCpuSecond: median(speeds),
    wallSeconds: median(walls),
  });
}
done();
const [one, two] = results.slice(-2);
const efficiency = two.textMbPerCpuSecond / one.textMbPerCpuSecond;
const speedUp = one.wallSeconds / two.wallSeconds;
const baseline = textBytes / 1e6 / median(Array.from({ length: 5 }, () => jsonParseSeconds(lines).seconds));
if (values.json)
  console.log(
    JSON.stringify({ what, documents, textBytes, jsonParseMbPerSecond: baseline, results, efficiency, speedUp }),
  );
else {
  console.log(
    `${what}: ${documents} documents, ${(textBytes / 1e6).toFixed(1)} MB of text; JSON.parse per line ` +
      `${baseline.toFixed(0)} MB/s`,
  );
  for (const r of results) {
    console.log(
      `${r.name.padEnd(34)} ${r.textMbPerCpuSecond.toFixed(1).padStart(7)} MB/s a CPU   ratio ` +
        `${r.ratio.toFixed(3)}${r.target ? ` (target ${r.target})` : ''}   wall ${r.wallSeconds.toFixed(2)} s`,
    );
  }
  console.log(
    `text per CPU second with 2 workers: ${efficiency.toFixed(2)} of 1 worker (target 0.9); wall ` +
      `speed-up ${speedUp.toFixed(2)}`,
  );
}
