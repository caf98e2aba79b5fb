import type { Kernel } from '../../kernels/kernel.ts';
import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { type Column, float64Column, int32Column, type Utf8Column } from '../../streams/batch/columns.ts';
import type { Verdict } from '../../streams/batch/outcome.ts';
import { dropsFor, rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import type { StageContext } from '../stage-context.ts';
import { withVerdict } from '../verdicts.ts';
import { withCuts } from './apply-cuts.ts';
import { type DatatroveC4Options, datatroveC4 } from './c4-datatrove.ts';
import { type DolmaC4Options, dolmaC4 } from './c4-dolma.ts';
import { type SluiceC4Options, sluiceC4 } from './c4-sluice.ts';
import { cutsInBytes } from './cut-spans.ts';
import { LINE_END, type LineRewrite, type RowRewrite } from './line-rewrite.ts';

/** Names of cuts, in one order for every batch of a step. */
const CUT_RULES = [
  'c4_long_word',
  'c4_no_terminal_punct',
  'c4_few_words',
  'c4_javascript',
  'c4_policy',
  'c4_citation',
  'c4_white_space',
  LINE_END,
];

type Rewrite = (batch: DocumentBatch, scope: Uint8Array) => (RowRewrite | null)[];

function rewriterOf(options: StepDescriptor['options'], kernel: Kernel): Rewrite {
  const o: unknown = options;
  if (options.profile === 'dolma') return onStrings((text) => dolmaC4(text, o as DolmaC4Options));
  if (options.profile !== 'datatrove') return sluiceC4(kernel, o as SluiceC4Options);
  return onStrings((text) => datatroveC4(text, o as DatatroveC4Options));
}

const onStrings =
  (rewrite: (text: string) => LineRewrite): Rewrite =>
  (batch, scope) => {
    const { offsets } = batch.utf8('text');
    return Array.from(scope, (alive, row) => {
      if (alive === 0) return null;
      const text = batch.text(row);
      const result = rewrite(text);
      return { ...result, cuts: cutsInBytes(text, offsets[row + 1] - offsets[row], result.cuts) };
    });
  };

/** The stage behind `c4()`. */
export function stage(descriptor: StepDescriptor, { kernel }: StageContext): Stage {
  const drops = dropsFor(descriptor) !== null;
  const rewrite = rewriterOf(descriptor.options, kernel);
  const cutOnly = drops ? null : rewriterOf({ ...descriptor.options, ...withoutDocumentRules(descriptor) }, kernel);
  return {
    apply(batch) {
      const scope = rowsInScope(batch, descriptor.where);
      const text = batch.utf8('text');
      const judgedRows = rewrite(batch, scope).map((r) => (r ? judged(r) : null));
      const results = cutOnly ? cutAll(batch, judgedRows, cutOnly) : judgedRows;
      const cuts = results.map((r) => r?.cuts ?? []);
      const rewritten = withCuts(batch, cuts, CUT_RULES, columnsOf(descriptor, results, text));
      return drops ? withVerdict(rewritten, verdictOf(descriptor, scope, results)) : rewritten;
    },
  };
}

/** The rules on whole documents turned off; `javascript` is one in the profile `dolma`, and one on lines elsewhere. */
const withoutDocumentRules = ({ options }: StepDescriptor): StepDescriptor['options'] => ({
  minSentences: 0,
  loremIpsum: false,
  curlyBracket: false,
  ...(options.profile === 'dolma' && { javascript: false }),
});

/**
 * The cuts of documents that a rule would drop, as they are once the rule lets them pass; the reason stays, for the
 * columns. One of which no line is left keeps its text.
 */
function cutAll(batch: DocumentBatch, rows: readonly (RowRewrite | null)[], cutOnly: Rewrite): (RowRewrite | null)[] {
  const again = Uint8Array.from(rows, (r) => (r?.reason && r.reason !== 'c4_empty' ? 1 : 0));
  if (!again.includes(1)) return [...rows];
  return cutOnly(batch, again).map((cut, i) => {
    const own = rows[i];
    if (!own || !cut) return own;
    const { cuts, lines, keptLines } = cut.keptLines === 0 ? { ...cut, cuts: [] } : cut;
    return { ...own, cuts, lines, keptLines };
  });
}

/** A document of which no line is left is dropped, with that as the reason. */
const judged = (r: RowRewrite): RowRewrite =>
  r.reason === null && r.keptLines === 0 ? { ...r, reason: 'c4_empty', value: 0, cuts: [] } : r;

function columnsOf(
  descriptor: StepDescriptor,
  results: readonly (RowRewrite | null)[],
  { offsets }: Utf8Column,
): [string, Column][] {
  const of = (value: (r: RowRewrite, row: number) => number | null): Float64Array =>
    Float64Array.from(results, (r, i) => (r ? (value(r, i) ?? Number.NaN) : Number.NaN));
  const values: { [column: string]: Float64Array } = {
    c4_lines: of((r) => r.lines),
    c4_kept_lines: of((r) => r.keptLines),
    c4_sentences: of((r) => r.sentences),
    c4_cut_ratio: of(({ cuts }, i) => {
      const bytes = offsets[i + 1] - offsets[i];
      return bytes === 0 ? null : cuts.reduce((sum, c) => sum + c.end - c.start, 0) / bytes;
    }),
  };
  for (const r of descriptor.rules) values[r.column] ??= of(({ reason }) => (reason === r.name ? 1 : 0));
  return descriptor.writes.map(({ name, type }) => [
    name,
    type === 'int32' ? int32Column(values[name]) : float64Column(values[name]),
  ]);
}

function verdictOf(
  { step, rules }: StepDescriptor,
  scope: Uint8Array,
  results: readonly (RowRewrite | null)[],
): Verdict {
  const rule = Int16Array.from(results, (r) => (r?.reason ? rules.findIndex((x) => x.name === r.reason) : -1));
  return {
    step,
    rules,
    judged: scope.slice(),
    rule,
    value: Float64Array.from(results, (r) => (r?.reason ? (r.value ?? Number.NaN) : Number.NaN)),
    failed: Uint32Array.from(rule, (k) => (k < 0 ? 0 : 1 << k)),
    failedWords: 1,
  };
}
