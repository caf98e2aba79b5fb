// Plants noise into clean documents and says what refiners make of it: noise kind x rate x share. What is planted is
// known, so what is found and what is lost can be counted (Havrilla & Iyer 2024 on noise in traces: local and global).
//   npx tsx scripts/score/noise.ts [--corpus folder] [--documents 300] [--rates 0.05,0.2] [--share 0.5]
// Without --corpus our own made prose. Kinds of lines: recall = planted lines that are gone; false = clean lines that
// are gone; F1 of the lines that are gone. Kinds inside of lines: changed lines that are still there, and documents
// dropped. Refiners: the annotator of rules and the trained classifier of lines behind `refine()`.
import { parseArgs } from 'node:util';
import { execute } from '../../src/operators/rewrite/refine/execute.ts';
import { lineChunks } from '../../src/operators/rewrite/refine/line-chunks.ts';
import { lineModelProgram, loadLineModel } from '../../src/operators/rewrite/refine/line-model.ts';
import { parseProgram } from '../../src/operators/rewrite/refine/program.ts';
import { repeatedLines, ruleProgram } from '../../src/operators/rewrite/refine/rule-writer.ts';
import { type Random, seededRandom } from '../../src/random.ts';
import { corpusDocuments, LINES, madeDocuments, planted } from '../planted-noise.ts';

const { values } = parseArgs({
  options: {
    corpus: { type: 'string' },
    documents: { type: 'string', default: '300' },
    rates: { type: 'string', default: '0.05,0.2' },
    share: { type: 'string', default: '0.5' },
    seed: { type: 'string', default: '1' },
  },
});

/** The text that a refiner leaves, or null for a document that it drops. */
type Refiner = (text: string) => string | null;

const refinerOf =
  (programs: (text: string) => string[]): Refiner =>
  (text) => {
    const { verdict, text: left } = execute(text, programs(text).map(parseProgram));
    return verdict === 'drop' ? null : left;
  };
const model = loadLineModel();
const refiners: Readonly<Record<string, Refiner>> = {
  rules: refinerOf((text) => {
    const repeated = repeatedLines(text);
    return lineChunks(text, 1500).map((c) => ruleProgram(c, repeated));
  }),
  lines: refinerOf((text) => {
    const lines = text.split('\n');
    return lineChunks(text, 1500).map((c) => lineModelProgram(model, c, lines));
  }),
};

/** Kinds that the classifier was not trained on. */
const HELD_BACK = new Set(['repeated', 'symbols', 'offers', 'bylines']);

/** Changes inside of the lines of the document, character by character or word by word. */
const INSIDE: Readonly<Record<string, (line: string, rate: number, random: Random) => string>> = {
  'wrong letters': (line, rate, r) => line.replace(/[a-z]/g, (c) => (r.uniform() < rate ? 'aeiounst'[r.below(8)] : c)),
  'words shuffled': (line, rate, r) => {
    const words = line.split(' ');
    for (let i = words.length - 1; i > 0; i--) {
      if (r.uniform() >= rate) continue;
      const j = r.below(i + 1);
      [words[i], words[j]] = [words[j], words[i]];
    }
    return words.join(' ');
  },
  entities: (line, rate, r) => line.replace(/ /g, () => (r.uniform() < rate ? '&nbsp;' : ' ')),
};

const seed = Number(values.seed);
const count = Number(values.documents);
// Other files than those of training.
const documents = values.corpus
  ? corpusDocuments(values.corpus, /^(books|encyclopedia|tech_docs)-01|^legal_gov-00/, count)
  : madeDocuments(count, seed);
const share = Number(values.share);
const rates = values.rates.split(',').map(Number);
const percent = (n: number, of: number): string => (of === 0 ? '-' : `${((100 * n) / of).toFixed(1)} %`);
const cells = (all: readonly string[]): string => all.map((c) => c.padEnd(9)).join('');

for (const [name, refine] of Object.entries(refiners)) {
  const same = documents.filter((lines) => refine(lines.join('\n')) === lines.join('\n')).length;
  console.log(`\n${name}: clean documents left exactly as they are: ${percent(same, documents.length)}`);
  console.log(`${'lines'.padEnd(17)}${cells(['rate', 'recall', 'false', 'F1'])}documents dropped`);
  for (const [kind, make] of Object.entries(LINES))
    for (const rate of rates) {
      const random = seededRandom(seed, `${kind} ${rate}`);
      const sum = { planted: 0, found: 0, clean: 0, lost: 0, dropped: 0, noisy: 0 };
      documents.forEach((lines, document) => {
        if (random.uniform() >= share) return;
        const mixed = planted(lines, make, { rate, random, document });
        sum.noisy++;
        const left = refine(mixed.map((m) => m.line).join('\n'));
        if (left === null) sum.dropped++;
        const kept = new Map<string, number>();
        for (const line of (left ?? '').split('\n')) kept.set(line, (kept.get(line) ?? 0) + 1);
        for (const { line, noise } of mixed) {
          if (line.trim() === '') continue;
          const there = (kept.get(line) ?? 0) > 0;
          if (there) kept.set(line, kept.get(line)! - 1);
          sum[noise ? 'planted' : 'clean']++;
          if (!there) sum[noise ? 'found' : 'lost']++;
        }
      });
      const f1 = (2 * sum.found) / Math.max(1, sum.found + sum.lost + sum.planted);
      const label = `${kind}${HELD_BACK.has(kind) ? ' *' : ''}`.padEnd(17);
      const shown = [`${rate}`, percent(sum.found, sum.planted), percent(sum.lost, sum.clean), f1.toFixed(2)];
      console.log(`${label}${cells(shown)}${sum.dropped} of ${sum.noisy}`);
    }
  for (const [kind, change] of Object.entries(INSIDE))
    for (const rate of rates) {
      const random = seededRandom(seed, `${kind} ${rate}`);
      let [dropped, still, all, noisy] = [0, 0, 0, 0];
      for (const lines of documents) {
        if (random.uniform() >= share) continue;
        noisy++;
        const changed = lines.map((l) => change(l, rate, random));
        const left = refine(changed.join('\n'));
        if (left === null) dropped++;
        const kept = new Set((left ?? '').split('\n'));
        changed.forEach((line, i) => {
          if (line === lines[i]) return;
          all++;
          if (kept.has(line)) still++;
        });
      }
      const left = `${percent(still, all)} of changed lines left`;
      console.log(`${kind.padEnd(17)}${cells([`${rate}`])}${left}, ${dropped} of ${noisy} documents dropped`);
    }
}
console.log('\n* kinds that the classifier was not trained on');
