import { join, resolve } from 'node:path';
import type { Observable } from 'rxjs';
import { ConfigError } from '../../errors.ts';
import { removeTemporary, writeWhole } from '../../files/whole.ts';
import type { Executor } from '../../models/executors/executor.ts';
import { loadModel, saveModel } from '../../models/folders/hugging-face.ts';
import type { LanguageModel } from '../../models/language-model.ts';
import type { Continual } from '../../recipe/continual.ts';
import type { Checkpoint } from '../../training/checkpoint.ts';
import { continualCard } from '../../training/continual/card.ts';
import { Checkpoints } from '../../training/continual/checkpoints.ts';
import {
  type Begun,
  RECORD,
  readRecord,
  refuseOther,
  type TrainingRecord,
  writeRecord,
} from '../../training/continual/record.ts';
import { openScalars, TABLES } from '../../training/continual/scalars.ts';
import { observed, type StepEvent, trainSteps } from '../../training/loop.ts';
import type { HeldOutText } from '../../training/measure.ts';
import type { Schedule } from '../../training/schedules.ts';
import type { RunEvent } from '../events.ts';
import { type BaseModel, baseModel } from './base-model.ts';
import { feedSource, heldOutSequences, restoreFeed } from './feed-source.ts';
import {
  begunWith,
  openTrainingFeed,
  plannedSteps,
  scheduleFor,
  type TrainingFeed,
  type TrainingStores,
} from './plan.ts';
import { type RevivedEvent, revivalOf } from './revival.ts';
import { writeDrawnTexts } from './trained-on.ts';
import { PLACES, takeTrainingFolder } from './training-folder.ts';
import { preparing, recordOf, writeReports } from './training-record.ts';
import { type StoreOptions, type TextKind, trainingStores } from './training-stores.ts';

export interface TrainOptions extends StoreOptions {
  readonly executor: Executor;
  /** Replaces the recipe's input. */
  readonly input?: readonly string[];
  /** Replaces the recipe's old data. */
  readonly replay?: readonly string[];
  /** Default `sluice-out/<name>`. */
  readonly output?: string;
  /** Throws away what an earlier training left in the folder. */
  readonly fresh?: boolean;
  /** Steps of the final anneal of an infinite schedule, which begins where the training stands and ends it. */
  readonly anneal?: number;
  /** Told about what does not stop the training. */
  readonly onWarning?: (text: string) => void;
}

export type TrainEvent =
  /** What the run says that curates and tokenises new text, or tokenises old. */
  | { readonly type: 'curating'; readonly of: TextKind; readonly event: RunEvent }
  | {
      readonly type: 'start';
      readonly folder: string;
      readonly record: TrainingRecord;
      readonly model: string;
      readonly fromStep: number;
      readonly steps: number;
      /** Domains that have no held-out text: nothing is measured on them. */
      readonly notMeasured: readonly string[];
      /** Documents that are not held out, since the model had been trained on them before. */
      readonly seenBefore: number;
    }
  | StepEvent
  | { readonly type: 'measured'; readonly measurement: TrainingRecord['measurements'][number] }
  | { readonly type: 'saved'; readonly step: number; readonly path: string }
  | RevivedEvent
  | { readonly type: 'stopped'; readonly folder: string; readonly step: number; readonly steps: number }
  | {
      readonly type: 'finished';
      readonly folder: string;
      readonly already: boolean;
      readonly record: TrainingRecord;
      /** Why before the last planned step; null where all were done. */
      readonly early: string | null;
    };

/**
 * Trains a model on, into a folder: curates and tokenises what is given (or takes the tokens of runs), holds documents
 * out, trains along the schedule, measures before, during and after, and keeps checkpoints. Again in the same folder it
 * goes on from the newest checkpoint, with the same weights in the end. Cold; ends with `finished` or `stopped`.
 *
 * Errors: ConfigError for a folder of something else or of a training that was begun with something else (by name), for
 * tokens of another vocabulary, and for sequences longer than the model's context; InputError for damaged files and a
 * full disk; InvariantError for a loss that is not finite or explodes.
 */
export function train(recipe: Continual, options: TrainOptions): Observable<TrainEvent> {
  return observed((left) => trainInFolder(recipe, options, left));
}

async function* trainInFolder(recipe: Continual, options: TrainOptions, left: AbortSignal): AsyncGenerator<TrainEvent> {
  const folder = resolve(options.output ?? join('sluice-out', recipe.name));
  const input = options.input ?? recipe.input;
  if (input.length === 0)
    throw new ConfigError({
      expected: 'something to train on',
      got: 'no input',
      where: `recipe ${recipe.name}`,
      fix: "Give --input 'folder/*.jsonl', or the directory of a run with tokens.",
    });
  const leave = await takeTrainingFolder(folder, options.fresh ?? false);
  try {
    for (const name of [RECORD, PLACES.report, ...TABLES]) await removeTemporary(join(folder, name));
    const base = await baseModel(recipe);
    const previous = await readRecord(folder);
    if (previous === null) await writeRecord(folder, preparing(recipe, base, options.executor));
    const stores = yield* storesOf(recipe, options, base, folder, input);
    if (stores === null) {
      yield { type: 'stopped', folder, step: 0, steps: plannedSteps(recipe) };
      return;
    }
    const checkpoints = await Checkpoints.open(join(folder, PLACES.checkpoints), recipe.checkpoints);
    const from = await checkpoints.newest((text) => options.onWarning?.(text));
    const { schedule, steps } = scheduleFor(recipe, previous, from?.progress.step ?? 0, options.anneal);
    const begun = await begunWith(recipe, base, stores, options.executor, schedule, steps);
    if (previous?.begun) refuseOther(previous.begun, begun, folder);
    const local = await openTrainingFeed(recipe, base, stores, join(folder, PLACES.feed), schedule.open ? null : steps);
    try {
      yield* trainOnFeed(
        { recipe, options, base, folder, previous, begun, checkpoints, from, schedule, steps, stores, local },
        left,
      );
    } finally {
      await local.feed.close();
    }
  } finally {
    await leave();
  }
}

/** New stores and old ones; null when the run that makes them was stopped. */
async function* storesOf(
  recipe: Continual,
  options: TrainOptions,
  base: BaseModel,
  folder: string,
  input: readonly string[],
): AsyncGenerator<TrainEvent, TrainingStores | null> {
  const made: Record<TextKind, readonly string[]> = { input: [], replay: [] };
  for (const [of, paths] of [
    ['input', input],
    ['replay', options.replay ?? recipe.replay.input],
  ] as const) {
    if (paths.length === 0) continue;
    const events = trainingStores(of, paths, recipe, base, folder, options);
    let next = await events.next();
    for (; !next.done; next = await events.next()) yield { type: 'curating', of, event: next.value };
    if (next.value === null) return null;
    made[of] = next.value;
  }
  return { fresh: made.input, old: made.replay };
}

/** All that a training in a folder is made of. */
interface Ready {
  readonly recipe: Continual;
  readonly options: TrainOptions;
  readonly base: BaseModel;
  readonly folder: string;
  readonly previous: TrainingRecord | null;
  readonly begun: Begun;
  readonly checkpoints: Checkpoints;
  readonly from: Checkpoint | null;
  readonly schedule: Schedule;
  readonly steps: number;
  readonly stores: TrainingStores;
  readonly local: TrainingFeed;
}

async function* trainOnFeed(ready: Ready, left: AbortSignal): AsyncGenerator<TrainEvent> {
  const { recipe, options, base, folder, previous, checkpoints, from, schedule, steps, local } = ready;
  const { executor } = options;
  const fromStep = from?.progress.step ?? 0;
  const { context } = recipe.training;
  const heldOut = heldOutSequences(local.heldOut, local.stores.vocabulary, base.start, context);
  const { domains } = local.feed.facts;
  let record = recordOf({ ...ready, executor, domains }, heldOut);
  const text: HeldOutText = { sequences: heldOut, byteLengths: base.tokenizer.byteLengths, start: base.start };
  if (previous?.status === 'done' && previous.plans.at(-1)?.steps === steps) {
    yield* ended(ready, previous, text);
    return;
  }
  await writeRecord(folder, record);
  await restoreFeed(local.feed, from?.progress.source ?? null);
  const notMeasured = domains.filter((d) => !Object.hasOwn(heldOut, d));
  yield { type: 'start', folder, record, model: base.name, fromStep, steps, notMeasured, seenBefore: local.seenBefore };
  const scalars = await openScalars(folder, domains, from === null ? null : fromStep);
  const { learningRate, accumulate, weightDecay, clip, beta1, beta2, embeddingDecay, coupledAdam, transforms } =
    recipe.training;
  const loop = trainSteps(
    {
      model: base.weights,
      executor,
      source: feedSource(local.feed),
      steps,
      learningRate,
      schedule,
      accumulate,
      optimizer: { weightDecay, clip, beta1, beta2, embeddingDecay, coupledAdam, transforms },
      start: base.start,
      heldOut: text,
      measureEvery: recipe.measureEvery ?? Math.ceil(steps / 4),
      measureFirst: true,
      from,
      save: (checkpoint) => checkpoints.save(checkpoint),
      saveEvery: recipe.checkpoints.saveEvery,
      stop: options.stop,
    },
    left,
  );
  const note = async (change: Partial<TrainingRecord>): Promise<void> => {
    record = { ...record, ...change };
    await writeReports(folder, record);
  };
  try {
    for await (const event of loop)
      switch (event.type) {
        case 'step':
          await scalars.step(event);
          yield event;
          break;
        case 'measured':
          await scalars.measured(event.measurement);
          await note({ measurements: [...record.measurements, event.measurement], status: 'training' });
          yield event;
          break;
        case 'saved':
          yield { type: 'saved', step: event.step, path: checkpoints.pathOf(event.step) };
          break;
        case 'stopped':
          yield { type: 'stopped', folder, step: event.step, steps };
          break;
        case 'ended': {
          const model = join(folder, PLACES.model);
          await base.saveTokenizer(model);
          await saveModel(event.model, model);
          const origin = { config: base.config, base: typeof recipe.model === 'string' ? recipe.model : null };
          for (const transform of transforms) await transform.save?.(join(folder, PLACES.adapter), origin, event.state);
          const { measurements } = event.progress;
          await note({ measurements });
          const about = await writeDrawnTexts(model, base, local, event.step);
          await writeWhole(join(model, 'README.md'), continualCard(record, base.name, about));
          const revival = yield* revived(ready, record, text, event.model);
          await note({ status: 'done', ...(revival && { revival }) });
          yield { type: 'finished', folder, already: false, record, early: event.early };
        }
      }
  } finally {
    await scalars.close();
  }
}

/** A training that had ended: revival steps are counted where they are asked for now and were not before. */
async function* ended(ready: Ready, previous: TrainingRecord, text: HeldOutText): AsyncGenerator<TrainEvent> {
  const { folder } = ready;
  const asked = ready.recipe.revival.most > 0 && previous.revival === undefined;
  const model = asked ? await loadModel(join(folder, PLACES.model)) : null;
  const revival = model && (yield* revived(ready, previous, text, model));
  const record = revival ? { ...previous, revival } : previous;
  if (revival) await writeReports(folder, record);
  yield { type: 'finished', folder, already: true, record, early: null };
}

/** Revival steps of the domains of a training; null where they are not wanted. */
async function* revived(
  { recipe, base, options, stores, folder }: Ready,
  { measurements }: TrainingRecord,
  heldOut: HeldOutText,
  model: LanguageModel,
): AsyncGenerator<TrainEvent, TrainingRecord['revival'] | null> {
  if (recipe.revival.most === 0) return null;
  const [first, last] = [measurements[0], measurements.at(-1)!];
  const { executor, stop } = options;
  return yield* revivalOf({ recipe, base, executor, stop, stores, folder, model, heldOut, first, last });
}
