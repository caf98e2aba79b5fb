import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { ConfigError } from '../errors.ts';
import type { Counters } from '../streams/commits/counters.ts';
import { checkFiles } from '../streams/commits/damage.ts';
import { type CommitStore, readCommitStore, totalsOf } from '../streams/commits/store.ts';
import type { StepDescriptor } from '../streams/operator.ts';
import type { RunJson } from './run-json.ts';
import { readRunJson } from './run-json.ts';

/** A run directory as a reader sees it; it may be in work. */
export interface RunFolder {
  readonly path: string;
  /** The path as it was given. */
  readonly given: string;
  readonly run: RunJson;
  readonly commits: CommitStore;
  readonly steps: readonly StepDescriptor[];
}

/**
 * Reads a run directory without changing anything in it. Errors: ConfigError when it is none, InputError when a file of
 * it is not as it was committed (see `checkFiles`).
 */
export async function openRunFolder(folder: string): Promise<RunFolder> {
  const path = resolve(folder);
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
  const commits = await readCommitStore(join(path, 'commits.jsonl'), { repair: false });
  await checkFiles({ path, commits }, { done: run.status === 'done' });
  return { path, given: folder, run, steps, commits };
}

/** Totals of what is committed so far, in split order; those of a finished run are in its run.json. */
export function committedTotals({ run, commits }: RunFolder): Counters {
  if (run.totals) return run.totals;
  return totalsOf(commits);
}
