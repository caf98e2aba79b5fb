import { mkdir, rm, rmdir } from 'node:fs/promises';
import { hostname } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../../errors.ts';
import type { SharedFolder } from '../../files/stores/shared-folder.ts';
import { attemptName, attemptsOf, claimPath } from '../../ledger/fleet-commits.ts';
import { type Beat, heartbeat } from './heartbeat.ts';
import { aliveHere, type ProcessMark, processMark } from './process-mark.ts';

/** How an attempt ended; one that was killed has no end. */
export interface AttemptEnd {
  readonly how: 'done' | 'stopped' | 'failed';
  /** Of a failure: the error in one line. */
  readonly error?: string;
  readonly seconds: number;
}

/** Times of claims. They are measured on this process's own clock, so that no clock has to agree with another. */
export interface ClaimTimes {
  /** A claim counts its heartbeat up so often. */
  readonly beatMs: number;
  /** A claim whose heartbeat has not moved for so long is dead. */
  readonly patienceMs: number;
}

/** Attributes of files may be a minute old on NFS. */
export const CLAIM_TIMES: ClaimTimes = { beatMs: 5000, patienceMs: 90_000 };
/** A store is paid by the request. */
export const STORED_CLAIM_TIMES: ClaimTimes = { beatMs: 20_000, patienceMs: 120_000 };

export const claimTimes = (run: SharedFolder): ClaimTimes => (run.stored === null ? CLAIM_TIMES : STORED_CLAIM_TIMES);

/** An attempt of a task that this process works on. */
export interface Claim {
  readonly attempt: number;
  /** Its folder, relative to the run directory. Nobody else writes there. */
  readonly folder: string;
  /** Splits in work, shown by `status`. */
  working(splits: readonly number[]): void;
  /** True once a later attempt has taken the task: this one must not go on. */
  superseded(): Promise<boolean>;
  end(end: AttemptEnd): Promise<void>;
  /** Takes the claim back: it should never have been made. */
  drop(): Promise<void>;
}

const json = async <T>(run: SharedFolder, path: string): Promise<T | null> => {
  const text = await run.read(path);
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    // Half written, or half seen over the network: as if it were not there yet.
    return null;
  }
};

const inAttempt = (task: string, attempt: number, name: string): string => `${task}/${attemptName(attempt)}/${name}`;
export const beatPath = (task: string, attempt: number): string => inAttempt(task, attempt, 'beat.json');

export const attemptEnd = (run: SharedFolder, task: string, attempt: number): Promise<AttemptEnd | null> =>
  json(run, inAttempt(task, attempt, 'end.json'));

export const beatOf = (run: SharedFolder, task: string, attempt: number): Promise<Beat | null> =>
  json(run, beatPath(task, attempt));

/** Who made a claim: for people, and to tell a dead process of this machine at once. */
export interface Claimant extends ProcessMark {
  readonly host: string;
  readonly node: string;
}

export const claimantOf = (run: SharedFolder, task: string, attempt: number): Promise<Claimant | null> =>
  json(run, claimPath(task, attempt));

/** Another attempt of a task lives. */
export class ClaimedError extends ConfigError {}

/** Why a task cannot be claimed. */
export const claimed = (what: string, attempt: number, by: Claimant | null): ConfigError =>
  new ClaimedError({
    problem: `attempt ${attempt} of ${what} is running${by ? ` on ${by.host}, process ${by.pid}` : ''}`,
    expected: 'one attempt of a task at a time',
    got: `attempt ${attempt}, which is alive${by ? `: ${by.host}, process ${by.pid}` : ''}`,
    where: what,
    fix: 'Wait for it, or stop it. A dead attempt is taken over once its heartbeat stands still.',
  });

function unlessUsed(error: NodeJS.ErrnoException): void {
  if (!['ENOTEMPTY', 'EEXIST', 'ENOENT'].includes(error.code ?? '')) throw error;
}

function unlessMissing(error: NodeJS.ErrnoException): void {
  if (error.code !== 'ENOENT') throw error;
}

/** The version at which a heartbeat stands; null: none was ever put. */
interface Still {
  readonly version: string | null;
}

/**
 * Watches a counter that every live attempt raises: by its changes, never by a time in it. Null where it has moved.
 */
async function watch(run: SharedFolder, task: string, attempt: number, patienceMs: number): Promise<Still | null> {
  const beat = (): Promise<string | null> => run.version(beatPath(task, attempt));
  const version = await beat();
  const end = performance.now() + patienceMs;
  while (performance.now() < end) {
    await delay(Math.min(run.stored === null ? 1000 : 5000, patienceMs / 4));
    if ((await attemptEnd(run, task, attempt)) !== null) break;
    if ((await beat()) !== version) return null;
  }
  return { version };
}

/**
 * Where the heartbeat of an attempt stands whose process is gone, or that has not moved for `patienceMs`; null where it
 * lives.
 * @param watching called before its heartbeat is watched
 */
async function deadAt(
  run: SharedFolder,
  task: string,
  attempt: number,
  patienceMs: number,
  watching: () => void,
): Promise<Still | null> {
  const by = await claimantOf(run, task, attempt);
  const here = by === null ? null : await aliveHere(by);
  if (here === true) return null;
  if (here === false) return { version: await run.version(beatPath(task, attempt)) };
  watching();
  return watch(run, task, attempt, patienceMs);
}

/**
 * Stops the heartbeat of a dead attempt in a store, so that one who is not dead after all cannot raise it any more.
 * False where it has moved since.
 */
async function seal(run: SharedFolder, task: string, attempt: number, { version }: Still): Promise<boolean> {
  if (run.stored === null) return true;
  const { beats = 0, splits = [] } = (await beatOf(run, task, attempt)) ?? {};
  const text = JSON.stringify({ beats, splits, sealed: true } satisfies Beat);
  return (await run.put(beatPath(task, attempt), text, version === null ? 'absent' : { version })).written;
}

/**
 * Takes a task for this process: the claim of the next attempt, which only one process can put. Errors: ConfigError
 * while another attempt lives.
 * @param task its folder, relative to the run directory @param what its name in messages
 * @param watching told which attempt is watched, and how long
 */
export async function claim(
  run: SharedFolder,
  task: string,
  what: string,
  { beatMs, patienceMs }: ClaimTimes,
  watching: (attempt: number, seconds: number) => void = () => {},
): Promise<Claim> {
  const last = (await attemptsOf(run, task)).at(-1) ?? 0;
  const watched = (): void => watching(last, Math.ceil(patienceMs / 1000));
  const isFree = async (): Promise<boolean> => {
    if ((await attemptEnd(run, task, last)) !== null) return true;
    const still = await deadAt(run, task, last, patienceMs, watched);
    if (still !== null && (await seal(run, task, last, still))) return true;
    // It may have ended by itself while it was watched, after a last beat.
    return (await attemptEnd(run, task, last)) !== null;
  };
  if (last > 0 && !(await isFree())) throw claimed(what, last, await claimantOf(run, task, last));
  const attempt = last + 1;
  const folder = `${task}/${attemptName(attempt)}`;
  const mark: Claimant = { ...(await processMark()), host: hostname(), node: process.version };
  if (!(await run.put(claimPath(task, attempt), JSON.stringify(mark), 'absent')).written)
    throw claimed(what, attempt, await claimantOf(run, task, attempt));
  await mkdir(join(run.path, folder), { recursive: true });
  const heart = heartbeat(run, beatPath(task, attempt), beatMs);
  return {
    attempt,
    folder,
    working: (splits) => heart.working(splits),
    // A store has stopped the heartbeat before it gave the task to another.
    superseded: async () =>
      heart.stopped() || (run.stored === null && ((await attemptsOf(run, task)).at(-1) ?? 0) > attempt),
    async end(end) {
      await heart.end();
      if (heart.stopped()) return;
      // Its folder is gone where the run was finished, planned anew or deleted: what this attempt ended with is told
      // by its error, which one about the folder would hide.
      await run.say(inAttempt(task, attempt, 'end.json'), JSON.stringify(end)).catch(unlessMissing);
    },
    async drop() {
      await heart.end();
      // The claim is the last: while it is there nobody else takes this number, and what is deleted is its own.
      await run.delete([beatPath(task, attempt)]);
      await rm(join(run.path, folder), { recursive: true, force: true });
      await run.delete([claimPath(task, attempt)]);
      // The folders above it were perhaps made for it alone.
      for (let path = task; path !== '.'; path = dirname(path)) await rmdir(join(run.path, path)).catch(unlessUsed);
    },
  };
}

/** Splits that were in work in attempts that died or failed, with how often. */
export async function fatalSplits(run: SharedFolder, task: string): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  for (const attempt of await attemptsOf(run, task)) {
    const how = (await attemptEnd(run, task, attempt))?.how;
    if (how === 'done' || how === 'stopped') continue;
    for (const split of (await beatOf(run, task, attempt))?.splits ?? []) times.set(split, (times.get(split) ?? 0) + 1);
  }
  return times;
}
