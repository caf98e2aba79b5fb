import { copyFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { writeWhole } from '../files/whole.ts';
import type { Executor } from '../models/executors/executor.ts';
import { processorClass } from '../models/executors/processor.ts';
import { saveModel } from '../models/folders/hugging-face.ts';
import { type LanguageModel, type LanguageModelConfig, modelConfig } from '../models/language-model.ts';
import { newModel, parameterCount } from '../models/new-model.ts';
import { START } from '../models/tokenizers/train-bpe.ts';
import { SLUICE_VERSION } from '../version.ts';
import { sequenceOf } from './blocks.ts';
import { type Checkpoint, readCheckpoint, writeCheckpoint } from './checkpoint.ts';
import { type LoopEvent, trainSteps } from './loop.ts';
import type { Prepared } from './prepare.ts';
import { type Reference, referenceIdentity } from './reference.ts';
import { cardOf } from './reference-card.ts';
import { blockSource } from './reference-source.ts';
import { cosine } from './schedules.ts';
import type { TokenFile } from './token-file.ts';
import { BYTE_VOCABULARY, TOKENIZER_FILES, trainingTokenizer, writeTokenizer } from './tokenize.ts';
import type { Measurement, ReferenceJson } from './training-types.ts';

/** Steps of a whole training. */
export const stepsOf = ({ model, training }: Reference): number =>
  Math.ceil(training.tokens / (training.rows * model.context));

const WEIGHT_TYPES = { float32: 'F32', bfloat16: 'BF16', float16: 'F16' } as const;

/** One process that trains one model: the loop over its tokens, and the record of it. */
export class Training {
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
  readonly #from: Checkpoint | null;
  readonly #blocks: number;
  #schedule: ReferenceJson['schedule'];
  #measurements: readonly Measurement[];

  private constructor(
    reference: Reference,
    identity: string,
    executor: Executor,
    folder: string,
    prepared: Prepared,
    tokens: TokenFile,
    byteLengths: Uint16Array,
    processors: readonly string[],
    from: Checkpoint | null,
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
    this.#config = modelConfig({ ...reference.model, bosToken: START });
    this.#blocks = Math.floor((tokens.tokens - 1) / reference.model.context);
    this.#from = from;
    this.#measurements = from?.progress.measurements ?? [];
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
    const from = await readIfThere(checkpointPath(folder));
    const t = new Training(reference, identity, executor, folder, prepared, tokens, byteLengths, processors, from);
    const { fromStep } = t;
    // Before anything is recorded.
    if (fromStep > t.steps)
      throw new ConfigError({
        expected: `at least the ${from?.progress.tokensSeen} tokens that this training has seen`,
        got: `training.tokens ${reference.training.tokens}`,
        where: folder,
      });
    const planned = earlier?.schedule?.filter((s) => s.fromStep < fromStep) ?? [];
    if (planned.length > 0)
      t.#schedule = planned.at(-1)!.steps === t.steps ? planned : [...planned, { fromStep, steps: t.steps }];
    if (
      fromStep === 0 ||
      t.#schedule.length !== earlier?.schedule?.length ||
      t.#processors.length !== earlier?.processors?.length
    )
      await t.#writeJson('training');
    return t;
  }

  get fromStep(): number {
    return this.#from?.progress.step ?? 0;
  }

  /** The loop from where it stands. @param left see `trainSteps` */
  async *events(left: AbortSignal, stop: AbortSignal | undefined): AsyncGenerator<LoopEvent> {
    const { model, seed, training } = this.#reference;
    const { rows, learningRate, warmup, final, weightDecay, clip, evaluateEvery } = training;
    const sequences = Object.entries(this.#prepared.heldOut).map(
      ([domain, rows]) => [domain, rows.map((ids) => sequenceOf(ids, model.context, START))] as const,
    );
    const heldOut = { sequences: Object.fromEntries(sequences), byteLengths: this.#byteLengths, start: START };
    const loop = trainSteps(
      {
        model: newModel(this.#config, seed),
        executor: this.#executor,
        source: blockSource(this.#tokens, this.#blocks, { rows, context: model.context, seed }),
        steps: this.steps,
        learningRate,
        schedule: cosine({ warmup: Math.round(this.steps * warmup), final }),
        optimizer: { weightDecay, clip },
        start: START,
        heldOut,
        measureEvery: evaluateEvery,
        from: this.#from,
        save: (checkpoint) => writeCheckpoint(checkpointPath(this.#folder), checkpoint),
        saveEvery: evaluateEvery,
        mostLoss: Number.POSITIVE_INFINITY,
        stop,
      },
      left,
    );
    for await (const event of loop) {
      if (event.type === 'measured') this.#measurements = [...this.#measurements, event.measurement];
      yield event;
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
  async finish(model: LanguageModel): Promise<ReferenceJson> {
    const { dtype } = this.#reference.model;
    await saveModel(model, this.#folder, { dtype: WEIGHT_TYPES[dtype] });
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
}

const checkpointPath = (folder: string): string => join(folder, 'work', 'checkpoint.safetensors');

async function readIfThere(path: string): Promise<Checkpoint | null> {
  return readCheckpoint(path).catch((error: Error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code === 'ENOENT') return null;
    throw error;
  });
}
