import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { canonicalJson } from '../../hash.ts';
import { isFleet } from '../../ledger/fleet-commits.ts';
import { openRunFolder, type RunFolder } from '../../ledger/run-folder.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { shellWord } from '../../safe-text.ts';
import { liveFiles } from '../../streams/commits/log.ts';
import { splitPhaseNumber } from '../../streams/commits/phase.ts';
import { plannedFiles } from '../../streams/plan/plan-file.ts';
import type { PlannedFile } from '../../streams/plan/splits.ts';
import { ANSWERS_FOLDER } from '../directory/own-files.ts';
import type { EarlierSplit, LedgerPiece } from './earlier-rows.ts';
import { type Steps, takenSteps } from './taken-steps.ts';

/** A finished run whose recipe has changed, as a source for a run with the new one. */
export interface EarlierRun {
  readonly folder: RunFolder;
  /** Where the ledger rows of a split lie. */
  pieces(split: number): readonly LedgerPiece[];
  /** What its ledger knows of a split; null where no step can take anything from it. */
  of(split: number): EarlierSplit | null;
  /** Columns that are taken. */
  readonly columns: number;
  /** Whether its scores come from the same executors; those of others have other last digits. */
  readonly sameExecutors: boolean;
}

/** Steps and module hashes as a run has recorded them. */
export const stepsIn = ({ recipe }: Pick<RunJson, 'recipe'>): Steps => {
  const { steps, modules = {} } = recipe as unknown as { steps: Steps['steps']; modules?: Steps['modules'] };
  return { steps, modules };
};

type Now = Pick<RunJson, 'recipe' | 'hashes' | 'limits' | 'executors'>;

/**
 * Opens the run whose values a run with another recipe takes. Errors: ConfigError for a folder without a finished run,
 * and where it has read another input, or a part of it.
 * @param output of the new run
 * @param files of its input
 */
export async function openEarlierRun(
  path: string,
  now: Now,
  output: string,
  files: readonly PlannedFile[],
): Promise<EarlierRun> {
  if (resolve(path) === resolve(output))
    throw new ConfigError({
      expected: 'another output folder than that of the earlier run',
      got: path,
      where: '--recut',
      fix: 'A run is never changed in place: choose another folder with --output.',
    });
  const folder = await openRunFolder(path);
  const { run } = folder;
  const sameInput = run.hashes.input === now.hashes.input && run.hashes.plan === now.hashes.plan;
  refuseOther(folder, now, sameInput ? null : await firstChange(folder.path, files));
  const sameExecutor = (step: string): boolean => {
    const of = ({ executors }: Pick<RunJson, 'executors'>) => executors.find((e) => e.step === step) ?? null;
    return canonicalJson({ of: of(run) } as never) === canonicalJson({ of: of(now) } as never);
  };
  const taken = takenSteps(stepsIn(run), stepsIn(now), sameExecutor);
  const pieces = ledgerPieces(folder);
  const steps = folder.steps.map((s) => s.step);
  return {
    folder,
    sameExecutors: canonicalJson({ of: run.executors } as never) === canonicalJson({ of: now.executors } as never),
    columns: new Set(taken.flatMap((t) => t.columns.map((c) => c.name))).size,
    pieces: (split) => pieces.get(split) ?? [],
    of: (split) => (taken.length === 0 ? null : { pieces: pieces.get(split) ?? [], steps, taken }),
  };
}

/** @param change of the input; null: there is none */
function refuseOther({ run, path, given }: RunFolder, now: Now, change: string | null): void {
  const refuse = (expected: string, got: string, fix: string): never => {
    throw new ConfigError({ expected, got, where: `--recut ${given}`, fix });
  };
  if (run.status !== 'done' && isFleet(path))
    refuse(
      'a finished run',
      'one on many nodes that is not finished',
      `sluice status ${shellWord(given)} says what is left, and sluice finish ${shellWord(given)} ends it.`,
    );
  if (run.status !== 'done')
    refuse('a finished run', 'one that is in work', 'Let it end first: run its command again.');
  const whole = 'Give the input of that run, or run without --recut.';
  if (change !== null) {
    const restore = 'Restore the file, with the time it had (touch -d), or run the whole without --recut.';
    refuse(
      'the input of the earlier run, unchanged',
      change,
      / (of the size|with the time) /.test(change) ? restore : whole,
    );
  }
  if (canonicalJson(run.limits) !== canonicalJson(now.limits))
    refuse(`the --limit and --sample of the earlier run`, 'others', whole);
}

/** The first file that is another than when the earlier run read it, and in what. */
async function firstChange(earlier: string, files: readonly PlannedFile[]): Promise<string> {
  const now = new Map(files.map((f) => [f.path, f]));
  for await (const was of plannedFiles(earlier)) {
    const is = now.get(was.path);
    now.delete(was.path);
    if (is === undefined) return `no ${was.path} any more`;
    if (is.size !== was.size) return `${was.path} of the size ${is.size} bytes, was ${was.size}`;
    if (is.mtimeMs !== was.mtimeMs) return `${was.path} with the time ${timeOf(is)}, was ${timeOf(was)}`;
    if (is.probeHash !== was.probeHash) return `${was.path} with other contents`;
  }
  const [more] = now.keys();
  return more === undefined ? 'files that are read in other splits' : `${more} too, which it did not read`;
}

const timeOf = ({ mtimeMs }: PlannedFile): string => new Date(mtimeMs).toISOString();

/** Where the ledger rows of each split lie: shards hold those of one split after the other. */
function ledgerPieces({ path, commits }: RunFolder): Map<number, LedgerPiece[]> {
  const segments = new Map<string, { readonly split: number; readonly rows: number }>();
  const loose: { split: number; piece: LedgerPiece }[] = [];
  const live = new Set(liveFiles(commits.all, 'ledger').map((f) => f.path));
  for (const c of commits.all) {
    if (splitPhaseNumber(c) === null) continue;
    for (const f of c.files) {
      if (f.sink !== 'ledger') continue;
      segments.set(f.path, { split: c.split, rows: f.rows });
      if (live.has(f.path)) loose.push({ split: c.split, piece: { path: join(path, f.path), from: 0, rows: f.rows } });
    }
  }
  const pieces = new Map<number, LedgerPiece[]>();
  const add = (split: number, piece: LedgerPiece): void => {
    pieces.set(split, [...(pieces.get(split) ?? []), piece]);
  };
  for (const { split, piece } of loose) add(split, piece);
  for (const c of commits.all) {
    const [shard] = c.files;
    if (splitPhaseNumber(c) !== null || shard?.sink !== 'ledger') continue;
    let from = 0;
    for (const name of c.replaces) {
      const { split, rows } = segments.get(name)!;
      add(split, { path: join(path, shard.path), from, rows });
      from += rows;
    }
  }
  return pieces;
}

/** Answers of generators that the earlier run has paid for; what is there already stays. */
export async function takeAnswers({ folder }: EarlierRun, recipe: Recipe, output: string): Promise<void> {
  const from = join(folder.path, ANSWERS_FOLDER);
  if (!recipe.steps.some((s) => s.descriptor.generates) || !existsSync(from)) return;
  await cp(from, join(output, ANSWERS_FOLDER), { recursive: true, force: false, errorOnExist: false });
}
