import { ConfigError } from '../../errors.ts';
import { replay } from '../../mixture/schedulers/replay.ts';
import type { Executor } from '../../models/executors/executor.ts';
import { readTrainedOn } from '../../models/folders/trained-on.ts';
import type { Continual } from '../../recipe/continual.ts';
import { shellWord } from '../../safe-text.ts';
import type { Json } from '../../streams/operator.ts';
import type { Begun, TrainingRecord } from '../../training/continual/record.ts';
import { byName, type Schedule } from '../../training/schedules.ts';
import { type LocalFeed, type LocalFeedOptions, openLocalFeed } from '../feed/feed.ts';
import { openStores } from '../feed/stores.ts';
import type { BaseModel } from './base-model.ts';
import { storedTexts } from './trained-on.ts';

/** Before the names of the domains of old data. */
export const OLD = 'old/';

/** Run directories with the tokens of new text, and of old. */
export interface TrainingStores {
  readonly fresh: readonly string[];
  readonly old: readonly string[];
}

/** Sequences of one document that are measured on at most. */
const HELD_OUT_SEQUENCES = 4;

/** Steps of a whole training. */
export const plannedSteps = ({ training }: Continual): number =>
  Math.ceil(training.tokens / (training.context * training.sequences));

/**
 * The schedule of a training and its steps: those of the recipe, or with an anneal, where that was begun before or is
 * asked for now. Errors: ConfigError for an anneal of a schedule that has none.
 * @param step where the training stands
 */
export function scheduleFor(
  recipe: Continual,
  previous: TrainingRecord | null,
  step: number,
  anneal: number | undefined,
): { readonly schedule: Schedule; readonly steps: number } {
  const { schedule } = recipe.training;
  const steps = plannedSteps(recipe);
  const last = previous?.plans.at(-1);
  const begun = (last?.schedule.options as { readonly anneal?: { at: number; over: number } | null } | undefined)
    ?.anneal;
  if (anneal === undefined && begun && step > begun.at)
    throw new ConfigError({
      problem: 'this training is in its final anneal',
      expected: `--anneal ${begun.over}, as it was begun`,
      got: 'none',
      where: '--anneal',
      fix: `Give --anneal ${begun.over} to go on.`,
    });
  if (anneal === undefined) return { schedule, steps };
  if (schedule.name !== 'infinite' || schedule.by !== 'steps' || !schedule.open)
    throw new ConfigError({
      expected: 'an infinite schedule, by steps and with lengths in steps',
      got: `${schedule.name}, by ${schedule.by}${schedule.open ? '' : ', with lengths that are shares of the whole'}`,
      where: '--anneal',
      fix: '--schedule infinite --schedule-options \'{"warmup":10,"cooldown":100}\'',
    });
  // The same command again, after a kill within the anneal, goes on with it.
  const at = begun && begun.over === anneal && begun.at <= step && step <= begun.at + anneal ? begun.at : step;
  const options = { ...(schedule.options as object), anneal: { at, over: anneal } } as Json;
  return { schedule: byName('infinite', options), steps: at + anneal };
}

/**
 * The feed of a training: new domains as the recipe's mixture says, old ones replayed, some documents held out. Errors:
 * ConfigError for tokens of another vocabulary.
 */
export async function openTrainingFeed(
  recipe: Continual,
  base: BaseModel,
  stores: TrainingStores,
  state: string,
  steps: number | null,
): Promise<TrainingFeed> {
  const local = await openTokens(recipe, base, stores, {
    state,
    scheduler: (domains) => {
      const replayed = domains.filter((d) => d.startsWith(OLD));
      const { share } = recipe.replay;
      return replayed.length === 0 ? recipe.mixture : replay(recipe.mixture, { domains: replayed, share });
    },
    steps,
  });
  const { vocabulary, tokenizer, paths } = local.stores;
  if (vocabulary.hash === base.tokenizer.hash && vocabulary.size <= base.config.vocabulary) return local;
  await local.feed.close();
  throw new ConfigError({
    problem: `the tokens are not those of the model ${base.name}: they were made by ${tokenizer}`,
    expected: `tokens of the model's tokenizer (hash ${base.tokenizer.hash}, ${base.config.vocabulary} ids)`,
    got: `tokens of ${tokenizer} (hash ${vocabulary.hash}, ${vocabulary.size} ids)`,
    where: paths.join(', '),
    fix:
      `Make them anew: sluice run tokens --tokens ${shellWord(base.tokenizerSource)} --input ${shellWord(paths[0])} ` +
      `--output ${shellWord(`${paths[0]}-tokens`)}`,
  });
}

/** A feed whose held-out documents the model has not seen before. */
export interface TrainingFeed extends LocalFeed {
  /** Documents that would have been held out if the model had not been trained on them. */
  readonly seenBefore: number;
}

/** A feed of the tokens of a training, without the documents that are held out. */
export async function openTokens(
  { training: { context, sequences, lag }, heldOut, seed }: Continual,
  { trainedOn, tokenizer }: Pick<BaseModel, 'trainedOn' | 'tokenizer'>,
  { fresh, old }: TrainingStores,
  how: Pick<LocalFeedOptions, 'state' | 'scheduler' | 'domains' | 'steps'>,
): Promise<TrainingFeed> {
  const all = [...fresh, ...old];
  const list = trainedOn === null ? null : await readTrainedOn(trainedOn.list);
  const texts = list && (await storedTexts((await openStores(all)).vocabulary, tokenizer));
  const seen = new Set<string>();
  try {
    const local = await openLocalFeed({
      ...how,
      stores: all,
      prefixes: new Map(old.map((folder) => [folder, OLD])),
      contextLength: context,
      sequencesPerStep: sequences,
      seed,
      lag,
      holdOut: { ...heldOut, perDocument: HELD_OUT_SEQUENCES * context, seed },
      known(document) {
        const known = list !== null && texts !== null && list.has(texts.hash(document));
        if (known) seen.add(`${document.begin} ${document.bin}`);
        return known;
      },
    });
    return { ...local, seenBefore: seen.size };
  } finally {
    texts?.close();
  }
}

/** What decides the weights, by the names that a refusal says. */
export async function begunWith(
  recipe: Continual,
  base: BaseModel,
  { fresh, old }: TrainingStores,
  executor: Executor,
  schedule: Schedule,
  steps: number,
): Promise<Begun> {
  const { training } = recipe;
  const stores = await openStores([...fresh, ...old]);
  // The anneal may begin at any point, and is recorded beside.
  const { anneal: _, ...kept } = schedule.options as { readonly [option: string]: Json };
  // By their contents: a teacher may be moved and renamed. Named before the options of transforms, which hold them too.
  const teachers = training.transforms.flatMap(
    ({ options }) => (options as { readonly teachers?: readonly string[] }).teachers ?? [],
  );
  const { weightDecay, clip, beta1, beta2, embeddingDecay, coupledAdam } = training;
  return {
    model: base.identity,
    'set of runs with tokens': [...stores.hashes],
    tokenizer: stores.vocabulary.hash,
    'context length': training.context,
    'number of sequences a step': training.sequences,
    'number of parts a step': training.accumulate,
    seed: recipe.seed,
    lag: training.lag,
    mixture: {
      name: recipe.mixture.name,
      version: recipe.mixture.version,
      options: recipe.mixture.options,
    } as Json,
    'replay share': old.length > 0 ? recipe.replay.share : null,
    'highest learning rate': training.learningRate,
    schedule: { name: schedule.name, options: kept },
    // Of an open schedule what was done does not depend on the length.
    'number of steps': schedule.open ? null : steps,
    'set of options of the optimizer': { weightDecay, clip, beta1, beta2, embeddingDecay, coupledAdam },
    'set of teachers': teachers.length > 0 ? teachers : null,
    'list of transforms': training.transforms.map(({ name, options }) => ({ name, options })) as Json,
    'set of held-out documents': { ...recipe.heldOut },
    executor: { ...executor.runtime },
  };
}
