import { ConfigError } from '../errors.ts';
import type { Executor, Tensors } from '../models/executors/executor.ts';
import type { LanguageModel } from '../models/language-model.ts';
import { openTrainer, type Trainer } from '../models/trainer.ts';
import type { TrainingOptions } from '../models/training-graph.ts';
import { Observable } from '../streams/flow/rxjs.ts';
import { BEGINNING, type Checkpoint, type Progress } from './checkpoint.ts';
import { checkStep, checkWeights } from './exploded.ts';
import { type HeldOutText, measureBits } from './measure.ts';
import type { Schedule } from './schedules.ts';
import { lossesByDomain, sequenceFeeds, type TrainingSource, type TrainingStep, tokensOf } from './sequences.ts';
import type { Measurement } from './training-types.ts';

export interface LoopOptions {
  /** Weights to begin with: random ones of `newModel()`, or those of `loadModel(folder)`. */
  readonly model: LanguageModel;
  /** One in a thread (`openInThread`) leaves the caller's thread free while a step computes. */
  readonly executor: Executor;
  readonly source: TrainingSource;
  /** Steps of the whole training, those of a checkpoint included. */
  readonly steps: number;
  /** The highest rate. */
  readonly learningRate: number;
  readonly schedule: Schedule;
  /**
   * Parts that a step is computed in, one after the other, with the memory of one; they divide the sequences of a step.
   * Default 1. To float32 it is the same step.
   */
  readonly accumulate?: number;
  /** Of AdamW, and which weights are trained. Defaults of `trainingGraph`. */
  readonly optimizer?: Omit<TrainingOptions, 'rows' | 'length'>;
  /** Id that begins a document for this model; null (default): none does. */
  readonly start?: number | null;
  /** Text that is measured on, and never trained on. Left out: nothing is measured. */
  readonly heldOut?: HeldOutText;
  /** Steps between two measurements; the end is one. Default: the end only. */
  readonly measureEvery?: number;
  /** True: also before the first step. Default false. */
  readonly measureFirst?: boolean;
  /** Where to go on. Default: the beginning. */
  readonly from?: Checkpoint | null;
  /** Keeps a checkpoint, whole or not at all. Left out: none is kept. */
  readonly save?: (checkpoint: Checkpoint) => Promise<void>;
  /** Steps between two checkpoints; one is kept at the end too, and after every measurement. Default 500. */
  readonly saveEvery?: number;
  /** Loss in nats a token above which a training has exploded. Default: twice that of a uniform guess. */
  readonly mostLoss?: number;
  /** Aborted: finish the step, keep a checkpoint, stop. */
  readonly stop?: AbortSignal;
}

/** One step of training. Losses are means in nats a token, before the step's change of the weights. */
export interface StepEvent {
  readonly type: 'step';
  /** Steps done, 1 after the first. */
  readonly step: number;
  readonly tokensSeen: number;
  /** With the factors on losses, as it was trained on. */
  readonly loss: number;
  /** Without factors; null where the step held none of the domain. */
  readonly lossByDomain: Readonly<Record<string, number | null>>;
  readonly learningRate: number;
  /** Before clipping. */
  readonly gradientNorm: number;
  /** Share of the draw of each domain in this step. */
  readonly weights: Readonly<Record<string, number>>;
  readonly tokensPerSecond: number;
}

export type LoopEvent =
  | { readonly type: 'began'; readonly step: number; readonly tokensSeen: number }
  | StepEvent
  | { readonly type: 'measured'; readonly measurement: Measurement }
  | { readonly type: 'saved'; readonly step: number }
  | { readonly type: 'stopped'; readonly step: number }
  | {
      readonly type: 'ended';
      readonly step: number;
      /** Why before the last planned step; null where all were done. */
      readonly early: string | null;
      readonly progress: Progress;
      /** With what transforms have learned in weights of their own. */
      readonly model: LanguageModel;
      /** Weights and moments that were trained, those of transforms among them. */
      readonly state: Tensors;
    };

const SAVE_EVERY = 500;

/**
 * Trains a model on the sequences of a source, step by step; the losses of every step go back to the source, which may
 * decide by them what comes next. Cold; ends with `ended` or `stopped`. The same options give the same weights on one
 * executor and class of processor, also when the training was stopped or killed and goes on from a checkpoint.
 *
 * Errors: ConfigError for sequences that are longer than the model's context, and for a checkpoint past the last step;
 * InvariantError that names the sequences of a step whose loss is not finite or has exploded (no checkpoint is kept of
 * it); those of the source.
 */
export function continualPretrain(options: LoopOptions): Observable<LoopEvent> {
  return observed((left) => trainSteps(options, left));
}

/** A generator as an Observable; it is told when nobody listens any more. */
export function observed<T>(events: (left: AbortSignal) => AsyncGenerator<T>): Observable<T> {
  return new Observable((subscriber) => {
    const left = new AbortController();
    const run = async (): Promise<void> => {
      for await (const event of events(left.signal)) {
        if (left.signal.aborted) return;
        subscriber.next(event);
      }
    };
    run().then(
      () => subscriber.complete(),
      (error) => subscriber.error(error),
    );
    return () => left.abort();
  });
}

/** The loop. @param left aborted: nobody listens any more, so it ends after the step */
export async function* trainSteps(options: LoopOptions, left: AbortSignal): AsyncGenerator<LoopEvent> {
  const { model, executor, source, steps, measureEvery = steps, saveEvery = SAVE_EVERY, stop } = options;
  let progress = options.from?.progress ?? BEGINNING;
  checkPlace(progress, options);
  const size = { rows: rowsOf(options), length: source.contextLength };
  const trainer = await openTrainer(executor, model, { ...size, ...options.optimizer }, options.from?.state ?? null);
  const reading = readAhead(source, steps);
  const measured = async (): Promise<Measurement> => {
    const { step, tokensSeen, lossSum, lossSteps, measurements } = progress;
    const bits = await measureBits(trainer.evaluate, options.heldOut!, size);
    const measurement = { step, tokensSeen, trainLoss: lossSteps > 0 ? lossSum / lossSteps : null, ...bits };
    progress = { ...progress, lossSum: 0, lossSteps: 0, measurements: [...measurements, measurement] };
    return measurement;
  };
  const save = async (): Promise<void> => {
    const state = await trainer.readState();
    checkWeights(state, progress.step);
    await options.save?.({
      state,
      progress: { ...progress, source: (await source.snapshot?.(progress.step)) ?? null },
    });
  };
  let early: string | null = null;
  try {
    yield { type: 'began', step: progress.step, tokensSeen: progress.tokensSeen };
    if (options.heldOut && options.measureFirst && progress.measurements.length === 0)
      yield { type: 'measured', measurement: await measured() };
    while (progress.step < steps) {
      const began = performance.now();
      const batch = await reading.next(progress.step);
      if (typeof batch === 'string') {
        early = batch;
        break;
      }
      const event = await trainOn(batch, trainer, options, progress);
      const tokensPerSecond = (tokensOf(batch) * 1000) / (performance.now() - began);
      const { step, tokensSeen, loss } = event;
      progress = { ...progress, step, tokensSeen, lossSum: progress.lossSum + loss, lossSteps: progress.lossSteps + 1 };
      await source.post?.(batch.step, event.lossByDomain);
      yield { ...event, tokensPerSecond };
      const due = (every: number): boolean => step % every === 0 || step === steps;
      const measuring = options.heldOut !== undefined && due(measureEvery);
      if (measuring) yield { type: 'measured', measurement: await measured() };
      // What was measured is kept, so that the best can be.
      const saving = options.save !== undefined && (due(saveEvery) || measuring);
      if (saving) {
        await save();
        yield { type: 'saved', step };
      }
      if (left.aborted) return;
      if (stop?.aborted && step < steps) {
        if (options.save && !saving) await save();
        yield { type: 'stopped', step };
        return;
      }
    }
    // Ended before a measurement was due: shortened, or the source has no more.
    if (options.heldOut && progress.measurements.at(-1)?.step !== progress.step)
      yield { type: 'measured', measurement: await measured() };
    const state = await trainer.readState();
    yield { type: 'ended', step: progress.step, early, progress, model: await trainer.model(), state };
  } finally {
    reading.end();
    await trainer.release();
  }
}

/** Sequences of a part of a step. Errors: ConfigError where the parts are not equal. */
function rowsOf({ source, accumulate = 1 }: LoopOptions): number {
  const rows = source.sequencesPerStep / accumulate;
  if (Number.isInteger(rows) && rows >= 1) return rows;
  throw new ConfigError({
    expected: `a number of parts that divides the ${source.sequencesPerStep} sequences of a step`,
    got: `${accumulate}`,
    where: 'accumulate',
  });
}

/** Errors: ConfigError. */
function checkPlace({ step, tokensSeen }: Progress, { model, source, steps }: LoopOptions): void {
  if (source.contextLength > model.config.context)
    throw new ConfigError({
      problem:
        `sequences of ${source.contextLength} tokens do not fit into the model's context of ` +
        `${model.config.context} tokens`,
      expected: `sequences of at most ${model.config.context} tokens, the model's context`,
      got: `${source.contextLength}`,
      where: 'contextLength',
      fix: `Give --context ${model.config.context}, or less.`,
    });
  if (step > steps)
    throw new ConfigError({
      expected: `at least the ${step} steps (${tokensSeen} tokens) that this training has done`,
      got: `${steps}`,
      where: 'steps',
    });
}

/** Forward, backward, and the change of the weights. */
async function trainOn(
  batch: TrainingStep,
  trainer: Trainer,
  options: LoopOptions,
  { step, tokensSeen }: Progress,
): Promise<Omit<StepEvent, 'tokensPerSecond'>> {
  const { source, schedule, steps, model } = options;
  const { domains, sequencesPerStep, contextLength } = source;
  const tokens = tokensOf(batch);
  const rows = rowsOf(options);
  const parts = Array.from({ length: options.accumulate ?? 1 }, (_, i) =>
    batch.sequences.slice(i * rows, (i + 1) * rows),
  );
  const perStep = sequencesPerStep * contextLength;
  const place = {
    steps: { at: step, width: 1, length: steps },
    tokens: { at: tokensSeen, width: tokens, length: steps * perStep },
  };
  const learningRate = options.learningRate * schedule.factor(place[schedule.by]);
  const feeds = parts.map((part) => sequenceFeeds(part, rows, contextLength, options.start ?? null));
  const { loss, gradientNorm, rows: told } = await trainer.step(feeds, step + 1, learningRate);
  const most = options.mostLoss ?? 2 * Math.log(model.config.vocabulary);
  checkStep({ step: step + 1, loss, gradientNorm, learningRate, most }, batch, domains);
  const lossByDomain = lossesByDomain(batch, domains, told);
  const weights = Object.fromEntries(domains.map((name, i) => [name, batch.weights[i]]));
  const seen = tokensSeen + tokens;
  return { type: 'step', step: step + 1, tokensSeen: seen, loss, lossByDomain, learningRate, gradientNorm, weights };
}

/** Reads the step after the one that is asked for while that one computes. */
function readAhead(
  source: TrainingSource,
  all: number,
): {
  next(step: number): Promise<TrainingStep | string>;
  end(): void;
} {
  const until = new AbortController();
  let ahead: { readonly step: number; readonly pulled: ReturnType<TrainingSource['pull']> } | null = null;
  const begin = (step: number): NonNullable<typeof ahead> => {
    const pulled = source.pull(step, 1, until.signal);
    // Whoever asks for the step is told; where nobody does any more, it does not matter.
    pulled.catch(() => {});
    return { step, pulled };
  };
  return {
    async next(step) {
      const { steps, ended } = await (ahead?.step === step ? ahead : begin(step)).pulled;
      if (steps.length === 0) return ended ?? 'the source gives no more steps';
      ahead = step + 1 < all ? begin(step + 1) : null;
      return steps[0];
    },
    end: () => until.abort(),
  };
}
