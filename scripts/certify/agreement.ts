/**
 * How often the profile `datatrove` decides as datatrove itself does, when it has to split words and sentences by our
 * own rules.
 *
 *   oracle/bin/python scripts/make/profile-oracle.py datatrove docs.jsonl verdicts.jsonl
 *   npx tsx scripts/certify/agreement.ts docs.jsonl verdicts.jsonl
 *
 * docs.jsonl: {"id", "text"} a line. Prints, for each filter and split: documents, equal verdicts (kept or dropped),
 * equal reasons, and the commonest differences.
 *
 * Measured on 3,778 documents (17 MB; a 12 % sample of the mixed corpus, all domains), datatrove 0.10.1 with spaCy 3.8;
 * equal verdicts (equal reasons). Given datatrove's own words and sentences, every number, reason and C4 text is equal:
 * on 700 of these documents, and on the texts of the tests.
 *
 * | filter                      | split `punctuated` (default) | split `whitespace` |
 * | --------------------------- | ---------------------------- | ------------------ |
 * | Gopher quality              | 96.9 % (96.4 %)              | 69.8 % (64.6 %)    |
 * | Gopher repetition           | 99.8 % (99.7 %)              | 94.3 % (93.5 %)    |
 * | FineWeb                     | 100 % (100 %)                | 99.5 % (99.5 %)    |
 * | C4                          | 99.8 % (99.8 %)              | the same           |
 * | C4 without punctuation rule | 99.9 % (99.9 %)              | the same           |
 *
 * Most of what is left in Gopher quality is the share of words with a letter near its limit of 0.8, in code and
 * reference works.
 */
import { createReadStream } from 'node:fs';
import { createInterface } from 'node:readline';
import {
  datatroveFineweb,
  datatroveGopherQuality,
  datatroveGopherRepetition,
} from '../../src/operators/annotators/profiles/datatrove.ts';
import { splitsOf } from '../../src/operators/annotators/profiles/splits.ts';
import { DATATROVE_C4 as C4, datatroveC4 } from '../../src/operators/rewrite/c4-datatrove.ts';
import { finewebRules, gopherQualityRules, gopherRepetitionRules } from '../../src/operators/rules/index.ts';
import { fails, type Rule } from '../../src/streams/batch/outcome.ts';

type Verdicts = Readonly<Record<string, string | null>>;

const reason = (statistics: Readonly<Record<string, number>>, rules: readonly Rule[]): string | null =>
  rules.find((r) => !Number.isNaN(statistics[r.column]) && fails(statistics[r.column], r.comparison, r.threshold))
    ?.name ?? null;

const rules = {
  quality: gopherQualityRules({ profile: 'datatrove' }),
  repetition: gopherRepetitionRules({ profile: 'datatrove' }),
  fineweb: finewebRules({ profile: 'datatrove' }),
};

function ours(text: string, split: 'whitespace' | 'punctuated'): Verdicts {
  const { words: wordsOf, sentences } = splitsOf(split);
  const words = wordsOf(text);
  const sentencesIn = (line: string): number => sentences(line).length;
  return {
    quality: reason(datatroveGopherQuality(text, words), rules.quality),
    repetition: reason(datatroveGopherRepetition(text, words), rules.repetition),
    fineweb: reason(datatroveFineweb(text, words), rules.fineweb),
    c4: datatroveC4(text, C4, sentencesIn).reason,
    c4_fineweb: datatroveC4(text, { ...C4, terminalPunct: false }, sentencesIn).reason,
  };
}

async function* lines(path: string): AsyncGenerator<unknown> {
  for await (const line of createInterface({ input: createReadStream(path), crlfDelay: Number.POSITIVE_INFINITY }))
    yield JSON.parse(line);
}

const [documents, verdicts] = process.argv.slice(2);
if (!verdicts) throw new Error('expected two files: npx tsx scripts/certify/agreement.ts docs.jsonl verdicts.jsonl');
const texts = new Map<string, string>();
for await (const row of lines(documents)) texts.set((row as { id: string }).id, (row as { text: string }).text);

const tally = new Map<
  string,
  { documents: number; verdict: number; reason: number; differences: Map<string, number> }
>();
for await (const row of lines(verdicts)) {
  const theirs = row as Verdicts;
  const text = texts.get(theirs.id!);
  if (text === undefined) continue;
  for (const split of ['punctuated', 'whitespace'] as const) {
    for (const [filter, mine] of Object.entries(ours(text, split))) {
      const key = `${filter.padEnd(11)} ${split}`;
      const t = tally.get(key) ?? { documents: 0, verdict: 0, reason: 0, differences: new Map<string, number>() };
      tally.set(key, t);
      t.documents++;
      if ((mine === null) === (theirs[filter] === null)) t.verdict++;
      if (mine === theirs[filter]) t.reason++;
      else {
        const difference = `${theirs[filter] ?? 'kept'} -> ${mine ?? 'kept'}`;
        t.differences.set(difference, (t.differences.get(difference) ?? 0) + 1);
      }
    }
  }
}

const percent = (a: number, b: number): string => `${((100 * a) / b).toFixed(2)} %`;
for (const [key, t] of [...tally].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const worst = [...t.differences].sort((a, b) => b[1] - a[1]).slice(0, 3);
  console.log(
    `${key.padEnd(23)} ${t.documents} documents   verdict ${percent(t.verdict, t.documents)}   reason ` +
      `${percent(t.reason, t.documents)}   ${worst.map(([d, n]) => `${n} ${d}`).join(', ')}`,
  );
}
