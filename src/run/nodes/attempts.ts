import { mkdir, rename, rm } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { ConfigError } from '../../errors.ts';
import { readIfThere, syncFolder, temporaryName, writeWhole } from '../../files/whole.ts';
import { attemptName, attemptsOf } from '../../ledger/fleet-commits.ts';
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

/** An attempt of a task that this process works on. */
export interface Claim {
  readonly attempt: number;
  /** Its folder, absolute. Nobody else writes there. */
  readonly folder: string;
  /** Splits in work, shown by `status`. */
  working(splits: readonly number[]): void;
  /** True once a later attempt has taken the task: this one must not go on. */
  superseded(): Promise<boolean>;
  end(end: AttemptEnd): Promise<void>;
}

const json = async <T>(path: string): Promise<T | null> => {
  const text = await readIfThere(path);
  if (text === null) return null;
  try {
    return JSON.parse(text) as T;
  } catch {
    // Half written, or half seen over the network: as if it were not there yet.
    return null;
  }
};

export const attemptEnd = (task: string, attempt: number): Promise<AttemptEnd | null> =>
  json(join(task, attemptName(attempt), 'end.json'));

/** What a claim says of itself. */
export interface Beat {
  readonly beats: number;
  readonly splits: readonly number[];
}

export const beatOf = (task: string, attempt: number): Promise<Beat | null> =>
  json(join(task, attemptName(attempt), 'beat.json'));

/** Who made a claim: for people, and to tell a dead process of this machine at once. */
export interface Claimant extends ProcessMark {
  readonly host: string;
  readonly node: string;
}

export const claimantOf = (task: string, attempt: number): Promise<Claimant | null> =>
  json(join(task, attemptName(attempt), 'claim.json'));

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

/** A counter that every live attempt raises; watched by its changes, never by a time in it. */
async function stands(task: string, attempt: number, patienceMs: number): Promise<boolean> {
  const text = (): Promise<string | null> => readIfThere(join(task, attemptName(attempt), 'beat.json'));
  const first = await text();
  const end = performance.now() + patienceMs;
  while (performance.now() < end) {
    await delay(Math.min(1000, patienceMs / 4));
    if ((await attemptEnd(task, attempt)) !== null) return true;
    if ((await text()) !== first) return false;
  }
  return true;
}

/**
 * True where the process of an attempt is gone, or its heartbeat has stood still for `patienceMs`.
 * @param watching called before its heartbeat is watched
 */
async function isDead(task: string, attempt: number, patienceMs: number, watching: () => void): Promise<boolean> {
  const file = (name: string): Promise<string | null> => readIfThere(join(task, attemptName(attempt), name));
  // A folder appears with its claim in it: one that has none is of nobody who could work in it.
  if ((await file('claim.json')) === null && (await file('beat.json')) === null) return true;
  const by = await claimantOf(task, attempt);
  const here = by === null ? null : await aliveHere(by);
  if (here !== null) return !here;
  watching();
  return stands(task, attempt, patienceMs);
}

/**
 * Takes a task for this process: a new folder `attempt-<n>`, which only one process can make, and which appears with
 * its claim in it. Errors: ConfigError while another attempt lives.
 * @param task folder @param what its name in messages @param watching told which attempt is watched, and how long
 */
export async function claim(
  task: string,
  what: string,
  { beatMs, patienceMs }: ClaimTimes,
  watching: (attempt: number, seconds: number) => void = () => {},
): Promise<Claim> {
  await mkdir(task, { recursive: true });
  const last = (await attemptsOf(task)).at(-1) ?? 0;
  const watched = (): void => watching(last, Math.ceil(patienceMs / 1000));
  if (last > 0 && (await attemptEnd(task, last)) === null && !(await isDead(task, last, patienceMs, watched)))
    throw claimed(what, last, await claimantOf(task, last));
  const attempt = last + 1;
  const folder = join(task, attemptName(attempt));
  const mark: Claimant = { ...(await processMark()), host: hostname(), node: process.version };
  const made = temporaryName(folder);
  await mkdir(made);
  try {
    await writeWhole(join(made, 'claim.json'), JSON.stringify(mark));
    // Fails where another process was first: its folder is not empty.
    await rename(made, folder);
    await syncFolder(task);
  } catch (error) {
    await rm(made, { recursive: true, force: true });
    if (!['EEXIST', 'ENOTEMPTY'].includes((error as NodeJS.ErrnoException).code ?? '')) throw error;
    throw claimed(what, attempt, await claimantOf(task, attempt));
  }
  let beats = 0;
  let splits: readonly number[] = [];
  let writing = Promise.resolve();
  const beat = (): void => {
    const text = JSON.stringify({ beats: ++beats, splits } satisfies Beat);
    // A full disk ends the attempt where it writes its output; a heartbeat that is lost is made up by the next.
    writing = writing.then(() => writeWhole(join(folder, 'beat.json'), text)).catch(() => {});
  };
  beat();
  const timer = setInterval(beat, beatMs);
  return {
    attempt,
    folder,
    working(now) {
      splits = now;
      beat();
    },
    superseded: async () => ((await attemptsOf(task)).at(-1) ?? 0) > attempt,
    async end(end) {
      clearInterval(timer);
      await writing;
      await writeWhole(join(folder, 'end.json'), JSON.stringify(end));
    },
  };
}

/** Splits that were in work in attempts that died or failed, with how often. */
export async function fatalSplits(task: string): Promise<Map<number, number>> {
  const times = new Map<number, number>();
  for (const attempt of await attemptsOf(task)) {
    const how = (await attemptEnd(task, attempt))?.how;
    if (how === 'done' || how === 'stopped') continue;
    for (const split of (await beatOf(task, attempt))?.splits ?? []) times.set(split, (times.get(split) ?? 0) + 1);
  }
  return times;
}
