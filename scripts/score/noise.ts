// Plants noise into clean documents and says what a refiner makes of it: noise kind x rate x share. What is planted is
// known, so what is found and what is lost can be counted (Havrilla & Iyer 2024 on noise in traces: local and global).
//   npx tsx scripts/score/noise.ts [--input 'corpus/*.jsonl'] [--documents 300] [--rates 0.05,0.2] [--share 0.5]
// Without --input our own made prose. Kinds of lines: recall = planted lines that are gone; false = clean lines that
// are gone; survives = share of the planted bytes still there. Kinds inside of lines: share that survives, documents
// dropped. The refiner is the annotator of rules behind `refine()`.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { execute } from '../../src/operators/rewrite/refine/execute.ts';
import { lineChunks } from '../../src/operators/rewrite/refine/line-chunks.ts';
import { parseProgram, saysDrop } from '../../src/operators/rewrite/refine/program.ts';
import { repeatedLines, ruleDocumentProgram, ruleProgram } from '../../src/operators/rewrite/refine/rule-writer.ts';
import { type Random, seededRandom } from '../../src/random.ts';
import { generator, prose } from '../../test/helpers/corpus.ts';

const { values } = parseArgs({
  options: {
    input: { type: 'string' },
    documents: { type: 'string', default: '300' },
    rates: { type: 'string', default: '0.05,0.2,0.5' },
    share: { type: 'string', default: '0.5' },
    seed: { type: 'string', default: '1' },
  },
});

/** A refiner: the text that it leaves, or null for a document that it drops. */
type Refiner = (text: string) => string | null;

const byRules: Refiner = (text) => {
  if (saysDrop(ruleDocumentProgram(text))) return null;
  const repeated = repeatedLines(text);
  const programs = lineChunks(text, 1500).map((c) => parseProgram(ruleProgram(c, repeated)));
  const { verdict, text: left } = execute(text, programs);
  return verdict === 'drop' ? null : left;
};

const pick = (random: Random, of: readonly string[]): string => of[random.below(of.length)];
const title = (random: Random): string =>
  prose(() => random.uniform(), 3 + random.below(5))
    .replace(/[.,]/g, '')
    .replace(/\s+/g, ' ');

/** Lines that are planted between lines of the document. */
const LINES: Readonly<Record<string, (random: Random, document: number) => string>> = {
  menu: (r) => `Home | ${title(r)} | ${pick(r, ['Shop', 'News', 'Blog'])} | Contact`,
  cookies: (r) => pick(r, ['We use cookies to improve this site.', 'By using this site you accept our terms.']),
  buttons: (r) => pick(r, ['Read more', 'Click here', 'Share this on your wall', 'Sign up for our letter', 'Log in']),
  links: (r) => `https://example.org/${title(r).replace(/ /g, '-')}`,
  rights: (r) => `\u00a9 ${2000 + r.below(25)} ${title(r)}. All rights reserved.`,
  repeated: (_, d) => `You are reading page ${d} of the archive`,
  symbols: (r) => Array.from({ length: 30 }, () => pick(r, [...'#%*@~0123456789/\\<>'])).join(''),
  // The rules know nothing of these.
  headlines: (r) => title(r),
  offers: (r) => `${title(r)} now only ${1 + r.below(99)}.99 while stocks last`,
  bylines: (r) => `${title(r)}, ${1 + r.below(28)} May ${1990 + r.below(30)}, ${r.below(12)} min`,
};
const UNKNOWN = new Set(['headlines', 'offers', 'bylines']);

/** Changes inside of the lines of the document, character by character or word by word. */
const INSIDE: Readonly<Record<string, (line: string, rate: number, random: Random) => string>> = {
  'wrong letters': (line, rate, r) =>
    line.replace(/[a-z]/g, (c) => (r.uniform() < rate ? pick(r, [...'aeiounst']) : c)),
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

function cleanDocuments(count: number): string[][] {
  if (values.input) {
    const lines = readFileSync(values.input, 'utf8').split('\n').filter(Boolean).slice(0, count);
    return lines.map((l) => (JSON.parse(l) as { text: string }).text.split('\n'));
  }
  const random = generator(Number(values.seed));
  return Array.from({ length: count }, () =>
    Array.from({ length: 6 + Math.floor(random() * 10) }, () =>
      prose(random, 15 + Math.floor(random() * 40)).replace(/\s+/g, ' '),
    ),
  );
}

const documents = cleanDocuments(Number(values.documents));
const share = Number(values.share);
const rates = values.rates.split(',').map(Number);
const percent = (n: number, of: number): string => (of === 0 ? '-' : `${((100 * n) / of).toFixed(1)} %`);

const untouched = documents.filter((lines) => byRules(lines.join('\n')) === lines.join('\n')).length;
console.log(`clean documents left exactly as they are: ${percent(untouched, documents.length)} of ${documents.length}`);
console.log('\nlines            rate   recall   false   survives   documents dropped');
for (const [kind, make] of Object.entries(LINES))
  for (const rate of rates) {
    const random = seededRandom(Number(values.seed), `${kind} ${rate}`);
    const sum = { planted: 0, found: 0, clean: 0, lost: 0, bytes: 0, left: 0, dropped: 0, noisy: 0 };
    documents.forEach((lines, d) => {
      if (random.uniform() >= share) return;
      const mixed = lines.flatMap((line) =>
        random.uniform() < rate
          ? [
              { line: make(random, d), noise: true },
              { line, noise: false },
            ]
          : [{ line, noise: false }],
      );
      sum.noisy++;
      const left = byRules(mixed.map((m) => m.line).join('\n'));
      if (left === null) sum.dropped++;
      const kept = new Map<string, number>();
      for (const line of (left ?? '').split('\n')) kept.set(line, (kept.get(line) ?? 0) + 1);
      for (const { line, noise } of mixed) {
        const there = (kept.get(line) ?? 0) > 0;
        if (there) kept.set(line, kept.get(line)! - 1);
        sum[noise ? 'planted' : 'clean']++;
        if (!there) sum[noise ? 'found' : 'lost']++;
        if (noise) sum.bytes += line.length;
        if (noise && there) sum.left += line.length;
      }
    });
    const name = `${kind}${UNKNOWN.has(kind) ? ' *' : ''}`.padEnd(16);
    const cells = [percent(sum.found, sum.planted), percent(sum.lost, sum.clean), percent(sum.left, sum.bytes)];
    console.log(
      `${name} ${String(rate).padEnd(6)} ${cells.map((c) => c.padEnd(8)).join(' ')}  ${sum.dropped} of ${sum.noisy}`,
    );
  }
console.log(
  '* kinds that the rules know nothing of\n\ninside lines     rate   changed places left   documents dropped',
);
for (const [kind, change] of Object.entries(INSIDE))
  for (const rate of rates) {
    const random = seededRandom(Number(values.seed), `${kind} ${rate}`);
    let [dropped, same, all, noisy] = [0, 0, 0, 0];
    for (const lines of documents) {
      if (random.uniform() >= share) continue;
      noisy++;
      const changed = lines.map((l) => change(l, rate, random));
      const left = byRules(changed.join('\n'));
      if (left === null) dropped++;
      const kept = new Set((left ?? '').split('\n'));
      changed.forEach((line, i) => {
        if (line === lines[i]) return;
        all++;
        if (kept.has(line)) same++;
      });
    }
    console.log(
      `${kind.padEnd(16)} ${String(rate).padEnd(6)} ${percent(same, all).padEnd(20)}  ${dropped} of ${noisy}`,
    );
  }
