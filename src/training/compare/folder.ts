import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError, InputError } from '../../errors.ts';
import { lock } from '../../files/lock.ts';
import { writeWhole } from '../../files/whole.ts';

const RECORD = 'comparison.json';
const FORMAT = 1;

/** What a folder of a comparison says of itself. */
export interface ComparisonRecord {
  readonly format: typeof FORMAT;
  readonly kind: 'comparison';
  readonly sluice: string;
  readonly status: 'running' | 'done';
  readonly identity: string;
}

/** The record of a comparison in a folder; null where there is none. Errors: InputError for a file that is another. */
export async function readRecord(folder: string): Promise<ComparisonRecord | null> {
  return readPart<ComparisonRecord>(
    join(folder, RECORD),
    ({ format, kind }) => format === FORMAT && kind === 'comparison',
  );
}

export const writeRecord = (folder: string, record: ComparisonRecord): Promise<void> =>
  writePart(join(folder, RECORD), record);

/** JSON that was written whole; null where there is none. Errors: InputError for what is not as it should be. */
export async function readPart<T>(path: string, fits: (value: T) => boolean = () => true): Promise<T | null> {
  if (!existsSync(path)) return null;
  let got = 'another one';
  try {
    const value = JSON.parse(await readFile(path, 'utf8')) as T;
    if (typeof value === 'object' && value !== null && fits(value)) return value;
  } catch (error) {
    got = (error as Error).message;
  }
  throw new InputError({
    expected: 'a file of a comparison',
    got,
    where: path,
    fix: 'Start again with --fresh, or choose another --output.',
  });
}

export const writePart = (path: string, value: unknown): Promise<void> =>
  writeWhole(path, `${JSON.stringify(value, null, 1)}\n`);

/** Files and folders that a comparison writes. */
const OWN = /^(comparison\.json|report\.(md|json|svg)|work|without-.+)$/;

/**
 * Takes a folder for this process. What is in it must be of the same comparison, or `fresh`; returns what gives it
 * free. Errors: ConfigError for a folder with other files, of another comparison, or that another process uses.
 */
export async function takeFolder(folder: string, identity: string, fresh: boolean): Promise<() => Promise<void>> {
  const before = await readRecord(folder);
  const names = existsSync(folder) ? await readdir(folder) : [];
  const strangers = names.filter((name) => !OWN.test(name));
  // A name alone makes no file ours: the record is written first, but for the run that is compared with.
  const ours = (name: string): boolean =>
    name === 'lock' || (name.startsWith('without-') && existsSync(join(folder, name, 'run.json')));
  const others = strangers.length > 0 ? strangers : names.filter((name) => !ours(name));
  if (before === null && others.length > 0)
    throw new ConfigError({
      expected: 'an empty or new output folder, or one of an earlier comparison',
      got: `a folder with other files (${others.slice(0, 3).join(', ')})`,
      where: folder,
      fix: 'Choose another folder with --output. Sluice never writes over what is not its own.',
    });
  if (before !== null && before.identity !== identity && !fresh)
    throw new ConfigError({
      expected: 'the arms and settings that the comparison in this folder began with',
      got: 'others',
      where: folder,
      fix: 'Choose another --output, or start again with --fresh.',
    });
  const work = join(folder, 'work');
  await mkdir(work, { recursive: true });
  await lock(work);
  if (fresh) await removeOwn(folder);
  return () => rm(join(work, 'lock'), { force: true });
}

/** Everything but the lock and runs made for it, which have records of their own. */
async function removeOwn(folder: string): Promise<void> {
  for (const name of await readdir(join(folder, 'work')))
    if (name !== 'lock') await rm(join(folder, 'work', name), { recursive: true });
  for (const name of ['report.md', 'report.json', 'report.svg', RECORD]) await rm(join(folder, name), { force: true });
}
