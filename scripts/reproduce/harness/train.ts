// One training of a study, kept under its name: a study that is started again goes on.
import { existsSync } from 'node:fs';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Scheduler } from '../../../src/mixture/scheduler.ts';
import { fixed } from '../../../src/mixture/schedulers/fixed.ts';
import type { Executor } from '../../../src/models/executors/executor.ts';
import { openSafetensors } from '../../../src/models/folders/safetensors.ts';
import { writeSafetensors } from '../../../src/models/folders/write-safetensors.ts';
import { type LanguageModel, modelConfig } from '../../../src/models/language-model.ts';
import { newModel } from '../../../src/models/new-model.ts';
import { START } from '../../../src/models/tokenizers/train-bpe.ts';
import { type LoopOptions, trainSteps } from '../../../src/training/loop.ts';
import { measureModel } from '../../../src/training/measure.ts';
import { cosine } from '../../../src/training/schedules.ts';
import { mixedSource } from './mixed-source.ts';
import type { DomainText } from './texts.ts';

export interface Shape {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly context: number;
  readonly rows: number;
}

export interface Trained {
  readonly arm: string;
  readonly seed: number;
  /** Held-out bits per byte of every domain, and what else the study counts. */
  readonly measures: Readonly<Record<string, number>>;
  readonly seconds: number;
}

export interface TrainingSpec {
  readonly arm: string;
  readonly seed: number;
  readonly domains: readonly DomainText[];
  /** Shares by domain, or a scheduler. */
  readonly mix: Readonly<Record<string, number>> | Scheduler;
  readonly tokens: number;
  /** Default: random weights of the seed. */
  readonly from?: LanguageModel;
  readonly learningRate?: number;
  readonly schedule?: LoopOptions['schedule'];
  readonly optimizer?: LoopOptions['optimizer'];
  /** Of domains to measure on; default those of training. */
  readonly measured?: readonly DomainText[];
  /** More to count: of the gradient norms of all steps, and of the model. */
  readonly also?: (norms: readonly number[], model: LanguageModel) => Record<string, number>;
  readonly losses?: Parameters<typeof mixedSource>[1]['losses'];
}

const ALL_BYTES = new Uint16Array(START + 1).fill(1);

/** Bits per byte of a model by domain. */
export async function bitsOf(
  model: LanguageModel,
  domains: readonly DomainText[],
  { executor, shape }: { readonly executor: Executor; readonly shape: Shape },
): Promise<Record<string, number>> {
  const sequences = Object.fromEntries(domains.map((d) => [d.name, d.heldOut]));
  const text = { sequences, byteLengths: ALL_BYTES, start: START };
  return { ...(await measureModel(executor, model, text, { rows: 8, length: shape.context })).byDomain };
}

export function freshModel({ width, layers, heads, context }: Shape, seed: number): LanguageModel {
  return newModel(modelConfig({ width, layers, heads, context, vocabulary: START + 1, bosToken: START }), seed);
}

/** Trains, or takes what is there. @param folder of the study */
export async function trainOnce(
  spec: TrainingSpec,
  { executor, shape, folder }: { readonly executor: Executor; readonly shape: Shape; readonly folder: string },
): Promise<Trained & { readonly model: LanguageModel }> {
  const { arm, seed, domains, tokens, from } = spec;
  const path = join(folder, 'work', `${arm.replace(/[^\w.-]+/g, '-')}-seed-${seed}`);
  const start = from ?? freshModel(shape, seed);
  if (existsSync(`${path}.json`)) {
    const file = await openSafetensors(`${path}.safetensors`);
    const weights = new Map(start.weights);
    for (const name of weights.keys()) weights.set(name, await file.read(name));
    await file.close();
    const kept = JSON.parse(await readFile(`${path}.json`, 'utf8')) as Trained;
    return { ...kept, model: { config: start.config, weights } };
  }
  const { rows, context } = shape;
  const steps = Math.max(2, Math.round(tokens / (rows * context)));
  const scheduler = 'start' in spec.mix ? (spec.mix as Scheduler) : fixed({ weights: { ...spec.mix } as never });
  const source = mixedSource(domains, { scheduler, steps, rows, context, seed, losses: spec.losses });
  const options: LoopOptions = {
    model: start,
    executor,
    source,
    steps,
    learningRate: spec.learningRate ?? 4e-3,
    schedule: spec.schedule ?? cosine({ warmup: 0.05 }),
    optimizer: spec.optimizer,
    start: START,
    mostLoss: Number.POSITIVE_INFINITY,
  };
  const began = performance.now();
  const norms: number[] = [];
  for await (const event of trainSteps(options, new AbortController().signal)) {
    if (event.type === 'step') norms.push(event.gradientNorm);
    if (event.type !== 'ended') continue;
    const { model } = event;
    const seconds = (performance.now() - began) / 1000;
    const bits = await bitsOf(model, spec.measured ?? domains, { executor, shape });
    const trained = { arm, seed, measures: { ...bits, ...spec.also?.(norms, model) }, seconds };
    await mkdir(join(folder, 'work'), { recursive: true });
    await writeSafetensors(`${path}.safetensors`, model.weights, { metadata: { format: 'pt' } });
    await writeFile(`${path}.json.tmp`, JSON.stringify(trained));
    await rename(`${path}.json.tmp`, `${path}.json`);
    return { ...trained, model };
  }
  throw new Error(`${arm}: a training without an end`);
}
