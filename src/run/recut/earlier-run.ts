import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { canonicalJson } from '../../hash.ts';
import { openRunFolder, type RunFolder } from '../../ledger/run-folder.ts';
import type { RunJson } from '../../ledger/run-json.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { liveFiles } from '../../streams/commits/log.ts';
import { splitPhaseNumber } from '../../streams/commits/phase.ts';
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
 */
export async function openEarlierRun(path: string, now: Now, output: string): Promise<EarlierRun> {
  if (resolve(path) === resolve(output))
    throw new ConfigError({
      expected: 'another output folder than that of the earlier run',
      got: path,
      where: '--recut',
      fix: 'A run is never changed in place: choose another folder with --output.',
    });
  const folder = await openRunFolder(path);
  const { run } = folder;
  refuseOther(run, now, path);
  const sameExecutor = (step: string): boolean => {
    const of = ({ executors }: Pick<RunJson, 'executors'>) => executors.find((e) => e.step === step) ?? null;
    return canonicalJson({ of: of(run) } as never) === canonicalJson({ of: of(now) } as never);
  };
  const taken = takenSteps(stepsIn(run), stepsIn(now), sameExecutor);
  const pieces = ledgerPieces(folder);
  const steps = folder.steps.map((s) => s.step);
  return {
    folder,
    columns: new Set(taken.flatMap((t) => t.columns.map((c) => c.name))).size,
    pieces: (split) => pieces.get(split) ?? [],
    of: (split) => (taken.length === 0 ? null : { pieces: pieces.get(split) ?? [], steps, taken }),
  };
}

function refuseOther(run: RunJson, now: Now, path: string): void {
  const refuse = (expected: string, got: string, fix: string): never => {
    throw new ConfigError({ expected, got, where: `--recut ${path}`, fix });
  };
  if (run.status !== 'done')
    refuse('a finished run', 'one that is in work', 'Let it end first: run its command again.');
  const whole = 'Give the input of that run, or run without --recut.';
  if (run.hashes.input !== now.hashes.input || run.hashes.plan !== now.hashes.plan)
    refuse('the input of the earlier run, unchanged', 'other files, or files that have changed since', whole);
  if (canonicalJson(run.limits) !== canonicalJson(now.limits))
    refuse(`the --limit and --sample of the earlier run`, 'others', whole);
}

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
