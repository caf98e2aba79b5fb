import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import { folderOnDisk } from '../files/stores/shared-folder.ts';
import { isUrl } from '../files/stores/url.ts';
import type { Counters } from '../streams/commits/counters.ts';
import { checkFiles } from '../streams/commits/damage.ts';
import { type CommitStore, readCommitStore, totalsOf } from '../streams/commits/store.ts';
import type { StepDescriptor } from '../streams/operator.ts';
import { isFleet, readFleetCommits } from './fleet-commits.ts';
import type { RunJson } from './run-json.ts';
import { readRunJson } from './run-json.ts';
import { viewOfStored } from './stored/view.ts';

/** A run directory as a reader sees it; it may be in work. */
export interface RunFolder {
  readonly path: string;
  /** The path as it was given. */
  readonly given: string;
  readonly run: RunJson;
  readonly commits: CommitStore;
  readonly steps: readonly StepDescriptor[];
  /** Of a run directory in a store: tables whose files were not fetched. */
  readonly absent?: readonly string[];
}

/** A run directory as it is shown: an absolute path, or an address. */
export const shownRun = ({ path, given }: Pick<RunFolder, 'path' | 'given'>): string => (isUrl(given) ? given : path);

/**
 * Reads a run directory without changing anything in it; of one in a store the tables that are wanted are fetched.
 * Errors: ConfigError when it is none, InputError when a file of it is not as it was committed (see `checkFiles`).
 * @param wanted by name of the table; of a folder all are there
 */
export async function openRunFolder(
  folder: string,
  wanted: (table: string) => boolean = () => true,
): Promise<RunFolder> {
  const path = isUrl(folder) ? await viewOfStored(folder, wanted) : resolve(folder);
  const run = await readRunJson(path);
  if (run === null) {
    throw new ConfigError({
      expected: 'a run directory: a folder with a run.json',
      got: existsSync(path) ? 'a folder without one' : 'a path that does not exist',
      where: path,
      fix: 'The default run directory is sluice-out/<recipe>.',
    });
  }
  const { steps } = run.recipe as unknown as { readonly steps: readonly StepDescriptor[] };
  const log = join(path, 'commits.jsonl');
  // Of a run on many nodes that is not finished, each process has a log of its own.
  const commits =
    isFleet(path) && !existsSync(log)
      ? await readFleetCommits(folderOnDisk(path))
      : await readCommitStore(log, { repair: false });
  const fetched = isUrl(folder) ? partOf(commits, wanted) : null;
  await checkFiles({ path, commits, sinks: fetched?.there }, { done: run.status === 'done' });
  return { path, given: folder, run, steps, commits, ...(fetched && { absent: fetched.absent }) };
}

function partOf(commits: CommitStore, wanted: (table: string) => boolean) {
  const tables = [...new Set(commits.all.flatMap((c) => c.files.map((f) => f.sink)))];
  return { there: tables.filter(wanted), absent: tables.filter((t) => !wanted(t)) };
}

/** Totals of what is committed so far, in split order; those of a finished run are in its run.json. */
export function committedTotals({ run, commits }: RunFolder): Counters {
  if (run.totals) return run.totals;
  return totalsOf(commits);
}
