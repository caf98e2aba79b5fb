import { copyFile, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Observable } from 'rxjs';
import { ConfigError, InvariantError } from '../errors.ts';
import { saveModel } from '../models/hugging-face.ts';
import type { Executor, Session } from '../models/index.ts';
import { type LanguageModelConfig, modelConfig } from '../models/language-model.ts';
import { newModel, parameterCount } from '../models/new-model.ts';
import { openSafetensors } from '../models/safetensors.ts';
import { scoringGraph } from '../models/scoring-graph.ts';
import { floatTensor, type Tensor } from '../models/tensor.ts';
import { trainingGraph, trainingState } from '../models/training-graph.ts';
import { writeSafetensors } from '../models/write-safetensors.ts';
import { canonicalJson, xxh64Hex } from '../streams/hash.ts';
import { SLUICE_VERSION } from '../version.ts';
import { blockOrder, blocksOfStep, feedsOf, warmupCosine } from './blocks.ts';
import { BYTE_VOCABULARY, type Prepared, prepare, readPrepared, START } from './prepare.ts';
import { type Reference, referenceIdentity } from './reference.ts';
import { cardOf } from './reference-card.ts';
import { openTokenFile, type TokenFile } from './token-file.ts';

/** A measurement on held-out documents: bits per byte, by domain and over all of them. */
export interface Measurement {
  readonly step: number;
  readonly tokensSeen: number;
  /** Mean training loss since the measurement before, in nats a token; null before the first step. */
  readonly trainLoss: number | null;
  readonly bitsPerByte: number;
  readonly byDomain: Readonly<Record<string, number>>;
}

/** Contents of sluice.json in the folder of a reference model. */
export interface ReferenceJson {
  readonly format: 1;
  readonly kind: 'reference';
  readonly sluice: string;
  readonly status: 'training' | 'done';
  readonly identity: string;
  readonly reference: object;
  readonly executor: string;
  readonly tokenizer: { readonly name: 'bytes'; readonly vocabulary: number; readonly start: number };
  readonly parameters: number;
  readonly steps: number;
  readonly tokens: number;
  readonly epochs: number;
  readonly documents: Prepared['documents'];
  readonly trainedBytes: Prepared['domains'];
  readonly measurements: readonly Measurement[];
}

export type TrainingEvent =
  | { readonly type: 'reading'; readonly documents: number }
  | {
      readonly type: 'start';
      readonly folder: string;
      readonly model: ReferenceJson;
      readonly trainTokens: number;
      readonly fromStep: number;
    }
  | {
      readonly type: 'step';
      readonly step: number;
      readonly steps: number;
      readonly tokensSeen: number;
      readonly loss: number;
      readonly learningRate: number;
      readonly tokensPerSecond: number;
    }
  | { readonly type: 'measured'; readonly measurement: Measurement }
  | { readonly type: 'stopped'; readonly folder: string; readonly step: number; readonly steps: number }
  | { readonly type: 'finished'; readonly folder: string; readonly already: boolean; readonly model: ReferenceJson };

export interface TrainReferenceOptions {
  readonly executor: Executor;
  /** Replaces the recipe's input. */
  readonly input?: readonly string[];
  /** Default `sluice-out/<name>`. */
  readonly output?: string;
  /** Throws away what an earlier training left in the folder. */
  readonly fresh?: boolean;
  /** Aborted: finish the step, write a checkpoint, stop. */
  readonly stop?: AbortSignal;
}

/**
 * Trains a reference model into a Hugging Face directory; again in the same folder goes on from the last checkpoint with the same samples,
 * so that an interrupted training ends with the same weights (on one executor and CPU class). Cold.
 * Errors: ConfigError (recipe, folder of another training), InputError.
 */
export function trainReference(reference: Reference, options: TrainReferenceOptions): Observable<TrainingEvent> {
  return new Observable((subscriber) => {
    const left = new AbortController();
    const run = async (): Promise<void> => {
      for await (const event of train(reference, options, left.signal)) {
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

async function* train(
  reference: Reference,
  options: TrainReferenceOptions,
  left: AbortSignal,
): AsyncGenerator<TrainingEvent> {
  const folder = resolve(options.output ?? join('sluice-out', reference.name));
  const input = options.input ?? reference.input;
  if (input.length === 0)
    throw new ConfigError({
      expected: 'something to read',
      came: 'no input',
      where: `reference ${reference.name}`,
      todo: "Give --input 'folder/*.jsonl.gz', or put `input` in the recipe.",
    });
  const identity = await xxh64Hex(canonicalJson({ input, ...referenceIdentity(reference) }));
  const previous = await readReferenceJson(folder);
  if (options.fresh && previous) await rm(folder, { recursive: true });
  else if (previous) {
    refuseOther(previous, identity, folder);
    if (previous.status === 'done') {
      yield { type: 'finished', folder, already: true, model: previous };
      return;
    }
  }
  const work = join(folder, 'work');
  await mkdir(work, { recursive: true });
  let prepared = await readPrepared(work);
  if (prepared === null) {
    yield { type: 'reading', documents: 0 };
    prepared = await prepare(reference, input, work, () => {});
    const { train: t, heldOut, rest } = prepared.documents;
    yield { type: 'reading', documents: t + heldOut + rest };
  }
  const tokens = await openTokenFile(join(work, 'tokens.bin'), BYTE_VOCABULARY);
  const training = await Training.open(reference, identity, options.executor, folder, prepared, tokens);
  try {
    yield {
      type: 'start',
      folder,
      model: training.json('training'),
      trainTokens: tokens.tokens,
      fromStep: training.step,
    };
    while (training.step < training.steps) {
      const stepped = await training.next();
      yield stepped;
      const due = training.step % reference.training.evaluateEvery === 0 || training.step === training.steps;
      if (due) {
        const measurement = await training.measure();
        yield { type: 'measured', measurement };
        await training.checkpoint();
      }
      if (left.aborted) return;
      if (options.stop?.aborted && training.step < training.steps) {
        if (!due) await training.checkpoint();
        yield { type: 'stopped', folder, step: training.step, steps: training.steps };
        return;
      }
    }
    const model = await training.finish();
    yield { type: 'finished', folder, already: false, model };
  } finally {
    await training.close();
    await tokens.close();
  }
}

/** One process that trains one model. */
class Training {
  step = 0;
  readonly steps: number;
  readonly #reference: Reference;
  readonly #identity: string;
  readonly #executor: Executor;
  readonly #folder: string;
  readonly #prepared: Prepared;
  readonly #tokens: TokenFile;
  readonly #config: LanguageModelConfig;
  readonly #blocks: number;
  readonly #order: (epoch: number) => Uint32Array;
  #session: Session | null = null;
  #measurements: Measurement[] = [];
  #lossSum = 0;
  #lossSteps = 0;

  private constructor(
    reference: Reference,
    identity: string,
    executor: Executor,
    folder: string,
    prepared: Prepared,
    tokens: TokenFile,
  ) {
    this.#reference = reference;
    this.#identity = identity;
    this.#executor = executor;
    this.#folder = folder;
    this.#prepared = prepared;
    this.#tokens = tokens;
    const { model, training, seed } = reference;
    this.#config = modelConfig({ ...model, vocabulary: BYTE_VOCABULARY });
    this.#blocks = Math.floor((tokens.tokens - 1) / model.context);
    this.#order = blockOrder(this.#blocks, seed);
    this.steps = Math.ceil(training.tokens / (training.rows * model.context));
  }

  static async open(
    reference: Reference,
    identity: string,
    executor: Executor,
    folder: string,
    prepared: Prepared,
    tokens: TokenFile,
  ): Promise<Training> {
    const t = new Training(reference, identity, executor, folder, prepared, tokens);
    const { rows, weightDecay, clip } = reference.training;
    const graph = trainingGraph(t.#config, { rows, length: reference.model.context, weightDecay, clip });
    const state = (await t.#readCheckpoint()) ?? trainingState(newModel(t.#config, reference.seed), graph);
    if (t.step === 0) await t.#writeJson('training');
    t.#session = await executor.open(graph, state);
    return t;
  }

  get #checkpointPath(): string {
    return join(this.#folder, 'work', 'checkpoint.safetensors');
  }

  get tokensSeen(): number {
    return this.step * this.#reference.training.rows * this.#reference.model.context;
  }

  async next(): Promise<TrainingEvent> {
    const { rows, learningRate: highest, warmup, final } = this.#reference.training;
    const { context } = this.#reference.model;
    const began = performance.now();
    const numbers = blocksOfStep(this.step, rows, this.#blocks, this.#order);
    const ids = await Promise.all(numbers.map((n) => this.#tokens.read(n * context, context + 1)));
    const learningRate = highest * warmupCosine(this.step, this.steps, warmup, final);
    const feeds = feedsOf(ids, context, START);
    feeds.set('learning_rate', floatTensor([], [learningRate]));
    feeds.set('step', floatTensor([], [this.step + 1]));
    const outputs = await this.#session!.run(feeds);
    const loss = outputs.get('loss')!.data[0];
    this.step++;
    if (!Number.isFinite(loss))
      throw new InvariantError({
        expected: 'a finite loss',
        came: `${loss} at step ${this.step}`,
        where: `reference ${this.#reference.name}`,
        todo: 'Lower training.learningRate; the last checkpoint is untouched.',
      });
    this.#lossSum += loss;
    this.#lossSteps++;
    const { step, steps, tokensSeen } = this;
    const tokensPerSecond = (rows * context * 1000) / (performance.now() - began);
    return { type: 'step', step, steps, tokensSeen, loss, learningRate, tokensPerSecond };
  }

  /** Bits per byte on the held-out sequences. */
  async measure(): Promise<Measurement> {
    const { rows } = this.#reference.training;
    const { context } = this.#reference.model;
    const session = await this.#executor.open(
      scoringGraph(this.#config, { rows, length: context }),
      await this.#session!.readState(),
    );
    const byDomain: Record<string, number> = {};
    let [allNll, allBytes] = [0, 0];
    try {
      for (const [domain, sequences] of Object.entries(this.#prepared.heldOut)) {
        let [nll, bytes] = [0, 0];
        for (let at = 0; at < sequences.length; at += rows) {
          const part = sequences.slice(at, at + rows);
          const filled = [...part, ...Array.from({ length: rows - part.length }, () => [] as number[])];
          const feeds = feedsOf(filled, context, START);
          feeds.delete('target_weights');
          const scores = (await session.run(feeds)).get('nll')!.data as Float32Array;
          const targets = feeds.get('targets')!.data;
          for (let i = 0; i < scores.length; i++) {
            if (targets[i] < 0 || targets[i] === START) continue;
            nll += scores[i];
            bytes++;
          }
        }
        if (bytes > 0) byDomain[domain] = nll / bytes / Math.LN2;
        allNll += nll;
        allBytes += bytes;
      }
    } finally {
      await session.release();
    }
    const measurement: Measurement = {
      step: this.step,
      tokensSeen: this.tokensSeen,
      trainLoss: this.#lossSteps > 0 ? this.#lossSum / this.#lossSteps : null,
      bitsPerByte: allNll / Math.max(1, allBytes) / Math.LN2,
      byDomain,
    };
    this.#lossSum = this.#lossSteps = 0;
    this.#measurements.push(measurement);
    return measurement;
  }

  /** Weights, moments, step and measurements in one file that appears whole. */
  async checkpoint(): Promise<void> {
    await writeSafetensors(this.#checkpointPath, await this.#session!.readState(), {
      metadata: {
        step: String(this.step),
        measurements: JSON.stringify(this.#measurements),
        loss: JSON.stringify([this.#lossSum, this.#lossSteps]),
      },
    });
  }

  async #readCheckpoint(): Promise<Map<string, Tensor> | null> {
    let file: Awaited<ReturnType<typeof openSafetensors>>;
    try {
      file = await openSafetensors(this.#checkpointPath);
    } catch (error) {
      if (((error as Error).cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null;
      throw error;
    }
    try {
      const state = new Map<string, Tensor>();
      for (const name of file.entries.keys()) state.set(name, await file.read(name));
      this.step = Number(file.metadata.step);
      this.#measurements = JSON.parse(file.metadata.measurements) as Measurement[];
      [this.#lossSum, this.#lossSteps] = JSON.parse(file.metadata.loss) as [number, number];
      return state;
    } finally {
      await file.close();
    }
  }

  json(status: ReferenceJson['status']): ReferenceJson {
    return {
      format: 1,
      kind: 'reference',
      sluice: SLUICE_VERSION,
      status,
      identity: this.#identity,
      reference: referenceIdentity(this.#reference),
      executor: this.#executor.description,
      tokenizer: { name: 'bytes', vocabulary: BYTE_VOCABULARY, start: START },
      parameters: parameterCount(this.#config),
      steps: this.steps,
      tokens: this.steps * this.#reference.training.rows * this.#reference.model.context,
      epochs: (this.steps * this.#reference.training.rows) / this.#blocks,
      documents: this.#prepared.documents,
      trainedBytes: this.#prepared.domains,
      measurements: this.#measurements,
    };
  }

  async #writeJson(status: ReferenceJson['status']): Promise<ReferenceJson> {
    const json = this.json(status);
    const path = join(this.#folder, 'sluice.json');
    await writeFile(`${path}.tmp`, `${JSON.stringify(json, null, 2)}\n`);
    await rename(`${path}.tmp`, path);
    return json;
  }

  /** The model, its card and the record of what it was trained on; the work folder goes. */
  async finish(): Promise<ReferenceJson> {
    const state = await this.#session!.readState();
    await saveModel({ config: this.#config, weights: state }, this.#folder);
    await copyFile(join(this.#folder, 'work', 'trained-on.bin'), join(this.#folder, 'trained-on.bin'));
    await writeFile(join(this.#folder, 'README.md'), cardOf(this.#reference, this.json('done')));
    const json = await this.#writeJson('done');
    await rm(join(this.#folder, 'work'), { recursive: true });
    return json;
  }

  async close(): Promise<void> {
    await this.#session?.release();
  }
}

async function readReferenceJson(folder: string): Promise<ReferenceJson | null> {
  const path = join(folder, 'sluice.json');
  try {
    return JSON.parse(await readFile(path, 'utf8')) as ReferenceJson;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new ConfigError({
      expected: 'the record of a training',
      came: (error as Error).message,
      where: path,
      todo: 'Choose another --output, or remove the folder.',
      cause: error,
    });
  }
}

function refuseOther(previous: ReferenceJson, identity: string, folder: string): void {
  if (previous.identity === identity) return;
  throw new ConfigError({
    expected: 'the recipe and input that the training in this folder began with',
    came: 'others',
    where: folder,
    todo: 'Choose another --output, or start again with --fresh.',
  });
}
