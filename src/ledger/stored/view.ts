import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { lockHolder } from '../../files/lock.ts';
import { folderInStore } from '../../files/stores/shared-folder.ts';
import { joinKey } from '../../files/stores/url.ts';
import { readIfThere, writeWhole } from '../../files/whole.ts';
import { type Commit, commitLine } from '../../streams/commits/log.ts';
import { fleetLines, isFleet, NODES_FILE } from '../fleet-commits.ts';
import type { RunPlace } from './log.ts';
import {
  fetchFiles,
  fetchSideFiles,
  filesOfRun,
  linesOf,
  localFolder,
  readObject,
  readStored,
  runPlace,
  SIDE_FILES,
  type StoredFile,
  type StoredRun,
} from './restore.ts';

/**
 * A run directory of a store as a folder of this machine, for reading: its small files, its commits, and the files of
 * the tables that are wanted. What is there already is not fetched again.
 * @param wanted by name of the table. Errors: ConfigError where there is no run.
 */
export async function viewOfStored(url: string, wanted: (sink: string) => boolean): Promise<string> {
  const place = runPlace(url);
  const stored = await readStored(place);
  if (stored.json === null)
    throw new ConfigError({
      expected: 'a run directory: a prefix with a run.json',
      got: 'a prefix without one',
      where: `${place.store.url}/${joinKey(place.prefix, 'run.json')}`,
      fix: 'Check the address: sluice run or plan say where they write.',
    });
  const folder = await folderOf(url, stored);
  const { startedAt } = JSON.parse(stored.json) as { readonly startedAt: string };
  const before = await readIfThere(join(folder, 'run.json'));
  // Another run of the same name: its files may be called as those of this one.
  if (before !== null && (JSON.parse(before) as { readonly startedAt?: string }).startedAt !== startedAt)
    await rm(folder, { recursive: true });
  await mkdir(folder, { recursive: true });
  await fetchSideFiles(place, folder, [...SIDE_FILES, NODES_FILE]);
  const many = !stored.done && isFleet(folder);
  const commits = stored.done
    ? ((await readObject(place, 'commits.jsonl'))?.bytes.toString('utf8') ?? '')
    : many
      ? await linesOfFleet(place, folder)
      : linesOf(stored);
  const tables = tablesIn(commits);
  const all = many ? filesWhereTheyAre(place, commits) : filesOfRun(place, commits, stored);
  const files = all.filter(({ path }) => {
    const table = tables.get(path);
    return table !== undefined && wanted(table);
  });
  await fetchFiles(place, folder, files);
  await writeWhole(join(folder, 'commits.jsonl'), commits);
  await writeWhole(join(folder, 'run.json'), stored.json);
  return folder;
}

/** Lines of a log as one process would have written it, of what many have committed so far. */
async function linesOfFleet({ store, prefix }: RunPlace, folder: string): Promise<string> {
  const lines: string[] = [];
  for await (const { commit } of fleetLines(folderInStore(store, prefix, folder))) lines.push(await commitLine(commit));
  return lines.join('');
}

const filesWhereTheyAre = ({ prefix }: RunPlace, commits: string): StoredFile[] =>
  commitsIn(commits).flatMap((c) => c.files.map(({ path, bytes }) => ({ path, bytes, key: joinKey(prefix, path) })));

const commitsIn = (text: string): Commit[] =>
  text.split('\n').flatMap((line) => (line === '' ? [] : [(JSON.parse(line) as { readonly commit: Commit }).commit]));

/** The folder that the run was finished in, where that was here; else one for reading. */
async function folderOf(url: string, { done, json }: StoredRun): Promise<string> {
  const work = await localFolder(url, 'work');
  const own = done && (await readIfThere(join(work, 'run.json'))) === json;
  return own && (await lockHolder(join(work, 'lock'))) === null ? work : localFolder(url, 'read');
}

/** The table of each file; those of barriers are of none. */
function tablesIn(commits: string): ReadonlyMap<string, string> {
  const tables = new Map<string, string>();
  for (const { files } of commitsIn(commits))
    for (const { sink, path, xxh64 } of files) if (xxh64 !== '') tables.set(path, sink);
  return tables;
}
