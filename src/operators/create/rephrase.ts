import * as z from 'zod';
import { ConfigError, nearestName } from '../../errors.ts';
import type { ColumnSpec } from '../../streams/batch/columns.ts';
import type { Comparison, Rule } from '../../streams/batch/outcome.ts';
import type { StepDescriptor } from '../../streams/operator.ts';
import { generatorPipe } from '../generate/generator-pipe.ts';
import { bandReads, generatorOptions, modelUnset, modelVersion, PLACES } from '../generate/options.ts';
import { operator, type StepOptions } from '../operator.ts';
import { rephrased } from './rephrase-stage.ts';
import { PRESETS, STYLE_NAMES } from './styles.ts';

const share = z.number().min(0).max(1);

const options = generatorOptions.extend({
  /** Prefix of the columns and rules. */
  as: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'a-z, 0-9 and _')
    .default('rephrase'),
  /**
   * Names of styles, of presets (`wrap`, `nemotron`, `finephrase`) or of `ownStyles`. Default: `medium`; without an
   * endpoint `continue`, for a model that follows no instructions.
   */
  styles: z.array(z.string()).min(1).optional(),
  /** Every style of each document, or one drawn by a hash of its id. */
  each: z.enum(['all', 'one']).default('all'),
  /** Styles of your own, by name; `{text}` in a prompt stands for the text. */
  ownStyles: z
    .record(
      z.string().regex(/^[a-z][a-z0-9_]*$/),
      z.strictObject({
        prompt: z.string().refine((p) => p.includes('{text}'), 'a prompt with {text} in it'),
        system: z.string().default(''),
      }),
    )
    .default({}),
  /** Longest piece that is rewritten at once, in tokens of about four bytes; longer ones lose information. */
  chunkTokens: z.int().min(16).default(300),
  /** Share of the documents that is rewritten, chosen by a hash of the id. */
  share: share.default(1),
  /** False: a document goes when there are rewrites of it. */
  keepSource: z.boolean().default(true),
  /** Put behind the domain of a rewrite, so that a mixture can weigh real and synthetic text. */
  domainSuffix: z.string().default(''),
  /**
   * What becomes of a rewrite that ends at the limit: it is dropped, or trimmed to its last whole sentence. Default:
   * dropped; without an endpoint trimmed, for a model that never ends by itself.
   */
  cutOff: z.enum(['auto', 'drop', 'trim']).default('auto'),
  /** Bytes of a rewrite for each of its source, at least and at most. */
  minRatio: z.number().min(0).default(0.2),
  maxRatio: z.number().positive().default(3),
  /** Share of its runs of five words that a rewrite may have from its source. */
  maxCopied: share.default(0.8),
  /** Share of words that a rewrite must have in common with its source: another document's answer has fewer. */
  minOverlap: share.default(0.1),
  /** Difference in the share of letters that are not ASCII: more is another language. */
  maxScript: share.default(0.3),
});

export type RephraseInput = z.input<typeof options> & StepOptions;

/**
 * Rewrites documents with a language model, piece by piece (WRAP: Maini et al. 2024, "Rephrasing the Web: A Recipe for
 * Compute and Data-Efficient Language Modeling"): pieces of about 300 tokens cut between sentences, each in the styles
 * asked for. Every rewrite is a document of its own behind its source, with generator, hash of the prompt and cost in
 * the ledger; one that a check does not pass is dropped by that rule, and its cost stays known.
 *
 * Writes of a source `rephrase_rewrites` and `rephrase_unasked` (left out by the budget); of a rewrite
 * `rephrase_style`, `_chunk`, `_reason` (why there is no answer), `_rejected`, `_refused`, `_empty`, `_cut` (ended by
 * the limit), `_ratio`, `_copied`, `_overlap`, `_script`. Documents that a generator wrote are not rewritten again.
 * Answers are kept in the run directory and never paid twice. Errors: ConfigError for a style, an endpoint or a model
 * that is none.
 */
export const rephrase = operator({
  call: 'rephrase()',
  name: 'rephrase',
  stage: 'rephrase',
  options,
  versions: (o) => ['rephrase@1', ...modelVersion(o)],
  effects: { annotates: true, creates: true, drops: 'thresholds' },
  describe: (o, step) => ({
    options: { ...o, styles: stylesOf(o, step), cutOff: cutOffOf(o) } as unknown as StepDescriptor['options'],
    reads: ['text', ...bandReads(o)],
    places: [...PLACES],
    ...modelUnset(o),
    writes: columnsOf(o.as),
    rules: rulesOf(o),
    generates: true,
  }),
  pipe: generatorPipe(rephrased),
});

const cutOffOf = ({ cutOff, endpoint }: z.output<typeof options>): 'drop' | 'trim' => {
  if (cutOff !== 'auto') return cutOff;
  return endpoint === null ? 'trim' : 'drop';
};

function stylesOf(o: z.output<typeof options>, step: string): string[] {
  const asked = o.styles ?? [o.endpoint === null ? 'continue' : 'medium'];
  const names = asked.flatMap((s) => (Object.hasOwn(PRESETS, s) ? PRESETS[s as keyof typeof PRESETS] : [s]));
  const known = [...STYLE_NAMES, ...Object.keys(o.ownStyles)];
  const unknown = names.find((n) => !known.includes(n));
  if (unknown === undefined) return [...new Set<string>(names)];
  const near = nearestName(unknown, [...known, ...Object.keys(PRESETS)]);
  throw new ConfigError({
    expected: `a style (${known.join(', ')}) or a preset (${Object.keys(PRESETS).join(', ')})`,
    got: unknown,
    where: `step ${step}`,
    fix: near ? `Did you mean ${near}?` : undefined,
  });
}

const columnsOf = (as: string): ColumnSpec[] => [
  { name: `${as}_rewrites`, type: 'int32' },
  { name: `${as}_unasked`, type: 'int32' },
  { name: `${as}_style`, type: 'utf8' },
  { name: `${as}_chunk`, type: 'int32' },
  { name: `${as}_reason`, type: 'utf8' },
  { name: `${as}_rejected`, type: 'int32' },
  { name: `${as}_refused`, type: 'int32' },
  { name: `${as}_empty`, type: 'int32' },
  { name: `${as}_cut`, type: 'int32' },
  { name: `${as}_ratio`, type: 'float64' },
  { name: `${as}_copied`, type: 'float64' },
  { name: `${as}_overlap`, type: 'float64' },
  { name: `${as}_script`, type: 'float64' },
];

function rulesOf(o: z.output<typeof options>): Rule[] {
  const rule = (name: string, column: string, comparison: Comparison, threshold: number, option = name): Rule => ({
    name: `${o.as}_${name}`,
    version: 1,
    column: `${o.as}_${column}`,
    comparison,
    threshold,
    onNull: 'pass',
    option,
  });
  return [
    rule('rejected', 'rejected', '>', 0),
    rule('refused', 'refused', '>', 0),
    rule('empty', 'empty', '>', 0),
    rule('cut', 'cut', '>', 0),
    rule('min_ratio', 'ratio', '<', o.minRatio),
    rule('max_ratio', 'ratio', '>', o.maxRatio),
    rule('script', 'script', '>', o.maxScript, 'max_script'),
    rule('copied', 'copied', '>', o.maxCopied, 'max_copied'),
    rule('unrelated', 'overlap', '<', o.minOverlap, 'min_overlap'),
    ...(o.keepSource ? [] : [rule('replaced', 'rewrites', '>', 0)]),
  ];
}
