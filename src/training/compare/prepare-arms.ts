import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { clozeOfDocuments } from '../forgetting/cloze.ts';
import { type ClozeItem, readItems } from '../forgetting/items.ts';
import { readPart, writePart } from './folder.ts';
import { type ComparedDocument, chooseHeldOut, givenHeldOut } from './hold-out.ts';
import type { ComparedModel } from './model.ts';
import { type Pool, type PoolOptions, readPool } from './pool.ts';
import { blocksOf, type Sample, writeSample } from './samples.ts';
import type { ComparisonSettings } from './settings.ts';

/** What was read, once; the trainings need nothing else. */
export interface Prepared {
  readonly arms: readonly {
    /** Of the whole arm. */
    readonly documents: number;
    readonly bytes: number;
    /** Records that could not be read. */
    readonly aside: number;
    readonly sample: Sample;
  }[];
  readonly documents: readonly ComparedDocument[];
  readonly items: readonly ClozeItem[];
}

const preparedPath = (work: string): string => join(work, 'prepared.json');
export const samplePath = (work: string, arm: number): string => join(work, `arm-${arm}.bin`);

/** Null where nothing was prepared yet. */
export const readPrepared = (work: string): Promise<Prepared | null> => readPart<Prepared>(preparedPath(work));

export interface PrepareOptions {
  readonly stop?: AbortSignal;
  readonly onArm?: (name: string) => void;
  readonly onWarning?: (text: string) => void;
}

/**
 * Reads all arms, chooses what is held out, and writes what each is trained on. Null when told to stop. Errors:
 * ConfigError for arms with too little text and where nothing can be held out.
 */
export async function prepareArms(
  settings: ComparisonSettings,
  model: ComparedModel,
  work: string,
  { stop, onArm, onWarning }: PrepareOptions,
): Promise<Prepared | null> {
  await rm(preparedPath(work), { force: true });
  const { read, groupBy, seed, heldOutBytes, heldOutShare } = settings;
  const common = { read, groupBy, seed, heldOutBytes, stop, onWarning };
  const given = settings.heldOut === null ? null : await heldOutPool(settings.heldOut, common);
  const pools: Pool[] = [];
  for (const { name, input } of settings.arms) {
    onArm?.(name);
    const pool = await readPool(input, {
      ...common,
      trainBytes: settings.tokens * model.bytesPerToken,
      heldOutShare: given === null ? heldOutShare : 0,
      never: new Set(given === null ? [] : [...given.heldOutTexts, ...given.heldOutGroups]),
    });
    if (pool === null) return null;
    pools.push(pool);
  }
  const documents = given === null ? chooseHeldOut(pools, heldOutBytes) : givenHeldOut(given.heldOut);
  if (documents.length === 0)
    throw new ConfigError({
      expected: 'documents to measure on',
      got: `none: the arms have ${pools.map((p) => p.documents).join(', ')} documents`,
      where: settings.heldOut?.join(', ') ?? 'the held-out part of all arms',
      fix: 'Give more documents, a larger share with --held-out-share, or others with --held-out.',
    });
  const measured = new Set(pools.flatMap((p) => [...p.heldOutTexts]));
  const arms: Prepared['arms'][number][] = [];
  for (const [i, pool] of pools.entries()) {
    // A text may stand in a group of each side.
    const train = pool.train.filter((d) => !measured.has(d.textHash));
    const sample = await writeSample(samplePath(work, i), train, model.vocabulary, {
      tokens: settings.tokens,
      vocabulary: model.config.vocabulary,
    });
    blocksOf(sample.tokens, model.context, settings.arms[i].name);
    arms.push({ documents: pool.documents, bytes: pool.bytes, aside: pool.aside, sample });
  }
  const items = settings.items === null ? clozeOfDocuments(documents, { seed }) : await readItems(settings.items);
  const prepared = { arms, documents, items };
  await writePart(preparedPath(work), prepared);
  return prepared;
}

/** Documents that were given to measure on. */
async function heldOutPool(
  input: readonly string[],
  common: Omit<PoolOptions, 'trainBytes' | 'heldOutShare' | 'never'>,
): Promise<Pool> {
  const pool = await readPool(input, { ...common, trainBytes: 0, heldOutShare: 1, never: new Set() });
  return pool ?? { documents: 0, bytes: 0, aside: 0, leftOut: 0, train: [], heldOut: [], ...NOTHING };
}

const NOTHING = { heldOutTexts: new Set<bigint>(), heldOutGroups: new Set<bigint>() };
