import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../errors.ts';
import { lock } from '../files/lock.ts';
import { isReference } from '../files/reference-record.ts';
import type { ReferenceJson } from './training-types.ts';

const RECORD = 'sluice.json';
/** The record before it has its name, and while an earlier training is being removed. */
const RECORD_ASIDE = 'sluice.json.tmp';
const LOCK = 'lock';

/** What stands in `work` before there is a record. */
const BEFORE_RECORD = new RegExp(
  String.raw`^((prepared|tokenizer(_config)?)\.json|(tokens|bytes|trained-on)\.bin|checkpoint\.safetensors|lock)` +
    String.raw`((\.[\da-f-]+)?\.tmp)?$`,
);
/** What a training writes beside `work`. */
const OWN_NAMES = [
  '(README\\.md|sluice\\.json|(generation_)?config\\.json|tokenizer(_config)?\\.json|special_tokens_map\\.json',
  'trained-on\\.bin',
  'model(-\\d+-of-\\d+)?\\.safetensors|model\\.safetensors\\.index\\.json)',
];
const OWN = new RegExp(`^${OWN_NAMES.join('|')}((\\.[0-9a-f]+)?\\.tmp)?$`);

/**
 * Record of the training in a folder; null where there is none. Errors: ConfigError when it cannot be read, or is of
 * something else.
 */
export async function readReferenceJson(folder: string): Promise<ReferenceJson | null> {
  const path = join(folder, RECORD);
  const noRecord = (got: string, cause?: unknown): ConfigError =>
    new ConfigError({
      expected: 'the record of a training',
      got,
      where: path,
      fix: 'Choose another --output, or remove the folder.',
      cause,
    });
  let record: ReferenceJson | null;
  try {
    record = JSON.parse(await readFile(path, 'utf8')) as ReferenceJson | null;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw noRecord((error as Error).message, error);
  }
  if (!isReference(record)) throw noRecord('other JSON');
  return record;
}

/**
 * A training writes README.md, config.json and weights, and removes `work`: in a folder of its own only. Errors:
 * ConfigError.
 */
export async function refuseForeign(folder: string): Promise<void> {
  const names = await namesIn(folder);
  if (names === null || names.includes(RECORD) || names.includes(RECORD_ASIDE)) return;
  const inWork = names.includes('work') ? await namesIn(join(folder, 'work')) : [];
  const others = names.filter((name) => name !== 'work');
  for (const name of inWork ?? ['']) if (!BEFORE_RECORD.test(name)) others.push(join('work', name));
  if (others.length > 0) throw foreign(folder, `a folder with other files (${others.slice(0, 3).join(', ')})`);
}

/** Null where there is nothing. */
async function namesIn(folder: string): Promise<string[] | null> {
  const found = await stat(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return null;
    throw error;
  });
  if (found === null) return null;
  if (!found.isDirectory()) throw foreign(folder, 'a file');
  return readdir(folder);
}

const foreign = (where: string, got: string): ConfigError =>
  new ConfigError({
    expected: 'an empty or new output folder, or one of an earlier training',
    got,
    where,
    fix: 'Choose another folder with --output. Sluice never writes over what is not its own.',
  });

/** Takes a folder for this process; returns what gives it free. Errors: ConfigError when another one trains in it. */
export async function takeFolder(folder: string): Promise<() => Promise<void>> {
  const work = join(folder, 'work');
  await mkdir(work, { recursive: true });
  await lock(work);
  return () => rm(join(work, LOCK), { force: true });
}

/**
 * Removes an earlier training from a folder that was taken, and nothing beside it. The record goes aside first and
 * away last: what a kill
 * leaves looks like no whole model, and is ours.
 */
export async function removeTraining(folder: string): Promise<void> {
  const aside = join(folder, RECORD_ASIDE);
  const remove = async (within: string, own: RegExp, keep: string): Promise<void> => {
    for (const name of await readdir(within))
      if (own.test(name) && name !== keep) await rm(join(within, name), { force: true });
  };
  await rename(join(folder, RECORD), aside).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
  });
  await rm(join(folder, 'work', 'prepared.json'), { force: true });
  await remove(join(folder, 'work'), BEFORE_RECORD, LOCK);
  await remove(folder, OWN, RECORD_ASIDE);
  await rm(aside, { force: true });
}
