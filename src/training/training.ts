import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, InvariantError } from '../errors.ts';
import { writeWhole } from '../files/whole.ts';
import type { Executor, Session } from '../models/executors/executor.ts';
import { processorClass } from '../models/executors/processor.ts';
import { saveModel } from '../models/folders/hugging-face.ts';
import { openSafetensors } from '../models/folders/safetensors.ts';
import { writeSafetensors } from '../models/folders/write-safetensors.ts';
import { type LanguageModelConfig, modelConfig } from '../models/language-model.ts';
import { newModel, parameterCount } from '../models/new-model.ts';
import { scoringGraph } from '../models/scorers/scoring-graph.ts';
import { floatTensor, type Tensor } from '../models/tensor.ts';
import { START } from '../models/tokenizers/train-bpe.ts';
import { trainingGraph, trainingState } from '../models/training-graph.ts';
import { SLUICE_VERSION } from '../version.ts';
import { blockOrder, blocksOfStep, feedsOf, warmupCosine } from './blocks.ts';
import type { Prepared } from './prepare.ts';
import { type Reference, referenceIdentity } from './reference.ts';
import { cardOf } from './reference-card.ts';
import type { TokenFile } from './token-file.ts';
import { BYTE_VOCABULARY, TOKENIZER_FILES, trainingTokenizer, writeTokenizer } from './tokenize.ts';
import type { Measurement, ReferenceJson, TrainingEvent } from './training-types.ts';

/** Steps of a whole training. */
export const stepsOf = ({ model, training }: Reference): number =>
  Math.ceil(training.tokens / (training.rows * model.context));

const WEIGHT_TYPES = { float32: 'F32', bfloat16: 'BF16', float16: 'F16' } as const;

/** One process that trains one model. */
export class Training {
  step = 0;
  readonly steps: number;
  readonly #reference: Reference;
  readonly #identity: string;
  readonly #executor: Executor;
  readonly #folder: string;
  readonly #prepared: Prepared;
  readonly #tokens: TokenFile;
  readonly #config: LanguageModelConfig;
  readonly #byteLengths: Uint16Array;
  readonly #processors: readonly string[];
  #schedule: ReferenceJson['schedule'];
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
    byteLengths: Uint16Array,
    processors: readonly string[],
  ) {
    this.#byteLengths = byteLengths;
    this.#processors = processors;
    this.#schedule = [{ fromStep: 0, steps: stepsOf(reference) }];
    this.#reference = reference;
    this.#identity = identity;
    this.#executor = executor;
    this.#folder = folder;
    this.#prepared = prepared;
    this.#tokens = tokens;
    const { model, seed } = reference;
    this.#config = modelConfig({ ...model, bosToken: START });
    this.#blocks = Math.floor((tokens.tokens - 1) / model.context);
    this.#order = blockOrder(this.#blocks, seed);
    this.steps = stepsOf(reference);
  }

  static async open(
    reference: Reference,
    identity: string,
    executor: Executor,
    folder: string,
    prepared: Prepared,
    tokens: TokenFile,
    earlier: ReferenceJson | null,
  ): Promise<Training> {
    const { byteLengths } = await trainingTokenizer(reference.model.vocabulary, join(folder, 'work'));
    const processors = [...new Set([...(earlier?.processors ?? []), processorClass()])];
    const t = new Training(reference, identity, executor, folder, prepared, tokens, byteLengths, processors);
    const { rows, weightDecay, clip } = reference.training;
    const graph = trainingGraph(t.#config, { rows, length: reference.model.context, weightDecay, clip });
    const state = (await t.#readCheckpoint()) ?? trainingState(newModel(t.#config, reference.seed), graph);
    // Before anything is recorded.
    if (t.step > t.steps)
      throw new ConfigError({
        expected: `at least the ${t.tokensSeen} tokens that this training has seen`,
        got: `training.tokens ${reference.training.tokens}`,
        where: folder,
      });
    const planned = earlier?.schedule?.filter((s) => s.fromStep < t.step) ?? [];
    if (planned.length > 0)
      t.#schedule = planned.at(-1)!.steps === t.steps ? planned : [...planned, { fromStep: t.step, steps: t.steps }];
    if (
      t.step === 0 ||
      t.#schedule.length !== earlier?.schedule?.length ||
      t.#processors.length !== earlier?.processors?.length
    )
      await t.#writeJson('training');
    t.#session = await executor.open(graph, state);
    return t;
  }

  get #checkpointPath(): string {
    return join(this.#folder, 'work', 'checkpoint.safetensors');
  }

  get tokensSeen(): number {
    return this.step * this.#reference.training.rows * this.#reference.model.context;
  }

  /** Step of the last measurement; null before the first. */
  get measuredAt(): number | null {
    return this.#measurements.at(-1)?.step ?? null;
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
        got: `${loss} at step ${this.step}`,
        where: `reference ${this.#reference.name}`,
        fix: 'Lower training.learningRate; the last checkpoint is untouched.',
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
    const byDomain = new Map<string, number>();
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
            bytes += this.#byteLengths[targets[i]];
          }
        }
        if (bytes > 0) byDomain.set(domain, nll / bytes / Math.LN2);
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
      bitsPerByte: allBytes > 0 ? allNll / allBytes / Math.LN2 : null,
      byDomain: Object.fromEntries(byDomain),
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
    const { vocabulary } = this.#config;
    const bytes = vocabulary === BYTE_VOCABULARY;
    return {
      format: 1,
      kind: 'reference',
      sluice: SLUICE_VERSION,
      status,
      identity: this.#identity,
      reference: referenceIdentity(this.#reference),
      executor: this.#executor.description,
      runtime: this.#executor.runtime,
      processors: this.#processors,
      tokenizer: { name: bytes ? 'bytes' : 'byte_pairs', vocabulary, start: START },
      parameters: parameterCount(this.#config),
      steps: this.steps,
      tokens: this.steps * this.#reference.training.rows * this.#reference.model.context,
      epochs: (this.steps * this.#reference.training.rows) / this.#blocks,
      schedule: this.#schedule,
      documents: this.#prepared.documents,
      trainedBytes: this.#prepared.domains,
      measurements: this.#measurements,
    };
  }

  async #writeJson(status: ReferenceJson['status']): Promise<ReferenceJson> {
    const json = this.json(status);
    const path = join(this.#folder, 'sluice.json');
    await writeWhole(path, `${JSON.stringify(json, null, 2)}\n`);
    return json;
  }

  /** The model, its card and the record of what it was trained on; the work folder goes. */
  async finish(): Promise<ReferenceJson> {
    const state = await this.#session!.readState();
    const { dtype } = this.#reference.model;
    await saveModel({ config: this.#config, weights: state }, this.#folder, { dtype: WEIGHT_TYPES[dtype] });
    const work = join(this.#folder, 'work');
    if (this.#config.vocabulary === BYTE_VOCABULARY) await writeTokenizer([], work);
    for (const name of ['trained-on.bin', ...TOKENIZER_FILES])
      await copyFile(join(work, name), join(this.#folder, name));
    await writeFile(
      join(this.#folder, 'README.md'),
      cardOf(this.#reference, this.json('done'), this.#byteLengths.length),
    );
    const json = await this.#writeJson('done');
    await rm(join(this.#folder, 'work'), { recursive: true });
    return json;
  }

  async close(): Promise<void> {
    await this.#session?.release();
  }
}
