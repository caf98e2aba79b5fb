import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type GuardSight, InputError } from '../errors.ts';
import type { ExecutorRecord } from '../operators/perplexity/scoring-pool.ts';
import type { ColumnSpec } from '../streams/batch/columns.ts';
import type { Counters } from '../streams/commits/counters.ts';
import type { ReadOptions } from '../streams/inputs/read-options.ts';
import type { Json, StepDescriptor } from '../streams/operator.ts';

export const RUN_FORMAT = 1;

/** Contents of run.json. */
export interface RunJson {
  readonly format: number;
  readonly name: string;
  readonly sluice: string;
  readonly status: 'running' | 'done';
  readonly recipe: Json;
  readonly hashes: { readonly recipe: string; readonly input: string; readonly plan: string };
  readonly versions: readonly string[];
  /** What computed the scores of each step with a language model; empty without one. */
  readonly executors: readonly ExecutorRecord[];
  readonly input: { readonly patterns: readonly string[]; readonly files: number; readonly bytes: number };
  readonly limits: { readonly limit: number | null; readonly samplePercent: number | null };
  readonly schema: { readonly batch: number; readonly annotations: readonly ColumnSpec[] };
  readonly sinks: readonly { readonly name: string; readonly folder: string; readonly kind: string }[];
  readonly splits: number;
  /**
   * Bytes that a finished shard aims at, from the first start on: the names and sizes of the shards depend on it.
   * Absent in runs of earlier versions.
   */
  readonly shardSize?: number;
  /** Arguments of the last `sluice run`, and the folder it was given in; absent when `run()` was called. */
  readonly command?: { readonly args: readonly string[]; readonly folder: string };
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** Seconds of work, added up over interruptions. */
  readonly seconds: number;
  readonly totals: Counters | null;
  /** Null before anything was judged. */
  readonly guards: GuardRecord | null;
  /** All steps of the recipe of a run with `annotateOnly`, which took those of `recipe`; absent in other runs. */
  readonly undecided?: readonly StepDescriptor[];
}

/** How the input of a run was read. */
export const readOf = (run: RunJson): ReadOptions => (run.recipe as unknown as { readonly read: ReadOptions }).read;

/**
 * Reads run.json of a run directory; null when there is none. Errors: InputError for a file that is not JSON or of
 * another format.
 */
export async function readRunJson(path: string): Promise<RunJson | null> {
  const file = join(path, 'run.json');
  if (!existsSync(file)) return null;
  let run: RunJson;
  try {
    run = JSON.parse(await readFile(file, 'utf8')) as RunJson;
  } catch (cause) {
    throw new InputError({
      expected: 'JSON',
      got: (cause as Error).message,
      where: file,
      fix: 'Restore the file, or choose another folder with --output.',
      cause,
    });
  }
  if (run?.format !== RUN_FORMAT) {
    throw new InputError({
      expected: `run format ${RUN_FORMAT}`,
      got: String(run?.format),
      where: file,
      fix: 'Use the version of Sluice that made it, or another output folder.',
    });
  }
  return run;
}

export type GuardKind = 'rule' | 'cluster' | 'drop_share' | 'quarantine' | 'failed';

/** One guard and what it saw; plain data, recorded in run.json. */
export interface JudgedGuard {
  readonly guard: GuardKind;
  /** `step.rule`, the dedup step, a domain, or `all`. */
  readonly of: string;
  /** Documents dropped, set aside, or in the cluster. */
  readonly documents: number;
  /** Some of them are an estimate. Absent: all are counted. */
  readonly estimated?: true;
  /** Documents of the scope: read in the run, or in the domain. */
  readonly outOf: number;
  readonly share: number;
  readonly min: number;
  readonly max: number;
  /** True when the recipe stated the band. */
  readonly stated: boolean;
  /** `few`: outside its band, with too few documents to stop a run. */
  readonly state: 'within' | 'near' | 'few' | 'outside';
  /** An allow flag names it. */
  readonly allowed: boolean;
}

/** What run.json says of guards. */
export interface GuardRecord {
  /** As judged last: the greatest share of each kind, and all that is stated, near or outside. */
  readonly judged: readonly JudgedGuard[];
  /** Allow flags of the last process, as typed. */
  readonly allowed: readonly string[];
  /** What stopped the run; null when nothing has. */
  readonly stopped: GuardSight | null;
}
