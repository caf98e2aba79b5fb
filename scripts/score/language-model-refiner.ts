// Trains the model that ships to refine: a language model that reads a document line by line and says after each line
// whether it goes. What it learns from are the programs that the annotator of rules writes for documents with planted
// noise of five kinds; it is tested on those and on five others, beside the rules and the classifier of lines.
//   npx tsx scripts/score/language-model-refiner.ts --corpus <folder of packed JSON lines> [--steps 240] [--seed 1]
// With --teacher planted it learns from what was planted, and headlines too: the task that the classifier was given.
// Minutes on one core. Weights are kept nowhere: what comes out is the table.
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { packedRows } from '../../src/models/packed-rows.ts';
import { NO_TARGET } from '../../src/models/scorers/scoring-graph.ts';
import { loadScoringModel, modelFolderInfo } from '../../src/models/scorers/scoring-model.ts';
import type { Tensor } from '../../src/models/tensor.ts';
import { openTrainer } from '../../src/models/trainer.ts';
import { lineChunks } from '../../src/operators/rewrite/refine/line-chunks.ts';
import { lineModelProgram, loadLineModel } from '../../src/operators/rewrite/refine/line-model.ts';
import { parseProgram } from '../../src/operators/rewrite/refine/program.ts';
import { repeatedLines, ruleProgram } from '../../src/operators/rewrite/refine/rule-writer.ts';
import { seededRandom } from '../../src/random.ts';
import { corpusDocuments, LINES, type MixedLine, planted } from '../planted-noise.ts';

const { values } = parseArgs({
  options: {
    corpus: { type: 'string', default: '../shared/corpora/mixed' },
    steps: { type: 'string', default: '240' },
    documents: { type: 'string', default: '500' },
    tested: { type: 'string', default: '60' },
    seed: { type: 'string', default: '1' },
    teacher: { type: 'string', default: 'rules' },
  },
});
const planting = values.teacher === 'planted';
const LEARNED = ['menu', 'cookies', 'buttons', 'links', 'rights', ...(planting ? ['headlines'] : [])];
const [LENGTH, ROWS, LONGEST, LINES_EACH] = [512, 4, 28, 40];
const FALSE = 0.003;
const seed = Number(values.seed);
const steps = Number(values.steps);

const info = modelFolderInfo(fileURLToPath(new URL('../../models/prose', import.meta.url)));
const { model, tokenizer } = await loadScoringModel(info);
const idOf = (text: string): number => tokenizer.encode(Buffer.from(text))[0];
const [MARK, GOES] = [idOf('='), idOf('-')];
const STAYS = idOf('+');

/** Lines that programs remove. */
function removedBy(programs: readonly string[], count: number): boolean[] {
  const gone = Array.from({ length: count }, () => false);
  for (const { operations } of programs.map(parseProgram))
    for (const o of operations) if (o.call === 'remove_lines') gone.fill(true, o.start, o.end + 1);
  return gone;
}

const texts = (lines: readonly MixedLine[]): string[] => lines.map((l) => l.line);
const byRules = (lines: readonly string[]): boolean[] => {
  const text = lines.join('\n');
  const repeated = repeatedLines(text);
  return removedBy(
    lineChunks(text, 1500).map((c) => ruleProgram(c, repeated)),
    lines.length,
  );
};
const lineModel = loadLineModel();
const byClassifier = (lines: readonly string[]): boolean[] =>
  removedBy(
    lineChunks(lines.join('\n'), 1500).map((c) => lineModelProgram(lineModel, c, lines)),
    lines.length,
  );

/** Rows of a document: its lines one after the other, each cut at so many tokens, with a mark behind it. */
interface Row {
  readonly ids: number[];
  /** Places of the marks, and the lines they stand behind. */
  readonly marks: { readonly at: number; readonly line: number }[];
}

function rowsOf(lines: readonly string[]): Row[] {
  const rows: Row[] = [];
  let row: Row = { ids: [info.start!], marks: [] };
  lines.forEach((line, i) => {
    if (line.trim() === '') return;
    const ids = [...tokenizer.encode(Buffer.from(`\n${line.slice(0, 400)}`))].slice(0, LONGEST);
    if (row.ids.length + ids.length + 1 > LENGTH) {
      rows.push(row);
      row = { ids: [info.start!], marks: [] };
    }
    row.ids.push(...ids, MARK);
    row.marks.push({ at: row.ids.length - 1, line: i });
  });
  if (row.marks.length > 0) rows.push(row);
  return rows;
}

/** A batch whose only targets are what is said behind the marks. */
function batchOf(rows: readonly Row[], said: (row: number, line: number) => number): Map<string, Tensor> {
  const batch = packedRows(
    Array.from({ length: ROWS }, (_, r) => ({ ids: rows[r]?.ids ?? [], weight: 0 })),
    LENGTH,
  );
  const targets = batch.get('targets')!.data.fill(NO_TARGET);
  const weights = batch.get('target_weights')!.data;
  rows.forEach((row, r) => {
    for (const { at, line } of row.marks) {
      targets[r * LENGTH + at] = said(r, line);
      weights[r * LENGTH + at] = 1;
    }
  });
  return batch;
}

const documents = (files: RegExp, count: number): string[][] =>
  corpusDocuments(values.corpus, files, count).map((lines) => lines.slice(0, LINES_EACH));
const random = seededRandom(seed, 'language model refiner');
const taught = documents(/^(books|encyclopedia|news|qa_forum|science|tech_docs)-00/, Number(values.documents)).map(
  (lines, document) => {
    const kind = LEARNED[random.below(LEARNED.length)];
    const both = planted(lines, LINES[kind], { rate: 0.15, random, document });
    const mixed = texts(both);
    const gone = planting ? both.map((l) => l.noise) : byRules(mixed);
    return { mixed, gone, held: document % 8 === 0 };
  },
);
const rows = taught.flatMap(({ mixed, gone, held }) => rowsOf(mixed).map((row) => ({ row, gone, held })));
const [train, held] = [rows.filter((r) => !r.held), rows.filter((r) => r.held)];

const trainer = await openTrainer(await onnxruntimeNode(), model, { rows: ROWS, length: LENGTH });
const began = performance.now();
const losses: number[] = [];
for (let step = 1; step <= steps; step++) {
  const drawn = Array.from({ length: ROWS }, () => train[random.below(train.length)]);
  const batch = batchOf(
    drawn.map((d) => d.row),
    (r, line) => (drawn[r].gone[line] ? GOES : STAYS),
  );
  const rate = 1e-3 * Math.min(1, step / 20) * (1 - step / (steps + 1));
  losses.push((await trainer.step([batch], step, rate)).loss);
  if (step % 40 === 0)
    console.log(`step ${step}: loss ${(losses.slice(-40).reduce((a, b) => a + b, 0) / 40).toFixed(3)}`);
}
console.log(`trained in ${Math.round((performance.now() - began) / 1000)} s on ${train.length} rows`);

/** Probability of every line that it goes. */
async function chances(lines: readonly string[]): Promise<Float64Array> {
  const out = new Float64Array(lines.length);
  const own = rowsOf(lines);
  for (let i = 0; i < own.length; i += ROWS) {
    const some = own.slice(i, i + ROWS);
    const nll = (await trainer.evaluate(batchOf(some, () => GOES))).data;
    some.forEach((row, r) => {
      for (const { at, line } of row.marks) out[line] = Math.exp(-nll[r * LENGTH + at]);
    });
  }
  return out;
}

// The lowest threshold at which no more than 0.3 % of the lines go that the rules let stay.
const clean: number[] = [];
for (const { mixed, gone } of taught.filter((t) => t.held).slice(0, 40))
  (await chances(mixed)).forEach((p, i) => {
    if (!gone[i] && mixed[i].trim() !== '') clean.push(p);
  });
const threshold = Math.max(0.5, clean.sort((a, b) => a - b)[Math.floor(clean.length * (1 - FALSE))] ?? 1);
console.log(
  `threshold ${threshold.toFixed(3)}, from ${clean.length} lines of ${held.length} rows that were held out\n`,
);

const tested = documents(/^(books|encyclopedia|tech_docs)-01|^legal_gov-00/, Number(values.tested));
const REFINERS = {
  rules: async (lines: readonly string[]) => byRules(lines),
  classifier: async (lines: readonly string[]) => byClassifier(lines),
  'language model': async (lines: readonly string[]) => Array.from(await chances(lines), (p) => p > threshold),
};
const percent = (n: number, of: number): string => (of === 0 ? '-' : `${((100 * n) / of).toFixed(1)} %`);
console.log(
  `${'lines'.padEnd(14)}${Object.keys(REFINERS)
    .map((r) => `${r} F1, false`.padEnd(26))
    .join('')}`,
);
for (const [kind, make] of Object.entries(LINES)) {
  const cells: string[] = [];
  for (const refine of Object.values(REFINERS)) {
    const draws = seededRandom(seed, `test ${kind}`);
    const sum = { planted: 0, found: 0, clean: 0, lost: 0 };
    for (const [document, lines] of tested.entries()) {
      const mixed = planted(lines, make, { rate: 0.1, random: draws, document });
      const gone = await refine(texts(mixed));
      mixed.forEach(({ line, noise }, i) => {
        if (line.trim() === '') return;
        sum[noise ? 'planted' : 'clean']++;
        if (gone[i]) sum[noise ? 'found' : 'lost']++;
      });
    }
    const f1 = (2 * sum.found) / Math.max(1, sum.found + sum.lost + sum.planted);
    cells.push(`${f1.toFixed(2)}, ${percent(sum.lost, sum.clean)}`.padEnd(26));
  }
  console.log(`${`${kind}${LEARNED.includes(kind) ? '' : ' *'}`.padEnd(14)}${cells.join('')}`);
}
console.log('\n* kinds that the language model was not trained on');
await trainer.release();
