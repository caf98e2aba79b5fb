// The main content of web pages: words right (F1) and MB/s of CPU, beside resiliparse and trafilatura.
//   npm run bench -- html --wcxb <copy of Murrough-Foley/web-content-extraction-benchmark> [--mode best] [--every 1]
//     [--json]
// The pages are its development part; trees are trained on the sites of half A (scripts/make/html-model.py), B is the
// half to look at. The others run where SLUICE_PYTHON names a Python that has them, on every `--peer-every`th page.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { EXTRACT_MODES, type ExtractMode } from '../../src/kernels/extract.ts';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { devPages, halfOf, type LabelledPage, type WordScores, wordScores } from '../wcxb.ts';

const { values } = parseArgs({
  options: {
    json: { type: 'boolean' },
    wcxb: { type: 'string', default: process.env.SLUICE_WCXB },
    mode: { type: 'string', default: 'best' },
    every: { type: 'string', default: '1' },
    'peer-every': { type: 'string', default: '8' },
  },
});
const folder = values.wcxb;
if (folder === undefined || !existsSync(`${folder}/dev/html`)) {
  console.log('skipped: --wcxb or SLUICE_WCXB names no copy of the benchmark');
  process.exit(0);
}
const mode = values.mode as ExtractMode;
if (!EXTRACT_MODES.includes(mode)) throw new Error(`--mode: one of ${EXTRACT_MODES.join(', ')}`);

interface Score extends WordScores {
  readonly id: string;
  readonly type: string;
  readonly half: 'A' | 'B';
  readonly by: string;
}

const kernel = await loadKernel();
const scores: Score[] = [];
let [bytes, seconds] = [0, 0];
const BATCH_BYTES = 1 << 20;

function scoreBatch(pages: readonly LabelledPage[]): void {
  const all = Buffer.concat(pages.map((p) => p.html));
  const offsets = new Int32Array(pages.length + 1);
  pages.forEach((p, i) => {
    offsets[i + 1] = offsets[i] + p.html.length;
  });
  const before = process.cpuUsage();
  const got = kernel.extract(all, offsets, pages.length, new Uint8Array(pages.length).fill(1), mode);
  const { user, system } = process.cpuUsage(before);
  seconds += (user + system) / 1e6;
  bytes += all.length;
  pages.forEach((page, i) => {
    const text = Buffer.from(got.values.subarray(got.offsets[i], got.offsets[i + 1])).toString();
    const { id, type, url } = page;
    scores.push({ id, type, half: halfOf(url), by: got.methods[i], ...wordScores(text, page.truth) });
  });
}

let batch: LabelledPage[] = [];
let number = 0;
for (const page of devPages(folder)) {
  if (number++ % Number(values.every) !== 0) continue;
  batch.push(page);
  if (batch.reduce((n, p) => n + p.html.length, 0) < BATCH_BYTES) continue;
  scoreBatch(batch);
  batch = [];
}
if (batch.length > 0) scoreBatch(batch);

const mean = (list: readonly Score[], of: keyof WordScores = 'f1'): number =>
  list.reduce((n, s) => n + s[of], 0) / Math.max(1, list.length);
const inHalf = (half: 'A' | 'B'): Score[] => scores.filter((s) => s.half === half);
const table = (list: readonly Score[]) => ({
  pages: list.length,
  precision: mean(list, 'precision'),
  recall: mean(list, 'recall'),
  f1: mean(list),
});
const types = [...new Set(scores.map((s) => s.type))].sort();
const result = {
  mode,
  pages: scores.length,
  mbPerSecond: bytes / 1e6 / seconds,
  f1: { A: mean(inHalf('A')), B: mean(inHalf('B')) },
  byType: Object.fromEntries(
    ['all', ...types].map((t) => [t, table(inHalf('B').filter((s) => [s.type, 'all'].includes(t)))]),
  ),
};
if (values.json) console.log(JSON.stringify({ ...result, scores }));
else {
  console.log(`sluice ${mode}, ${scores.length} pages: ${result.mbPerSecond.toFixed(0)} MB/s of CPU`);
  console.log(`  F1 half A (trained on) ${result.f1.A.toFixed(4)}, half B ${result.f1.B.toFixed(4)}`);
  console.log('  half B: pages, precision, recall, F1');
  for (const [type, { pages, precision, recall, f1 }] of Object.entries(result.byType))
    console.log(`  ${type.padEnd(14)} ${pages} ${precision.toFixed(3)} ${recall.toFixed(3)} ${f1.toFixed(3)}`);
}
const python = process.env.SLUICE_PYTHON ?? 'python3';
const script = fileURLToPath(new URL('time-extractors.py', import.meta.url));
const { status } = spawnSync(python, [script, folder, values['peer-every']], { stdio: 'inherit' });
if (status !== 0) console.log(`others: skipped (${python} has neither resiliparse nor trafilatura)`);
