import { existsSync } from 'node:fs';
import { mkdir, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { lock } from '../../files/lock.ts';
import { ifThere, syncFolder, writeWhole } from '../../files/whole.ts';

/** Says what the folder is; hidden, so that no reader of data takes it for some. */
export const MANIFEST = '.sluice-export.json';
/** Files in work; what a killed export left in it is thrown away. */
const UNFINISHED = '.unfinished';
const MADE_BY = 'sluice export';

type Stamp = readonly [bytes: number, changedMs: number];

/** What stands in the manifest of an export. */
export interface Manifest {
  readonly madeBy: typeof MADE_BY;
  readonly status: 'writing' | 'done';
  /** Files that are, or may be, the export's own, relative to the folder. */
  readonly files: readonly string[];
  /** Of each file when it was published: bytes, and time of its last change in ms. Not in older manifests. */
  readonly stamps?: Readonly<Record<string, Stamp>>;
  readonly [fact: string]: unknown;
}

/** The folder of an export, taken for this process. */
export interface ExportFolder {
  /** For new files; empty. */
  readonly work: string;
  /**
   * Puts the finished files in place of those of an earlier export.
   * @param files relative to `work`, in the order in which they appear
   * Errors: ConfigError when one of their names is taken by a file that is somebody else's.
   */
  publish(files: readonly string[], facts: Readonly<Record<string, unknown>>): Promise<void>;
  /** Lets the folder go, and what is not published with it. */
  close(): Promise<void>;
}

/**
 * Takes a folder that is not there, is empty, or is an export's. Errors: ConfigError for any other, and for one that
 * another process is using.
 */
export async function openExportFolder(path: string): Promise<ExportFolder> {
  const before = await manifestOf(path);
  const others = existsSync(path) ? (await readdir(path)).filter((n) => !OURS.test(n)) : [];
  if (before === null && others.length > 0)
    throw new ConfigError({
      expected: 'a folder of its own for the export: a new one, an empty one, or that of an earlier export',
      got: `one with ${others.slice(0, 3).join(', ')}${others.length > 3 ? ', ...' : ''}`,
      where: path,
      fix: 'Name another with --output.',
    });
  await mkdir(path, { recursive: true });
  await lock(path);
  const close = async (): Promise<void> => {
    await rm(join(path, UNFINISHED), { recursive: true, force: true });
    await rm(join(path, 'lock'), { force: true });
  };
  try {
    const work = join(path, UNFINISHED);
    await rm(work, { recursive: true, force: true });
    if (before === null) await writeManifest(path, { status: 'writing', files: [] });
    await mkdir(work);
    return { work, close, publish: (files, facts) => publish(path, before, files, facts) };
  } catch (error) {
    await close();
    throw error;
  }
}

const OURS = /^(lock|\.unfinished|\.sluice-export\.json)(\.[\w-]+)?(\.tmp)?$/;

/** Names that an export may have given: never one that leads out of its folder. */
const isName = (name: unknown): name is string =>
  typeof name === 'string' && /^[\w-][\w.-]*(\/[\w-][\w.-]*)?$/.test(name) && !name.includes('..');

async function manifestOf(path: string): Promise<Manifest | null> {
  const file = join(path, MANIFEST);
  if (!existsSync(file)) return null;
  const parsed = asJson(await readFile(file, 'utf8')) as Partial<Manifest> | null;
  const { madeBy, files } = parsed ?? {};
  if (madeBy === MADE_BY && Array.isArray(files) && files.every(isName)) return parsed as Manifest;
  throw new ConfigError({
    expected: `a ${MANIFEST} as sluice export writes it`,
    got: 'another one',
    where: file,
    fix: 'Name another folder with --output.',
  });
}

function asJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // It is none of ours, as the error says.
    return null;
  }
}

const writeManifest = (path: string, facts: Pick<Manifest, 'status' | 'files'> & Record<string, unknown>) =>
  writeWhole(join(path, MANIFEST), `${JSON.stringify({ madeBy: MADE_BY, ...facts }, null, 2)}\n`);

async function publish(
  path: string,
  manifest: Manifest | null,
  files: readonly string[],
  facts: Readonly<Record<string, unknown>>,
): Promise<void> {
  const before = manifest?.files ?? [];
  const taken = files.find((f) => !before.includes(f) && existsSync(join(path, f)));
  if (taken !== undefined)
    throw new ConfigError({
      expected: `the name ${taken} free for the export`,
      got: 'a file that it has not made',
      where: join(path, taken),
      fix: 'Move it away, or name another folder with --output.',
    });
  for (const [file, stamp] of Object.entries(manifest?.stamps ?? {})) {
    const now = await stampOf(join(path, file));
    if (now !== null && (now[0] !== stamp[0] || now[1] !== stamp[1]))
      throw new ConfigError({
        expected: `${file} as the earlier export left it`,
        got: 'one that was changed or replaced since',
        where: join(path, file),
        fix: 'Move it away, or name another folder with --output.',
      });
  }
  // Whatever happens from here on, the next start knows which files are the export's own.
  await writeManifest(path, { status: 'writing', files: [...new Set([...before, ...files])] });
  // Readers look for the last of them: they must not find it beside the files of another export.
  for (const file of before.toReversed()) await rm(join(path, file), { force: true });
  const folders = new Set([path, ...files.map((f) => dirname(join(path, f)))]);
  for (const folder of folders) await mkdir(folder, { recursive: true });
  for (const file of files) await rename(join(path, UNFINISHED, file), join(path, file));
  for (const folder of folders) await syncFolder(folder);
  for (const file of before) await removeIfEmpty(path, dirname(file));
  const stamps: Record<string, Stamp | null> = {};
  for (const file of files) stamps[file] = await stampOf(join(path, file));
  await writeManifest(path, { status: 'done', files, ...facts, stamps });
}

async function stampOf(path: string): Promise<Stamp | null> {
  const found = await ifThere(stat(path));
  return found && [found.size, found.mtimeMs];
}

async function removeIfEmpty(path: string, folder: string): Promise<void> {
  if (folder === '.' || !existsSync(join(path, folder))) return;
  if ((await readdir(join(path, folder))).length === 0) await rm(join(path, folder), { recursive: true });
}
