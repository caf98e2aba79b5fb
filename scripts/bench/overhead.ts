// What the streaming itself costs: batches through a pulled source and five bounded asynchronous operators that do
// nothing, against a plain loop; as a share of the time that the statistics of a batch take. CPU time, median of 5.
// Target: <= 1 %.
//   npm run bench -- overhead [--json]
import { parseArgs } from 'node:util';
import { lastValueFrom } from 'rxjs';
import {
  annotate,
  ByteBudget,
  type DocumentBatch,
  fineweb,
  gopherQuality,
  gopherRepetition,
  parallel,
  pulled,
  readDocuments,
} from 'sluice';
import { loadKernel } from '../../dist/kernels/kernel.js';
import { makeStage } from '../../dist/operators/stages.js';
import { benchmarkLines, inTemporaryFolder, median } from './corpus.ts';

const { values } = parseArgs({ options: { json: { type: 'boolean' } } });
const { input, done } = inTemporaryFolder(benchmarkLines(20e6).lines);
const batches: DocumentBatch[] = [];
await readDocuments(input).forEach((b) => void batches.push(b));
done();

const cpuMicros = async (work: () => Promise<unknown>): Promise<number> => {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return user + system;
};

const ROUNDS = 2000;
async function* many(): AsyncGenerator<DocumentBatch> {
  for (let i = 0; i < ROUNDS; i++) yield batches[i % batches.length];
}
const nothing = async (batch: DocumentBatch): Promise<DocumentBatch> => batch;
const five = Array.from({ length: 5 }, (_, i) => parallel(`step ${i}`, nothing, { concurrency: 2 }));

const loop = async (): Promise<void> => {
  for await (const batch of many()) for (let i = 0; i < 5; i++) await nothing(batch);
};
const stream = () => {
  const [a, b, c, d, e] = five;
  return lastValueFrom(pulled(() => many(), new ByteBudget(64e6)).pipe(a, b, c, d, e));
};
const kernel = await loadKernel();
const stage = await makeStage(annotate(gopherQuality(), gopherRepetition(), fineweb()).descriptor, kernel);
const statistics = async (): Promise<void> => {
  for (const batch of batches) await stage.apply(batch);
};

const times = { loop: [] as number[], stream: [] as number[], statistics: [] as number[] };
for (let i = 0; i < 6; i++) {
  const [l, s, w] = [await cpuMicros(loop), await cpuMicros(stream), await cpuMicros(statistics)];
  if (i === 0) continue;
  times.loop.push(l / ROUNDS);
  times.stream.push(s / ROUNDS);
  times.statistics.push(w / batches.length);
}
const perBatch = { loop: median(times.loop), stream: median(times.stream), statistics: median(times.statistics) };
const share = (perBatch.stream - perBatch.loop) / perBatch.statistics;
if (values.json) console.log(JSON.stringify({ microsecondsPerBatch: perBatch, overhead: share }));
else {
  console.log(
    `plain loop ${perBatch.loop.toFixed(1)} us a batch, source and five operators ` +
      `${perBatch.stream.toFixed(1)} us, statistics ${perBatch.statistics.toFixed(0)} us`,
  );
  console.log(`overhead of the stream: ${(share * 100).toFixed(2)} % of the statistics (target <= 1 %)`);
}
