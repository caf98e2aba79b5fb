import { ConfigError, InvariantError } from '../../errors.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import { type Column, doublesOf, isValid, stringAt } from '../../streams/batch/columns.ts';
import { labelOf } from '../../streams/batch/position.ts';
import type { DuplicateCluster } from '../../streams/commits/log.ts';
import { decidePhase, splitPhase } from '../../streams/commits/phase.ts';
import type { BarrierDecision, BarrierSplit } from '../../streams/flow/barrier.ts';
import { readSpill } from '../../streams/flow/spill-file.ts';
import { isBarrier, type StepDescriptor } from '../../streams/operator.ts';
import { FAILURE_REASONS } from '../../streams/split/isolate.ts';
import { INDEX_FOLDER } from '../directory/layout.ts';
import type { RunDirectory } from '../directory/run-directory.ts';
import { earlierRows, type LedgerPiece } from './earlier-rows.ts';
import type { EarlierRun } from './earlier-run.ts';
import { changedRules } from './unchanged-splits.ts';

/** What a barrier decided in an earlier run, for some splits; plain data. */
export interface TakenDecision {
  readonly steps: readonly string[];
  readonly pieces: readonly (readonly LedgerPiece[])[];
  readonly cluster: DuplicateCluster | null;
}

/**
 * The decision of a barrier, where it is as it was: nothing before it has changed. Null where something has, and where
 * the barrier left more than the ledger says.
 * @param splits those that are still worked on after it
 */
export function takenDecision(
  earlier: EarlierRun,
  now: Pick<RunJson, 'recipe' | 'limits'>,
  barrier: StepDescriptor,
  splits: readonly number[],
): TakenDecision | null {
  const { run, commits } = earlier.folder;
  const decided = commits.get(decidePhase(barrier.step), 0);
  if (!decided || !earlier.sameExecutors || run.limits.limit !== null || changedRules(run, now) === null) return null;
  if (commits.all.some((c) => c.files.some((f) => f.sink === INDEX_FOLDER))) return null;
  // On which side of the barrier a step failed is nothing that it decided.
  if (FAILURE_REASONS.some((reason) => (run.totals?.quarantined.byReason[reason] ?? 0) > 0)) return null;
  return {
    steps: earlier.folder.steps.map((s) => s.step),
    pieces: splits.map((s) => earlier.pieces(s)),
    cluster: decided.cluster ?? null,
  };
}

/** Whether the decisions of all barriers are taken: only then are there splits that no barrier has to see again. */
export const takesDecisions = (
  earlier: EarlierRun,
  now: Pick<RunJson, 'recipe' | 'limits'>,
  steps: readonly StepDescriptor[],
): boolean => steps.every((s) => !isBarrier(s) || takenDecision(earlier, now, s, []) !== null);

/**
 * Refuses to go on with a run that has taken splits from another where that is not at hand: a barrier that has not
 * decided yet could not see them.
 */
export function refuseWithout(
  earlier: EarlierRun | null,
  now: Pick<RunJson, 'recipe' | 'limits'>,
  steps: readonly StepDescriptor[],
  { path, commits }: Pick<RunDirectory, 'path' | 'commits'>,
): void {
  const ahead = steps.filter(isBarrier).flatMap(({ step }, i) => {
    const splits = commits.of(splitPhase(i + 1)).size;
    return splits > 0 && !commits.has(decidePhase(step), 0) ? [splits] : [];
  });
  if (ahead.length === 0 || (earlier && takesDecisions(earlier, now, steps))) return;
  throw new ConfigError({
    expected: `the --recut of the first start, from which ${Math.max(...ahead)} splits were taken`,
    got: earlier ? `another one, ${earlier.folder.given}` : 'none',
    where: path,
    fix: 'Give the same command with it again, or start over with --fresh.',
  });
}

const TAKEN = [
  { name: 'duplicate_of', type: 'utf8' },
  { name: 'similarity', type: 'float64' },
  { name: 'rule', type: 'utf8' },
] as const;

/** The decisions by the ledger, in the order of the spills. Errors: InvariantError for a document that it has not. */
export async function* takenDecisions(
  barrier: StepDescriptor,
  splits: readonly BarrierSplit[],
  { steps, pieces }: TakenDecision,
): AsyncGenerator<BarrierDecision> {
  const place = steps.indexOf(barrier.step);
  for (const [s, { split, spill }] of splits.entries()) {
    const columns = { step: barrier.step, place, columns: TAKEN, where: null, whole: false };
    const rows = await earlierRows({ pieces: pieces[s], steps, taken: [columns] });
    const keep: number[] = [];
    const duplicateOf: (string | null)[] = [];
    const similarity: number[] = [];
    const rule: number[] = [];
    for await (const batch of readSpill(spill)) {
      const at = rows.placesOf(batch);
      const [copy, alike, by] = TAKEN.map((spec) => rows.column(spec, at));
      const values = doublesOf(alike as Exclude<Column, { type: 'utf8' }>);
      for (const [i, row] of at.entries()) {
        const reached = row < 0 ? -1 : rows.reached[row];
        if (reached < place) throw unknown(batch.utf8('file'), batch.number('offset'), i, barrier.step);
        const dropped = reached === place;
        keep.push(dropped ? 0 : 1);
        duplicateOf.push(dropped ? stringAt(copy as Parameters<typeof stringAt>[0], i) : null);
        similarity.push(dropped && isValid(alike, i) ? values[i] : Number.NaN);
        const name = dropped ? stringAt(by as Parameters<typeof stringAt>[0], i) : null;
        rule.push(
          Math.max(
            0,
            barrier.rules.findIndex((r) => r.name === name),
          ),
        );
      }
    }
    yield {
      split,
      keep: Uint8Array.from(keep),
      duplicateOf,
      similarity: Float64Array.from(similarity),
      rule: Uint8Array.from(rule),
    };
  }
}

function unknown(
  file: Parameters<typeof stringAt>[0],
  offset: Parameters<typeof doublesOf>[0],
  row: number,
  step: string,
): InvariantError {
  const where = labelOf({ file: stringAt(file, row) ?? '', block: 0, offset: doublesOf(offset)[row] });
  return new InvariantError({
    expected: 'a document that came to the same step in the earlier run',
    got: 'one that its ledger has not there',
    where: `${where}, step ${step}`,
    fix: 'Run without --recut.',
  });
}
