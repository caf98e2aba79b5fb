import { mkdir, readFile, rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { Observable } from 'rxjs';
import { ConfigError } from '../errors.ts';
import type { Executor } from '../models/index.ts';
import { canonicalJson, xxh64Hex } from '../streams/hash.ts';
import { prepare, readPrepared } from './prepare.ts';
import { type Reference, resumableIdentity } from './reference.ts';
import { openTokenFile } from './token-file.ts';
import { stepsOf, Training } from './training.ts';
import type { ReferenceJson, TrainingEvent } from './training-types.ts';

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
 * so that an interrupted training ends with the same weights (on one executor and CPU class). With other `training.tokens` it goes on along the
 * schedule of the new length, which is recorded. Cold.
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
  const identity = await xxh64Hex(canonicalJson(resumableIdentity(reference, input)));
  const found = await readReferenceJson(folder);
  const previous = options.fresh ? null : found;
  if (options.fresh) await removeTraining(folder, found !== null);
  if (previous) {
    refuseOther(previous, identity, folder);
    if (previous.status === 'done') {
      refuseOtherLength(previous, reference, folder);
      await rm(join(folder, 'work'), { recursive: true, force: true });
      yield { type: 'finished', folder, already: true, model: previous };
      return;
    }
    refuseOtherExecutor(previous, options.executor, folder);
  }
  const work = join(folder, 'work');
  // A training that ended before its record was written leaves what it read, and maybe of another recipe.
  if (previous === null) await rm(join(work, 'checkpoint.safetensors'), { force: true });
  await mkdir(work, { recursive: true });
  let prepared = await readPrepared(work, identity);
  if (prepared === null) {
    yield { type: 'reading', documents: 0 };
    prepared = await prepare(reference, input, work, identity, options.stop);
    if (prepared === null) {
      yield { type: 'stopped', folder, step: 0, steps: stepsOf(reference) };
      return;
    }
    const { train: t, heldOut, rest } = prepared.documents;
    yield { type: 'reading', documents: t + heldOut + rest };
  }
  const tokens = await openTokenFile(join(work, 'tokens.bin'), reference.model.vocabulary);
  const opening = Training.open(reference, identity, options.executor, folder, prepared, tokens, previous);
  const training = await opening.catch(async (error: unknown) => {
    await tokens.close();
    throw error;
  });
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
    // Shortened to what it had done when it was stopped between two measurements.
    if (training.measuredAt !== training.step) yield { type: 'measured', measurement: await training.measure() };
    const model = await training.finish();
    yield { type: 'finished', folder, already: false, model };
  } finally {
    await training.close();
    await tokens.close();
  }
}

/** Records first: a removal that is killed leaves nothing that looks whole. Without a record of a training the folder itself is not ours. */
async function removeTraining(folder: string, ours: boolean): Promise<void> {
  for (const path of ['sluice.json', join('work', 'prepared.json'), 'work'])
    await rm(join(folder, path), { recursive: true, force: true });
  if (ours) await rm(folder, { recursive: true, force: true });
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

/** A finished training has no checkpoint to go on from. */
function refuseOtherLength({ steps, tokens }: ReferenceJson, reference: Reference, folder: string): void {
  if (steps === stepsOf(reference)) return;
  throw new ConfigError({
    expected: `the ${tokens} tokens of the training that ended in this folder`,
    came: `training.tokens ${reference.training.tokens}`,
    where: folder,
    todo: 'Choose another --output, or start again with --fresh.',
  });
}

/** Executors differ in the last digits, and a training that went on with another one would give weights that nobody gets again. */
function refuseOtherExecutor({ runtime: before }: ReferenceJson, { runtime: now }: Executor, folder: string): void {
  if (before === undefined || canonicalJson(before) === canonicalJson(now)) return;
  throw new ConfigError({
    expected: `the executor that the training in this folder began with: ${runtimeText(before)}`,
    came: runtimeText(now),
    where: folder,
    todo: 'Name the same one by --executor and --threads, or start again with --fresh.',
  });
}

const runtimeText = ({ library, version, provider, threads }: Executor['runtime']): string =>
  `${library} ${version}, ${provider}${threads === null ? '' : `, ${threads} ${threads === 1 ? 'thread' : 'threads'}`}`;
