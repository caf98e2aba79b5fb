import { InvariantError } from '../errors.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { CARRIED } from '../streams/batch/carried.ts';
import type { Column } from '../streams/batch/columns.ts';
import { LINEAGE } from '../streams/batch/lineage.ts';
import { buffersOf, ownColumns, rowsOf } from '../streams/batch/own-columns.ts';
import { rowsInScope, type Stage, type StepDescriptor } from '../streams/operator.ts';
import type { StageContext } from './stage-context.ts';
import { withVerdict } from './verdicts.ts';

/** Documents that a closure is asked about: what a `DocumentView` can show of them. */
export interface ClosureRequest {
  readonly rows: number;
  readonly columns: ReadonlyMap<string, Column>;
}

/** One byte a document of the request: 1 = keep it. */
export type ClosureAnswer = Uint8Array<ArrayBuffer>;

const HIDDEN: ReadonlySet<string> = new Set([...Object.values(CARRIED), ...Object.values(LINEAGE)]);

/** The step in a worker: the closure lives on the main thread, and is asked about the documents in scope. */
export function stage(descriptor: StepDescriptor, { services }: StageContext): Stage {
  if (services === null)
    throw new InvariantError({
      expected: `the function of step ${descriptor.step}`,
      got: 'a thread that cannot ask for it',
      fix: 'Please report this with the recipe.',
    });
  return {
    async apply(batch) {
      const scope = rowsInScope(batch, descriptor.where);
      const rows = rowsOf(scope);
      if (rows.length === 0) return withPredicate(batch, descriptor, scope, new Uint8Array(0));
      const shown = [...batch.columns.keys()].filter((name) => !HIDDEN.has(name));
      const columns = ownColumns(batch, shown, rows);
      const request: ClosureRequest = { rows: rows.length, columns };
      const transfer = buffersOf(columns.values());
      const kept = await services.call<ClosureAnswer>('closure', descriptor.step, request, transfer);
      return withPredicate(batch, descriptor, scope, kept);
    },
  };
}

/** The verdict of a predicate. @param kept one byte a document in scope, in order */
export function withPredicate(
  batch: DocumentBatch,
  { step, rules }: StepDescriptor,
  scope: Uint8Array,
  kept: Uint8Array,
): DocumentBatch {
  const rule = new Int16Array(batch.rows).fill(-1);
  const value = new Float64Array(batch.rows).fill(Number.NaN);
  rowsOf(scope).forEach((row, i) => {
    if (kept[i] === 1) return;
    rule[row] = 0;
    value[row] = 0;
  });
  const failed = Uint32Array.from(rule, (r) => (r === 0 ? 1 : 0));
  return withVerdict(batch, { step, rules, judged: scope.slice(), rule, value, failed, failedWords: 1 });
}
