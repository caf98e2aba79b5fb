import { rm } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import { canonicalJson, xxh64Hex } from '../hash.ts';
import type { Executor } from '../models/executors/executor.ts';
import type { Observable } from '../streams/flow/rxjs.ts';
import { observed } from './loop.ts';
import { prepare, readPrepared } from './prepare.ts';
import { type Reference, resumableIdentity } from './reference.ts';
import { openTokenFile } from './token-file.ts';
import { stepsOf, Training } from './training.ts';
import { readReferenceJson, refuseForeign, removeTraining, takeFolder } from './training-folder.ts';
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
  /**
   * Told about every file of the input that is passed over, what is odd about others, and a vocabulary that the text
   * does not fill.
   */
  readonly onWarning?: (text: string) => void;
}

/**
 * Trains a reference model into a Hugging Face directory; again in the same folder goes on from the last checkpoint
 * with the same samples, so that an interrupted training ends with the same weights (on one executor and CPU class).
 * With other `training.tokens` it goes on along the schedule of the new length, which is recorded. Cold. Errors:
 * ConfigError (recipe; a folder of another training, of something else, or that another process trains in), InputError.
 */
export function trainReference(reference: Reference, options: TrainReferenceOptions): Observable<TrainingEvent> {
  return observed((left) => train(reference, options, left));
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
      got: 'no input',
      where: `reference ${reference.name}`,
      fix: "Give --input 'folder/*.jsonl.gz', or put `input` in the recipe.",
    });
  const identity = await xxh64Hex(canonicalJson(resumableIdentity(reference, input)));
  const endedBefore = (previous: ReferenceJson | null): previous is ReferenceJson => {
    if (previous) refuseOther(previous, identity, folder);
    if (previous?.status !== 'done') return false;
    refuseOtherLength(previous, reference, folder);
    return true;
  };
  const readPrevious = async (): Promise<ReferenceJson | null> => {
    const record = await readReferenceJson(folder);
    return options.fresh ? null : record;
  };
  await refuseForeign(folder);
  let previous = await readPrevious();
  if (endedBefore(previous)) {
    await rm(join(folder, 'work'), { recursive: true, force: true });
    yield { type: 'finished', folder, already: true, model: previous };
    return;
  }
  const leave = await takeFolder(folder);
  try {
    // The training that had the folder until now may have ended meanwhile.
    previous = await readPrevious();
    if (endedBefore(previous)) yield { type: 'finished', folder, already: true, model: previous };
    else yield* trainInFolder(reference, { ...options, input }, { folder, identity, previous }, left);
  } finally {
    await leave();
  }
}

/** A folder that this process has taken. */
interface TakenFolder {
  readonly folder: string;
  readonly identity: string;
  /** Record of the training to go on with. */
  readonly previous: ReferenceJson | null;
}

async function* trainInFolder(
  reference: Reference,
  options: TrainReferenceOptions & { readonly input: readonly string[] },
  { folder, identity, previous }: TakenFolder,
  left: AbortSignal,
): AsyncGenerator<TrainingEvent> {
  if (options.fresh) await removeTraining(folder);
  if (previous) refuseOtherExecutor(previous, options.executor, folder);
  const work = join(folder, 'work');
  // A training that ended before its record was written leaves what it read, and maybe of another recipe.
  if (previous === null) await rm(join(work, 'checkpoint.safetensors'), { force: true });
  let prepared = await readPrepared(work, identity);
  if (prepared === null) {
    yield { type: 'reading', documents: 0 };
    prepared = await prepare(reference, options.input, work, identity, options.stop, options.onWarning);
    if (prepared === null) {
      yield { type: 'stopped', folder, step: 0, steps: stepsOf(reference) };
      return;
    }
    const { train: t, heldOut, rest } = prepared.documents;
    yield { type: 'reading', documents: t + heldOut + rest };
  }
  const tokens = await openTokenFile(join(work, 'tokens.bin'), reference.model.vocabulary, prepared.trainTokens);
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
      fromStep: training.fromStep,
    };
    for await (const event of training.events(left, options.stop)) {
      switch (event.type) {
        case 'step': {
          const { type, step, tokensSeen, loss, learningRate, tokensPerSecond } = event;
          yield { type, step, steps: training.steps, tokensSeen, loss, learningRate, tokensPerSecond };
          break;
        }
        case 'measured':
          yield event;
          break;
        case 'stopped':
          yield { type: 'stopped', folder, step: event.step, steps: training.steps };
          break;
        case 'ended':
          yield { type: 'finished', folder, already: false, model: await training.finish(event.model) };
      }
    }
  } finally {
    await tokens.close();
  }
}

function refuseOther(previous: ReferenceJson, identity: string, folder: string): void {
  if (previous.identity === identity) return;
  throw new ConfigError({
    expected: 'the recipe and input that the training in this folder began with',
    got: 'others',
    where: folder,
    fix: 'Choose another --output, or start again with --fresh.',
  });
}

/** A finished training has no checkpoint to go on from. */
function refuseOtherLength({ steps, tokens }: ReferenceJson, reference: Reference, folder: string): void {
  if (steps === stepsOf(reference)) return;
  throw new ConfigError({
    expected: `the ${tokens} tokens of the training that ended in this folder`,
    got: `training.tokens ${reference.training.tokens}`,
    where: folder,
    fix: 'Choose another --output, or start again with --fresh.',
  });
}

/**
 * Executors differ in the last digits, and a training that went on with another one would give weights that nobody gets
 * again.
 */
function refuseOtherExecutor({ runtime: before }: ReferenceJson, { runtime: now }: Executor, folder: string): void {
  if (before === undefined || canonicalJson(before) === canonicalJson(now)) return;
  throw new ConfigError({
    expected: `the executor that the training in this folder began with: ${runtimeText(before)}`,
    got: runtimeText(now),
    where: folder,
    fix: 'Name the same one by --executor and --threads, or start again with --fresh.',
  });
}

function runtimeText({ library, version, provider, threads, graphs = 1 }: Executor['runtime']): string {
  const parts = [`${library} ${version}`, provider];
  if (threads !== null) parts.push(`${threads} ${threads === 1 ? 'thread' : 'threads'}`);
  return [...parts, `graphs of version ${graphs}`].join(', ');
}
