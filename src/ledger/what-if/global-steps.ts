import {
  annotates,
  createsDocuments,
  dropsFor,
  isBarrier,
  removesCopies,
  rewritesText,
  type StepDescriptor,
} from '../../streams/operator.ts';
import { KEPT } from './columns.ts';
import type { Decisions } from './decisions.ts';
import { decidingMask, type Plan } from './plan.ts';
import type { Prepared } from './prepared.ts';
import { mergedRows, RowList } from './row-list.ts';

/** Of equal keys the copies do not matter to each other: only who stands for them does. */
const EQUAL_KEYS: readonly StepDescriptor['stage'][] = ['dedup/exact', 'dedup/normalized', 'dedup/url'];

/** Of its copies nobody knows whom they are copies of. */
const NO_SURVIVORS: StepDescriptor['stage'] = 'dedup/bloom';

/** Steps whose decision on one document depends on which others came to them. */
const isGlobal = (s: StepDescriptor): boolean => isBarrier(s) || createsDocuments(s);

/**
 * Opens again what a step that sees all documents would decide anew, because other documents come to it now. Where the
 * same documents come, its decisions stand. Changes the arrays of `first`, which are the caller's own.
 */
export function settleGlobalSteps(prepared: Prepared, first: Decisions): Decisions {
  const { plan } = prepared;
  const globals = plan.undecided ? [] : plan.steps.flatMap((s, g) => (isGlobal(s) ? [g] : []));
  if (globals.length === 0) return first;
  let displacing = 0;
  let { touched } = first;
  // A document that comes to several steps now is counted once.
  const counted = new Uint8Array(prepared.columns.rows);
  for (const g of globals) {
    const moved = movedAt(prepared, { ...first, touched }, g, removesCopies(plan.steps[g]) ? counted : null);
    if (moved === null) continue;
    displacing += moved.displacing;
    const opened = reopen(prepared, first, g, moved);
    touched = touched === null || opened === null ? null : mergedRows(touched, opened);
  }
  return { ...first, displacing, touched };
}

interface Moved {
  /** Rows that came before and may not come now. */
  readonly gone: readonly number[];
  /** Documents that may come now and did not. */
  readonly gained: number;
  /** Of those: not counted yet. */
  readonly displacing: number;
}

/**
 * Which documents come to a step before and now; null where they are the same.
 * @param counted by row, 1 = counted already; null: nothing is counted
 */
function movedAt(
  { columns, plan, before }: Prepared,
  now: Decisions,
  g: number,
  counted: Uint8Array | null,
): Moved | null {
  const gone: number[] = [];
  let [gained, displacing] = [0, 0];
  const { touched } = now;
  const end = touched?.length ?? columns.rows;
  for (let k = 0; k < end; k++) {
    const i = touched === null ? k : touched[k];
    if (before.dropped[i] === now.dropped[i] && before.open[i] === now.open[i]) continue;
    if (plan.covers[g][columns.domain[i]] === 0 || columns.made?.[i] === 1) continue;
    const was = comes(before, i, g);
    const is = comes(now, i, g);
    if (was === is) continue;
    if (was === 1) gone.push(i);
    else if (was === 0) {
      gained++;
      if (counted !== null && counted[i] === 0) displacing += counted[i] = 1;
    }
  }
  return gone.length + gained === 0 ? null : { gone, gained, displacing };
}

/** 1 = it comes to the step, 0 = it does not, 2 = perhaps. */
function comes({ dropped, open }: Decisions, row: number, g: number): number {
  const d = dropped[row];
  if (d !== KEPT && d < g) return 0;
  return open[row] >= 0 && open[row] < g ? 2 : 1;
}

/** Rows that it drops, ascending: those that it would have to decide anew where it decides nothing else. */
export function rowsDroppedAt(plan: Plan, before: Pick<Decisions, 'dropped'>): ReadonlyMap<number, Int32Array> {
  const lists = new Map(plan.steps.flatMap((s, g) => (removesCopies(s) ? [[g, new RowList()] as const] : [])));
  if (lists.size > 0) for (let i = 0; i < before.dropped.length; i++) lists.get(before.dropped[i])?.add(i);
  return new Map([...lists].map(([g, list]) => [g, list.rows]));
}

/** Rows that it has opened, ascending; null: it had to look at all. */
function reopen(prepared: Prepared, now: Decisions, g: number, { gone }: Moved): Int32Array | null {
  const { columns, plan, before } = prepared;
  const step = plan.steps[g];
  const survivor = columns.survivor;
  const known = removesCopies(step) && survivor !== null && step.stage !== NO_SURVIVORS;
  const touched = known ? touchedClusters(prepared, gone, g) : null;
  const others = hasMore(plan.steps, g);
  const opened = new RowList();
  if (touched !== null && gone.length === 0 && !others) return opened.rows;
  const copies = others ? undefined : prepared.droppedAt.get(g);
  const end = copies?.length ?? columns.rows;
  for (let k = 0; k < end; k++) {
    const i = copies === undefined ? k : copies[k];
    if (plan.covers[g][columns.domain[i]] === 0) continue;
    const itsOwn = before.dropped[i] === g;
    if (!itsOwn && !(others && comes(before, i, g) === 1)) continue;
    if (itsOwn && touched !== null && touched[survivor![i]] !== 1) continue;
    if (now.dropped[i] !== KEPT && now.dropped[i] < g) continue;
    if (itsOwn && now.dropped[i] === g) now.dropped[i] = laterDrop(prepared, now, i, g);
    if (now.open[i] < 0 || now.open[i] > g) now.open[i] = g;
    if (copies !== undefined) opened.add(i);
  }
  return copies === undefined ? null : opened.rows;
}

/** By row of the document that stands for a cluster: 1 = the cluster is another one now. */
function touchedClusters({ columns, plan, before }: Prepared, gone: readonly number[], g: number): Uint8Array {
  const touched = new Uint8Array(columns.rows);
  const survivor = columns.survivor!;
  const equal = EQUAL_KEYS.includes(plan.steps[g].stage);
  for (const i of gone) {
    touched[i] = 1;
    if (!equal && before.dropped[i] === g && survivor[i] >= 0) touched[survivor[i]] = 1;
  }
  return touched;
}

/** Do its decisions on other documents reach beyond those it drops? */
function hasMore(steps: readonly StepDescriptor[], g: number): boolean {
  const step = steps[g];
  if (dropsFor(step) === 'ranks') return true;
  const later = steps.slice(g + 1).filter((s) => dropsFor(s) !== null);
  if (rewritesText(step) || createsDocuments(step)) return later.length > 0;
  if (!annotates(step)) return false;
  const written = new Set(step.writes.map((w) => w.name));
  return later.some((s) => s.reads.some((c) => written.has(c)));
}

/** The step after `g` that drops a row whatever `g` decides; KEPT where none is known to. */
function laterDrop({ plan }: Prepared, now: Decisions, row: number, g: number): number {
  for (let w = 0; w < now.fails.length; w++) {
    let m = now.fails[w][row] & decidingMask(plan, w);
    for (; m !== 0; m &= m - 1) {
      const { step } = plan.rules[(w << 5) + 31 - Math.clz32(m & -m)];
      if (step > g) return step;
    }
  }
  return KEPT;
}
