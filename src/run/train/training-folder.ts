import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { lock } from '../../files/lock.ts';
import { RECORD, readRecord } from '../../training/continual/record.ts';

/** Names that a training gives to what it makes in its folder. */
export const PLACES = {
  curated: 'curated',
  replay: 'replay',
  feed: 'feed',
  checkpoints: 'checkpoints',
  model: 'model',
  adapter: 'adapter',
  report: 'report.md',
  forgetting: 'forgetting',
} as const;

const OWN = new RegExp(
  String.raw`^(curated|replay|feed|checkpoints|model|adapter|report\.md|forgetting\.(json|svg)|scalars\.csv|` +
    String.raw`measurements\.csv|lock|events\.out\.tfevents\.\d+\.sluice\.\d+|training\.json)((\.[0-9a-f]+)?\.tmp)?$`,
);

/**
 * Takes a folder for this process; returns what gives it free. Errors: ConfigError for a folder of something else, and
 * for one that another process trains in.
 * @param fresh removes an earlier training from it, and nothing beside
 */
export async function takeTrainingFolder(folder: string, fresh: boolean): Promise<() => Promise<void>> {
  await mkdir(folder, { recursive: true });
  const names = await readdir(folder);
  const record = await readRecord(folder);
  const strangers = names.filter((name) => !OWN.test(name));
  if (record === null && (strangers.length > 0 || names.some((n) => !/^(lock|training\.json)/.test(n))))
    throw new ConfigError({
      expected: 'an empty or new output folder, or one of an earlier training',
      got: `a folder with other files (${(strangers.length > 0 ? strangers : names).slice(0, 3).join(', ')})`,
      where: folder,
      fix: 'Choose another folder with --output. Sluice never writes over what is not its own.',
    });
  await lock(folder);
  if (fresh)
    // The record goes last: what a kill leaves is still known as ours.
    for (const name of [...names.filter((n) => n !== RECORD && n !== 'lock'), RECORD])
      if (OWN.test(name)) await rm(join(folder, name), { recursive: true, force: true });
  return () => rm(join(folder, 'lock'), { force: true });
}
