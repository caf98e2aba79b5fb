import {
  annotate,
  c4,
  custom,
  dedup,
  drop,
  jsonl,
  type Operator,
  parquet,
  type Recipe,
  recipe,
  rule,
  select,
  textStatistics,
} from 'sluice';
import { generator, jsonLines, prose } from './corpus.ts';
import { partition } from './partition.ts';

/** Steps before and after one that creates documents: rewrites, and barriers that drop, cut and rank. */
export const grownSteps = (): readonly Operator[] => [
  dedup.exact({ step: 'exact_before' }),
  c4({ step: 'c4_before', minSentences: 1, where: { domain: ['code'] } }),
  partition(),
  annotate(textStatistics(), { step: 'scores' }),
  drop('length', [rule('text_chars < 40', { name: 'min_chars' })]),
  dedup.exact({ step: 'exact_after' }),
  c4({ step: 'c4_after', minSentences: 1, where: { domain: ['web'] } }),
  dedup.minhash({ threshold: 0.6 }),
  dedup.paragraphs({ minBytes: 40, minWordsLeft: 3 }),
  select.byRank({ column: 'text_chars', keep: 'high', rate: 0.8 }),
];

export const grownRecipe = (steps: readonly Operator[] = grownSteps()): Recipe =>
  recipe({
    name: 'grown',
    steps: [...steps],
    sinks: [parquet(), jsonl({ compression: 'none' })],
    splitBytes: 8 * 1024,
  });

/** A step that throws on documents whose text has a word in it. */
export const picky = (word: string): Operator =>
  custom('picky', 1, ({ text }) => {
    if (text.includes(word)) throw new Error(`not with ${word}`);
    return true;
  });

/** Documents of one to five paragraphs, some of which stood before. */
export function paragraphed(count: number, seed = 3): { id: string; text: string; metadata: { domain: string } }[] {
  const random = generator(seed);
  const seen: string[] = [];
  const paragraph = (): string => {
    if (seen.length > 0 && random() < 0.2) return seen[Math.floor(random() * seen.length)];
    seen.push(prose(random, 12 + Math.floor(random() * 40)));
    return seen[seen.length - 1];
  };
  return Array.from({ length: count }, (_, i) => ({
    id: `doc-${i}`,
    text: Array.from({ length: 1 + (i % 5) }, paragraph).join('\n\n'),
    metadata: { domain: i % 3 === 0 ? 'code' : 'web' },
  }));
}

export const paragraphedLines = (count: number, seed?: number): string => jsonLines(paragraphed(count, seed));
