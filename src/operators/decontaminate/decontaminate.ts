import type { ColumnSpec } from '../../streams/batch/columns.ts';
import type { Rule } from '../../streams/batch/outcome.ts';
import type { Effects, StepDescriptor } from '../../streams/operator.ts';
import { operator } from '../operator.ts';
import { findBenchmarks } from './benchmark-files.ts';
import { DEFAULT_FIELDS } from './items.ts';
import { type DecontaminateOptions, decontaminateOptions } from './options.ts';

const EFFECTS: { readonly [action in DecontaminateOptions['action']]: Effects } = {
  remove: { annotates: true, drops: 'thresholds' },
  cut: { annotates: true, rewrites: true },
  tag: { annotates: true },
};

type Recorded = StepDescriptor['options'];

const WRITES: readonly ColumnSpec[] = [
  { name: 'decontam_found', type: 'int32' },
  { name: 'decontam_benchmark', type: 'utf8' },
  { name: 'decontam_item', type: 'utf8' },
  { name: 'decontam_part', type: 'utf8' },
  { name: 'decontam_score', type: 'float64' },
  { name: 'decontam_run', type: 'int32' },
  { name: 'decontam_start', type: 'int32' },
  { name: 'decontam_end', type: 'int32' },
];

/**
 * Finds documents that hold benchmark items: a question, an answer or a passage of its own, each by two measures over
 * normalised words (case, punctuation, accents and line breaks do not count), looked up by 5-grams:
 * - `decontam_score`, the share of the part's words that stand in one stretch of the document in n-grams of the part,
 *   unweighted; parts of fewer than
 *   `fullWords` words count as that long. Rule `decontam_overlap`: score >= `threshold` (0.4).
 * - `decontam_run`, the most words of the part in a row. Rule `decontam_run`: run >= `minRun` (8). Others: any 13-gram
 *   (Brown et al. 2020, GPT-3, appendix C); 70 % of the 8-grams (Chowdhery et al. 2022, PaLM, section 8); sampled
 *   5-grams, score 0.8 weighted by idf (decon). The first is `{ ngram: 5, threshold: 1, minRun: 13 }`. Questions of
 *   fewer than `minWords` words count only with their answer right behind them; what is shorter than an n-gram even so
 *   is not looked for.
 *
 * Writes decontam_found (1 = a threshold is reached), and of the best match (null: none with a score of 0.2)
 * decontam_benchmark, decontam_item, decontam_part (`question`, `answer`, `passage`, `question+answer`),
 * decontam_score, decontam_run, decontam_start and decontam_end (UTF-8 bytes of the original text). Memory a worker:
 * about 60 bytes a word of the benchmarks. The files' hashes are in the descriptor, so a run does not go on with
 * others. Errors: ConfigError when a path of `benchmarks` has no file; InputError for a damaged one, or one without a
 * known field.
 */
export const decontaminate = operator({
  call: 'decontaminate()',
  name: 'decontaminate',
  stage: 'decontaminate',
  options: decontaminateOptions,
  versions: ['decontam@1'],
  effects: ({ action }) => EFFECTS[action],
  describe(options) {
    const files = findBenchmarks(options.benchmarks, 'decontaminate({ benchmarks })');
    return {
      options: { ...options, fields: { ...DEFAULT_FIELDS, ...options.fields }, files } as unknown as Recorded,
      reads: ['text'],
      writes: WRITES,
      rules: options.action === 'remove' ? rulesOf(options) : [],
      ...(files.length === 0 && { unset: 'benchmarks' }),
    };
  },
});

function rulesOf({ threshold, minRun }: DecontaminateOptions): Rule[] {
  const rule = (name: string, column: string, value: number, option: string): Rule => ({
    name,
    version: 1,
    column,
    comparison: '>=',
    threshold: value,
    onNull: 'pass',
    option,
  });
  return [
    rule('decontam_overlap', 'decontam_score', threshold, 'threshold'),
    rule('decontam_run', 'decontam_run', minRun, 'min_run'),
  ];
}
