import type { DocumentBatch } from '../../streams/batch/batch.ts';
import { CARRIED } from '../../streams/batch/carried.ts';
import { type Column, int32Column, utf8Column } from '../../streams/batch/columns.ts';
import { dropsFor, rewritesText, rowsInScope, type Stage, type StepDescriptor } from '../../streams/operator.ts';
import { judge } from '../drop-stage.ts';
import { withCuts } from '../rewrite/apply-cuts.ts';
import { withVerdict } from '../verdicts.ts';
import { maskedExcerpts } from './excerpts.ts';
import { type FoundSpan, finderOf, type PiiChoice, tokensOf } from './profiles.ts';
import { tokenBetween } from './tokens.ts';

/** The stage behind `pii()`. */
export function stage(descriptor: StepDescriptor): Stage {
  const choice = descriptor.options as unknown as PiiChoice;
  const find = finderOf(choice);
  const tokens = tokensOf(choice);
  const rules = choice.kinds.map((kind) => `pii_${kind}`);
  return {
    apply(batch) {
      const scope = rowsInScope(batch, descriptor.where);
      const { values, offsets } = batch.utf8('text');
      const found = Array.from(scope, (own, row) => (own === 0 ? [] : find(values, offsets[row], offsets[row + 1])));
      const columns = columnsOf(choice.kinds, found, scope);
      // The ledger shows the beginning of a text as it was read.
      const masked = batch.withColumns([[CARRIED.excerpt, maskedExcerpts(batch, find, tokens)]]);
      const changed = rewritesText(descriptor)
        ? cut(masked, found, columns, rules, tokens)
        : masked.withColumns(columns);
      if (dropsFor(descriptor) === null) return changed;
      return withVerdict(changed, judge(changed, descriptor.step, descriptor.rules, scope));
    },
  };
}

function cut(
  batch: DocumentBatch,
  found: readonly (readonly FoundSpan[])[],
  columns: readonly (readonly [string, Column])[],
  rules: readonly string[],
  tokens: ReturnType<typeof tokensOf>,
): DocumentBatch {
  const { values, offsets } = batch.utf8('text');
  const cuts = found.map((spans, row) => {
    const tokenOf = tokens();
    return spans.map(({ kind, start, end }) => {
      const [from, to] = [offsets[row] + start, offsets[row] + end];
      const value = Buffer.from(values.subarray(from, to)).toString('utf8');
      const before = start > 0 ? values[from - 1] : undefined;
      const after = to < offsets[row + 1] ? values[to] : undefined;
      return { start, end, rule: `pii_${kind}`, insert: tokenBetween(tokenOf(kind, value), before, after) };
    });
  });
  return withCuts(batch, cuts, rules, columns);
}

function columnsOf(
  kinds: readonly string[],
  found: readonly (readonly FoundSpan[])[],
  scope: Uint8Array,
): (readonly [string, Column])[] {
  const counts = (count: (spans: readonly FoundSpan[]) => number): Column =>
    int32Column(Float64Array.from(found, (spans, row) => (scope[row] === 0 ? Number.NaN : count(spans))));
  return [
    ['pii_count', counts((spans) => spans.length)],
    ...kinds.map((kind) => [`pii_${kind}`, counts((spans) => countOf(spans, kind))] as const),
    ['pii_spans', utf8Column(found.map((spans) => (spans.length === 0 ? null : spans.map(placeOf).join(' '))))],
  ];
}

const countOf = (spans: readonly FoundSpan[], wanted: string): number =>
  spans.filter(({ kind }) => kind === wanted).length;

const placeOf = ({ kind, start, end }: FoundSpan): string => `${kind}:${start}-${end}`;
