// Recall per variant and precision of decontaminate() on the planted leaks of the corpora:
//   npx tsx scripts/score/contamination.ts [--documents FILE --truth FILE --benchmarks GLOB,GLOB] [--choose] [--clean
//   GLOB]
// --choose prints a grid of thresholds over the first half of the items; the first table is of the second half. --clean
// GLOB counts what is found in documents without plants.
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { concatMap, lastValueFrom, toArray } from 'rxjs';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { decontaminate } from '../../src/operators/decontaminate/index.ts';
import { makeStage } from '../../src/operators/stages.ts';
import type { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { stringAt } from '../../src/streams/batch/columns.ts';
import { readDocuments } from '../../src/streams/inputs/read-documents.ts';
import { corporaFolder } from '../../test/helpers/corpora.ts';

interface Truth {
  readonly id: string;
  readonly benchmark: string | null;
  readonly item?: string | number;
  readonly variant?: string;
}

interface Judged {
  readonly truth: Truth;
  readonly score: number;
  readonly run: number;
  /** The right benchmark was named. */
  readonly named: boolean;
}

const corpora = corporaFolder();
if (corpora === null) process.exit(0);
const { values } = parseArgs({
  options: {
    documents: { type: 'string', default: join(corpora, 'planted/contam/docs.jsonl.zst') },
    truth: { type: 'string', default: join(corpora, 'planted/contam/truth.jsonl') },
    benchmarks: {
      type: 'string',
      default: ['gsm8k/test.jsonl', 'humaneval', 'bbh', 'mmlu'].map((f) => join(corpora, 'benchmarks', f)).join(','),
    },
    choose: { type: 'boolean', default: false },
    clean: { type: 'string' },
  },
});
if (!existsSync(values.documents)) throw new Error(`no ${values.documents}`);

const truths = new Map(
  readFileSync(values.truth, 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Truth)
    .map((t) => [t.id, t]),
);
const { descriptor } = decontaminate({ benchmarks: values.benchmarks.split(','), action: 'tag' });
const { threshold, minRun } = descriptor.options as { threshold: number; minRun: number };

async function judgeAll(input: string): Promise<Judged[]> {
  const stage = await makeStage(descriptor, await loadKernel());
  const judged: Judged[] = [];
  let bytes = 0;
  const before = process.cpuUsage();
  for (const batch of await lastValueFrom(readDocuments(input).pipe(toArray()))) {
    const out = await stage.apply(batch);
    const text = out.utf8('text');
    bytes += text.offsets[out.rows] - text.offsets[0];
    for (let i = 0; i < out.rows; i++) {
      const truth = truths.get(stringAt(out.utf8('id'), i) ?? '');
      if (!truth) continue;
      const number = (name: string): number => Number(out.number(name).values[i]);
      const name = stringAt(out.utf8('decontam_benchmark'), i);
      const same = truth.benchmark !== null && name !== null && alike(name, truth.benchmark);
      judged.push({ truth, score: number('decontam_score'), run: number('decontam_run'), named: same });
    }
  }
  const { user } = process.cpuUsage(before);
  console.log(
    `${judged.length} documents, ${(bytes / 1e6).toFixed(1)} MB of text, ${(user / 1e6).toFixed(2)} s of CPU`,
  );
  return judged;
}

/** Files are called `test`, `HumanEval`, `mmlu_test`; the truth says gsm8k, humaneval, mmlu. */
function alike(file: string, benchmark: string): boolean {
  const name = file.toLowerCase();
  return name.includes(benchmark) || (benchmark === 'gsm8k' && name === 'test');
}

/** 0 or 1 by the item (or, without one, the document), so that variants of an item stay together. */
function half({ truth }: Judged): number {
  let h = 2166136261;
  for (const c of truth.benchmark === null ? truth.id : `${truth.benchmark}/${truth.item}`)
    h = Math.imul(h ^ c.charCodeAt(0), 16777619);
  return (h >>> 16) & 1;
}

const all = await judgeAll(values.documents);
const hit = (j: Judged, t = threshold, r = minRun): boolean => j.score >= t || j.run >= r;
const share = (a: number, b: number): string => (b === 0 ? '–' : (a / b).toFixed(3));

if (values.choose) {
  const chosen = all.filter((j) => half(j) === 0);
  console.log(
    '\n| threshold | min_run | precision | recall | light edit | short 8 words |\n| --- | --- | --- | ' +
      '--- | --- | --- |',
  );
  for (const t of [0.3, 0.35, 0.4, 0.45, 0.5, 0.6, 0.7]) {
    for (const r of [8, 10, 13]) {
      const found = chosen.filter((j) => hit(j, t, r));
      const right = found.filter((j) => j.truth.benchmark !== null);
      const of = (variant: string): string => {
        const those = chosen.filter((j) => j.truth.variant === variant);
        return share(those.filter((j) => hit(j, t, r)).length, those.length);
      };
      const planted = chosen.filter((j) => j.truth.benchmark !== null).length;
      console.log(
        `| ${t} | ${r} | ${share(right.length, found.length)} | ${share(right.length, planted)} | ` +
          `${of('light_edit_10pct')} | ${of('short_8_words')} |`,
      );
    }
  }
}

for (const [name, rows] of [
  ['second half of the items', all.filter((j) => half(j) === 1)],
  ['all', all],
] as const) {
  const planted = rows.filter((j) => j.truth.benchmark !== null);
  const clean = rows.filter((j) => j.truth.benchmark === null);
  const right = planted.filter((j) => hit(j)).length;
  const wrong = clean.filter((j) => hit(j)).length;
  console.log(`\n${name}: threshold ${threshold}, min_run ${minRun}\n`);
  console.log('| variant | plants | recall | right benchmark named |\n| --- | --- | --- | --- |');
  for (const variant of [...new Set(planted.map((j) => j.truth.variant))].sort()) {
    const those = planted.filter((j) => j.truth.variant === variant);
    const found = those.filter((j) => hit(j));
    console.log(
      `| ${variant} | ${those.length} | ${share(found.length, those.length)} | ` +
        `${share(found.filter((j) => j.named).length, found.length)} |`,
    );
  }
  console.log(`| all | ${planted.length} | ${share(right, planted.length)} | |`);
  console.log(`\nprecision ${share(right, right + wrong)}: ${wrong} of ${clean.length} clean documents found`);
}

if (values.clean) {
  const stage = await makeStage(descriptor, await loadKernel());
  const rules: Record<string, number> = { documents: 0, found: 0, overlap: 0, run: 0 };
  const count = async (batch: DocumentBatch): Promise<void> => {
    const out = await stage.apply(batch);
    for (let i = 0; i < out.rows; i++) {
      rules.documents++;
      if (out.number('decontam_found').values[i] !== 1) continue;
      rules.found++;
      if (Number(out.number('decontam_score').values[i]) >= threshold) rules.overlap++;
      if (Number(out.number('decontam_run').values[i]) >= minRun) rules.run++;
    }
  };
  await lastValueFrom(readDocuments(values.clean).pipe(concatMap((b) => count(b))));
  console.log(`\n${values.clean}: ${JSON.stringify(rules)}`);
}
