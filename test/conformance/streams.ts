import { existsSync, readdirSync, readlinkSync } from 'node:fs';
import { from, lastValueFrom, type OperatorFunction, tap, toArray } from 'rxjs';
import { ByteBudget, type DocumentBatch, numberAt, type Operator, parallel, pulled, stringAt } from 'sluice';
import { DERIVED } from '../../src/streams/batch/lineage.ts';
import { chargeOf } from '../../src/streams/flow/budget.ts';
import { BATCH_TEXT_BYTES } from '../../src/streams/plan/splits.ts';

export type Step = OperatorFunction<DocumentBatch, DocumentBatch>;

/** What became of a document; annotations by name. */
export interface Outcome {
  readonly id: string;
  /** Name of the rule that dropped it; null: it is kept. */
  readonly rule: string | null;
  /** Of what is kept. */
  readonly text: string | null;
  readonly annotations: { readonly [name: string]: number | string | null };
}

const DOCUMENT = new Set(['file', 'block', 'offset', 'row', 'id', 'text', 'domain', 'metadata', DERIVED]);

export const annotationsOf = (batch: DocumentBatch): string[] =>
  [...batch.columns.keys()].filter((c) => !DOCUMENT.has(c) && !c.startsWith('_'));

const valueAt = (batch: DocumentBatch, name: string, row: number): number | string | null => {
  const column = batch.column(name);
  return column.type === 'utf8' ? stringAt(column, row) : numberAt(column, row);
};

export function outcomesOf(batches: readonly DocumentBatch[]): Outcome[] {
  return batches.flatMap((batch) =>
    Array.from({ length: batch.rows }, (_, row): Outcome => {
      const verdict = batch.verdicts.find((v) => v.rule[row] >= 0);
      return {
        id: stringAt(batch.utf8('id'), row) ?? '',
        rule: verdict ? verdict.rules[verdict.rule[row]].name : null,
        text: batch.alive[row] === 1 ? batch.text(row) : null,
        annotations: Object.fromEntries(annotationsOf(batch).map((name) => [name, valueAt(batch, name, row)])),
      };
    }),
  );
}

/** The rows `from` to `to` as a batch of their own. */
export function slice(batch: DocumentBatch, from: number, to: number, sequence: number): DocumentBatch {
  const alive = Uint8Array.from(batch.alive, (_, row) => (row >= from && row < to ? 1 : 0));
  return batch.with({ alive }).compact().with({ sequence });
}

/** All rows again, `size` to a batch. */
export const inBatchesOf = (batch: DocumentBatch, size: number): DocumentBatch[] =>
  Array.from({ length: Math.ceil(batch.rows / size) }, (_, i) =>
    slice(batch, i * size, Math.min(batch.rows, (i + 1) * size), i),
  );

export const collect = (batches: readonly DocumentBatch[], step: Step): Promise<DocumentBatch[]> =>
  lastValueFrom(from(batches).pipe(step, toArray()));

export interface Ahead {
  /** Batches that the source was ahead of the slow step at most. */
  readonly source: number;
  /** Batches that the step was ahead of the slow step at most. */
  readonly step: number;
  /** Bytes that nobody gave back. */
  readonly left: number;
  readonly done: number;
}

/** Batches that the budget of `readAhead` has room for, those in the hands of the source and the operator included. */
export const ROOM = 4;

/** The same batch `count` times through a step and then a slow one, under a budget with room for few. */
export async function readAhead(batch: DocumentBatch, count: number, step: Step): Promise<Ahead> {
  const budget = new ByteBudget(2 * BATCH_TEXT_BYTES + ROOM * chargeOf(batch), { stallMs: 20_000 });
  let made = 0;
  let passed = 0;
  let done = 0;
  const most = { source: 0, step: 0 };
  const source = pulled(async function* () {
    for (; made < count; ) yield batch.with({ sequence: made++ });
  }, budget);
  const slow = parallel(
    'slow',
    async (b) => {
      for (let i = 0; i < 50; i++) await new Promise(setImmediate);
      most.source = Math.max(most.source, made - done);
      most.step = Math.max(most.step, passed - done);
      done++;
      return b;
    },
    { concurrency: 1 },
  );
  const counted = tap<DocumentBatch>(() => {
    passed++;
  });
  await lastValueFrom(source.pipe(step, counted, slow), { defaultValue: null });
  return { ...most, left: budget.used, done };
}

/** Steps one after the other. */
export const chained =
  (steps: readonly (Step | Operator)[]): Step =>
  (source) =>
    steps.reduce((stream, step) => stream.pipe(step), source);

/** Files of this process that are open below a folder, removed ones too. */
export function openFiles(folder: string): string[] {
  if (!existsSync('/proc/self/fd')) return [];
  return readdirSync('/proc/self/fd').flatMap((fd) => {
    try {
      const path = readlinkSync(`/proc/self/fd/${fd}`);
      return path.startsWith(folder) ? [path] : [];
    } catch (error) {
      // Closed since the list was made.
      if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
      throw error;
    }
  });
}

/** Waits until something holds; gives up after many turns of the event loop, and then says what there is. */
export async function settled(what: () => unknown, expected: unknown): Promise<unknown> {
  const wanted = JSON.stringify(expected);
  for (let i = 0; i < 20_000 && JSON.stringify(what()) !== wanted; i++) await new Promise(setImmediate);
  return what();
}
