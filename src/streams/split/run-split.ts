import type { OperatorFunction } from 'rxjs';
import type { DocumentBatch } from '../batch/batch.ts';
import type { QuarantinedRecord } from '../batch/outcome.ts';
import { ByteBudget } from '../flow/budget.ts';
import { parallel } from '../flow/parallel.ts';
import { concatMap, lastValueFrom, of, pipe, tap } from '../flow/rxjs.ts';
import { pulled } from '../flow/source.ts';
import type { Stage } from '../operator.ts';
import { type FailedRow, isolating, StepError, withoutRows } from './isolate.ts';
import { READ, stepPlace, writePlace } from './step-clock.ts';

/** A stage under the name of its step. */
export interface NamedStage {
  readonly step: string;
  readonly stage: Stage;
}

/** What becomes of the batches of a split; told in the order of the input. */
export interface SplitSink {
  /** A batch as it comes from the source, before any stage; ahead of `write` when batches are worked on at once. */
  read(batch: DocumentBatch): void;
  /** A record that could not be read, before the batch that follows it. */
  quarantine(record: QuarantinedRecord): void;
  /** Documents of a batch that no stage may see again. */
  setAside(batch: DocumentBatch, failed: readonly FailedRow[]): void;
  write(batch: DocumentBatch): Promise<void>;
}

/** Where a split is, for whoever watches its thread. Batches are numbered as the source gives them. */
export interface Marks {
  reading(batch: number): void;
  working(batch: number, step: number): void;
  writing(batch: number): void;
}

export interface SplitWork {
  /** For messages. */
  readonly name: string;
  readonly read: (onQuarantine: (record: QuarantinedRecord) => void) => AsyncIterable<DocumentBatch>;
  readonly stages: () => readonly NamedStage[];
  readonly sink: SplitSink;
  readonly marks?: Marks;
  /** Told where the time goes: reading, each step by its number, writing. */
  readonly clock?: { enter(place: number): void; leave(place: number): void };
  /** Documents that may fail in stages; null = any number. */
  readonly maxFailed: number | null;
  /** Documents that are set aside before any stage. */
  readonly aside?: readonly (FailedRow & { readonly batch: number })[];
  /** Batches that stages work on at once. Default 1: then a batch is read when the one before it has been written. */
  readonly batchesAtOnce?: number;
}

/** More than two batches in work, and one that waits. */
const AHEAD_BYTES = 12 * 1024 * 1024;
const UNTIMED: Clock = { enter: () => {}, leave: () => {} };
const UNWATCHED: Marks = { reading: () => {}, working: () => {}, writing: () => {} };

/** What there is to write for one batch that was read. */
interface Outcome {
  readonly records: readonly QuarantinedRecord[];
  readonly asides: (readonly [DocumentBatch, readonly FailedRow[]])[];
}

/**
 * One split: `read.pipe(...stages, segment)`. Where a stage throws on a batch, the documents on which it throws alone
 * are found by halves and set aside, and the others go on. Errors: what ends a run; see `isolating`.
 */
export async function runSplit(work: SplitWork): Promise<void> {
  const { name, sink, marks = UNWATCHED, clock = UNTIMED, maxFailed, aside = [], batchesAtOnce = 1 } = work;
  let records: QuarantinedRecord[] = [];
  const outcomes = new Map<number, Outcome>();
  let [arrived, numbered, written, failures] = [0, 0, 0, 0];
  let busy = false;
  const arrive = (batch: DocumentBatch): void => {
    sink.read(batch);
    outcomes.set(arrived++, { records, asides: [] });
    records = [];
  };
  const isolated = async (batch: DocumentBatch): Promise<DocumentBatch> => {
    const number = numbered++;
    const { asides } = outcomes.get(number)!;
    const stages = timed(work.stages(), clock);
    marks.working(number, -1);
    const dead = aside.filter((a) => a.batch === number);
    const rest = withoutRows(batch, dead);
    asides.push([batch, dead]);
    const through = (b: DocumentBatch) => throughStages(b, stages, (step) => marks.working(number, step));
    const { batch: done, failed } = await isolating(rest, through, maxFailed === null ? null : maxFailed - failures);
    failures += failed.length;
    asides.push([rest, failed]);
    if (busy) marks.writing(written - 1);
    return done;
  };
  const segment = async (batch: DocumentBatch): Promise<DocumentBatch> => {
    const number = written++;
    tell(outcomes.get(number)!, sink);
    outcomes.delete(number);
    marks.writing(number);
    busy = true;
    const end = writePlace(work.stages().length);
    clock.enter(end);
    await sink.write(batch);
    clock.leave(end);
    busy = false;
    marks.reading(number + 1);
    return batch;
  };
  const budget = new ByteBudget(batchesAtOnce > 1 ? AHEAD_BYTES : 1, { stallMs: 0 });
  let closed: Promise<void> = Promise.resolve();
  const source = async function* () {
    let close = (): void => {};
    closed = new Promise((resolve) => {
      close = resolve;
    });
    try {
      yield* timedSource(
        work.read((record) => records.push(record)),
        clock,
      );
    } finally {
      close();
    }
  };
  const batches = pulled(source, budget, name);
  const all = batches.pipe(
    tap(arrive),
    parallel('steps', isolated, { concurrency: batchesAtOnce }),
    parallel('segment', segment, { concurrency: 1 }),
  );
  try {
    await lastValueFrom(all, { defaultValue: undefined });
  } finally {
    // An error is seen before the source has closed its files.
    await closed;
  }
  tell({ records, asides: [] }, sink);
}

function tell({ records, asides }: Outcome, sink: SplitSink): void {
  for (const record of records) sink.quarantine(record);
  for (const [batch, failed] of asides) sink.setAside(batch, failed);
}

type Clock = NonNullable<SplitWork['clock']>;

/** The same stages, which say when they are at work. */
const timed = (stages: readonly NamedStage[], clock: Clock): NamedStage[] =>
  stages.map(({ step, stage }, i) => ({
    step,
    stage: {
      apply: async (batch) => {
        clock.enter(stepPlace(i));
        try {
          return await stage.apply(batch);
        } finally {
          clock.leave(stepPlace(i));
        }
      },
    },
  }));

async function* timedSource(batches: AsyncIterable<DocumentBatch>, clock: Clock): AsyncGenerator<DocumentBatch> {
  const iterator = batches[Symbol.asyncIterator]();
  try {
    for (;;) {
      clock.enter(READ);
      const next = await iterator.next().finally(() => clock.leave(READ));
      if (next.done) return;
      yield next.value;
    }
  } finally {
    await iterator.return?.();
  }
}

type Pipe = OperatorFunction<DocumentBatch, DocumentBatch>;

/** A batch through all stages; what one throws comes as a StepError. */
export function throughStages(
  batch: DocumentBatch,
  stages: readonly NamedStage[],
  onStep: (step: number) => void,
): Promise<DocumentBatch> {
  const steps = stages.map(
    ({ step, stage }, i): Pipe =>
      concatMap(async (b) => {
        onStep(i);
        try {
          return await stage.apply(b);
        } catch (error) {
          throw new StepError(step, error);
        }
      }),
  );
  const chain = steps.reduce<Pipe>((all, step) => pipe(all, step), pipe() as Pipe);
  return lastValueFrom(of(batch).pipe(chain));
}
