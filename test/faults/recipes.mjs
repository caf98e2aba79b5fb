// Recipes that the fault suites run, by name.
import { fileURLToPath } from 'node:url';
import { annotate, c4, decontaminate, dedup, drop, rule, select, textStatistics } from '../../dist/operators/index.js';
import { recipe } from '../../dist/recipe/recipe.js';
import { jsonl, parquet } from '../../dist/sinks/index.js';

const questions = fileURLToPath(new URL('../fixtures/questions.jsonl', import.meta.url));

const quality = [
  annotate(textStatistics(), { step: 'scores' }),
  drop('quality', [rule('text_chars < 100', { name: 'min_chars' })]),
];

export const recipes = {
  /** Two barriers with a rewrite between them, so three phases; a second sink; shards of one segment each. */
  barriers: recipe({
    name: 'barriers',
    splitBytes: 16 * 1024,
    steps: [dedup.exact(), c4(), dedup.exact({ step: 'again' }), ...quality],
    sinks: [parquet(), jsonl()],
  }),
  /** Every barrier that there is, one after the other, so that there are seven phases, and an index that stays. */
  everything: recipe({
    name: 'everything',
    splitBytes: 16 * 1024,
    steps: [
      dedup.url(),
      dedup.bloom({ expectedKeys: 1000, saveIndex: true }),
      c4(),
      dedup.normalized(),
      dedup.minhash(),
      ...quality,
      select.byRank({ column: 'text_chars', keep: 'high', rate: 0.9 }),
      select.buckets({ column: 'text_chars' }),
    ],
    sinks: [parquet(), jsonl()],
  }),
  /** Every step that cuts stretches of texts, benchmarks, an index of near copies, and near copies in a stream. */
  spans: recipe({
    name: 'spans',
    splitBytes: 16 * 1024,
    steps: [
      dedup.minhash({ threshold: 0.9, saveIndex: true }),
      dedup.minhash({ scope: 'streaming', step: 'stream' }),
      decontaminate({ benchmarks: [questions], action: 'cut' }),
      dedup.boilerplate({ moreThan: 3 }),
      dedup.paragraphs(),
      dedup.lines(),
      dedup.sentences({ sentences: 1, minWordsLeft: 3, minSentencesLeft: 1 }),
      dedup.substring({ minWords: 8 }),
    ],
    sinks: [parquet(), jsonl()],
  }),
  /** One phase. */
  plain: recipe({ name: 'plain', splitBytes: 16 * 1024, steps: quality }),
};
