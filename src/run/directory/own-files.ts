import { existsSync } from 'node:fs';
import { readdir, readFile, rm, rmdir, unlink } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CARD_FILES, isOwnCard } from '../../ledger/card/own-card.ts';
import { TASKS_FOLDER } from '../../ledger/fleet-commits.ts';
import { INDEX_FOLDER } from './layout.ts';

/** Copy of standard input, kept until the run is done. */
export const STDIN_FOLDER = 'stdin-copy';
export const WORK_FOLDER = 'work';
/** Answers of generators. They are paid for, so `--fresh` keeps them. */
export const ANSWERS_FOLDER = 'answers';
/** What steers a feed, unless `--state` names another folder. */
export const FEED_FOLDER = 'feed';

/**
 * Names that a run gives to its files, relative to the run directory. What has another name is somebody else's: it is
 * never deleted and never written over.
 */
const OWN: readonly RegExp[] = [
  /^(run\.json|nodes\.json|plan\.jsonl?|commits\.jsonl|events\.jsonl|verified\.json|input\.xxh64|lock)$/,
  /^card\.(json|md|html)$/,
  new RegExp(
    String.raw`^(run\.json|nodes\.json|plan\.jsonl?|commits\.jsonl|input\.xxh64|README\.md|` +
      String.raw`verified\.json|card\.(json|md|html)|lock)(\.[\w-]+)?\.tmp$`,
  ),
  // A table: segments, shards.
  new RegExp(
    String.raw`^(documents|ledger|quarantine|sinks/[\w-]+)/(split-\d{6,}-\d+|part-\d{5,}-of-\d{5,})\.[a-z]+` +
      String.raw`(\.(zst|gz|parquet))?(\.tmp)?$`,
  ),
  new RegExp(`^${WORK_FOLDER}/[^/]+/(documents|keys|decision)-\\d{6,}(\\.[\\w.-]+)?$`),
  // Barriers that work without a split.
  new RegExp(`^${WORK_FOLDER}/[^/]+/[^/]+\\.tmp$`),
  new RegExp(`^${INDEX_FOLDER}/[^/]+\\.(bloom|hashes|minhash|urls?)(\\.tmp)?$`),
  // Of a feed of its tokens.
  new RegExp(`^${FEED_FOLDER}/(mixture\\.jsonl|lock(\\.[\\w-]+)?(\\.tmp)?)$`),
  // Of one that several servers serve.
  new RegExp(`^${FEED_FOLDER}/(begun\\.json|servers/[\\w-]+\\.json|log/\\d+/[\\d-]+\\.jsonl)(\\.\\w+\\.tmp)?$`),
  new RegExp(`^${ANSWERS_FOLDER}/(answers-[0-9a-f]{12}\\.log|jobs\\.jsonl)$`),
  // What many nodes have written, each task and attempt in a folder of its own.
  new RegExp(`^${TASKS_FOLDER}/[\\w-]+(\\.\\d+)?/[\\w./-]+$`),
  // How it was handed to Slurm, and failures of its tasks; what its jobs have printed is theirs.
  new RegExp(`^${TASKS_FOLDER}/slurm(\\.json(\\.\\w+\\.tmp)?|-[\\w.-]+\\.failed)$`),
  new RegExp(`^${STDIN_FOLDER}/(stdin-[\\w-]+(\\.tmp)?|pipes\\.json(\\.\\w+\\.tmp)?)$`),
];

/** Also of a file that is there already: README.md and cards by what stands in them. @param path relative, with `/` */
export async function isOwnFile(run: string, path: string): Promise<boolean> {
  if (path === 'README.md') return isOwnReadme(run);
  if (CARD_FILES.includes(path)) return isOwnCard(run, path);
  return isOwnName(path);
}

/** By its name alone. @param path relative, with `/` */
export const isOwnName = (path: string): boolean => OWN.some((pattern) => pattern.test(path));

/** False for a README.md that somebody else wrote, or wrote over ours. */
export async function isOwnReadme(run: string): Promise<boolean> {
  const path = join(run, 'README.md');
  return !existsSync(path) || /^Made by Sluice\. `run\.json` holds/m.test(await readFile(path, 'utf8'));
}

/** Regular files below a folder of the run, relative to the run, with `/`. */
export async function filesBelow(run: string, folder: string): Promise<string[]> {
  const top = join(run, folder);
  if (!existsSync(top)) return [];
  const entries = await readdir(top, { recursive: true, withFileTypes: true });
  return entries
    .filter((e) => !e.isDirectory())
    .map((e) => relative(run, join(e.parentPath ?? e.path, e.name)).replaceAll('\\', '/'));
}

/** Deletes a folder of the run with all that is its own; what is not stays, and its folders. */
export async function removeFolder(run: string, folder: string): Promise<void> {
  const files = await filesBelow(run, folder);
  const own = await Promise.all(files.map((f) => isOwnFile(run, f)));
  if (own.every(Boolean)) return rm(join(run, folder), { recursive: true, force: true });
  for (const [i, file] of files.entries()) if (own[i]) await unlink(join(run, file));
  await removeEmpty(join(run, folder));
}

async function removeEmpty(folder: string): Promise<boolean> {
  let empty = true;
  for (const entry of await readdir(folder, { withFileTypes: true }))
    empty = entry.isDirectory() && (await removeEmpty(join(folder, entry.name))) && empty;
  if (empty) await rmdir(folder);
  return empty;
}

/**
 * Deletes what a start that was refused has made: what a run has before its run.json, and the folders given, the outer
 * ones first, as far as nothing else is in them.
 */
export async function removeUnused(run: string, folders: readonly string[]): Promise<void> {
  await removeFolder(run, STDIN_FOLDER);
  for (const name of await readdir(run)) if (/^(plan\.jsonl|input\.xxh64)$/.test(name)) await unlink(join(run, name));
  for (const folder of [...folders].reverse()) await rmdir(folder);
}

/** Folders that hold files of a run. */
const FOLDERS: readonly string[] = [
  'documents',
  'ledger',
  'quarantine',
  'sinks',
  WORK_FOLDER,
  TASKS_FOLDER,
  INDEX_FOLDER,
  STDIN_FOLDER,
  FEED_FOLDER,
];

/**
 * Deletes what a run has made, but for the names given and answers that are paid for; returns the names in its folder
 * that stay because they are, or hold, something else.
 */
export async function removeOwn(run: string, except: readonly string[]): Promise<string[]> {
  const left: string[] = [];
  for (const name of await readdir(run)) {
    if (except.includes(name) || name === ANSWERS_FOLDER) continue;
    if (FOLDERS.includes(name)) await removeFolder(run, name);
    else if (await isOwnFile(run, name)) await rm(join(run, name), { force: true });
    if (existsSync(join(run, name))) left.push(name);
  }
  return left;
}
