import * as z from 'zod';
import { MOST_WORDS } from '../../kernels/ngrams.ts';

const names = z.array(z.string().min(1)).min(1);

export const decontaminateOptions = z.strictObject({
  /** Files, folders or globs of benchmarks: JSONL (plain, .gz, .zst) and Parquet, one record an item. */
  benchmarks: z.array(z.string().min(1)),
  /** Fields of the records, over DEFAULT_FIELDS: the first that a record has counts. */
  fields: z
    .strictObject({
      question: names.optional(),
      choices: names.optional(),
      answer: names.optional(),
      passage: names.optional(),
      id: names.optional(),
    })
    .default({}),
  /** `remove` drops the document, `cut` takes the spans out of its text, `tag` only writes the columns. */
  action: z.enum(['remove', 'cut', 'tag']).default('remove'),
  /** Words of an n-gram that is looked up. */
  ngram: z.int().min(2).max(MOST_WORDS).default(5),
  /** Share of a part's words that must stand in the document, from which it is contaminated. */
  threshold: z.number().gt(0).max(1).default(0.4),
  /** Words of a part in a row from which it is contaminated whatever the share. */
  minRun: z.int().min(2).default(8),
  /** Bytes that the different words of such a run must have: rows of numbers and letters are no benchmark. */
  runBytes: z.int().min(0).default(16),
  /**
   * Words that a question, answer or passage must have to be looked for on its own; shorter questions need their answer
   * behind them.
   */
  minWords: z.int().min(1).default(8),
  /** A part of fewer words counts as one of so many: short parts must be there nearly whole. */
  fullWords: z.int().min(1).default(16),
});

export type DecontaminateOptions = z.infer<typeof decontaminateOptions>;
