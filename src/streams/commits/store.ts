import { closeSync, openSync, readSync } from 'node:fs';
import { InputError } from '../../errors.ts';
import { type Amount, type Counters, emptyCounters, mergeCounters } from './counters.ts';
import { type Commit, type CommitLine, commitLines } from './log.ts';
import { type CommitPhase, phaseName, splitPhaseNumber } from './phase.ts';

/** A commit without its counters: kilobytes each, which stay in the log until somebody asks for them. */
export interface CommitHead extends Omit<Commit, 'format' | 'counters'> {
  /** Of its counters; null without. */
  readonly counted: { readonly read: Amount; readonly passed: Amount } | null;
  /** Bytes of its line in commits.jsonl. */
  readonly offset: number;
  readonly length: number;
  /** The log that it stands in, where that is another than the store's. */
  readonly log?: string;
}

/**
 * The commits of a run, by phase and split: what is asked of one commit costs the same however many there are.
 */
export interface CommitStore {
  /** In the order they came. */
  readonly all: readonly CommitHead[];
  has(phase: CommitPhase, split: number): boolean;
  get(phase: CommitPhase, split: number): CommitHead | undefined;
  /** By number of split or piece. */
  of(phase: CommitPhase): ReadonlyMap<number, CommitHead>;
  /** @param log where the line stands; default: the store's own */
  add(line: CommitLine, log?: string): void;
  /** Commits of splits that count something, by number of split, then of phase. */
  ofSplits(): CommitHead[];
  /** Counters of commits, read from the log one after the other; those of each are the caller's. */
  countersOf(commits: Iterable<CommitHead>): Generator<[CommitHead, Counters]>;
}

const NONE: ReadonlyMap<number, CommitHead> = new Map();

/** @param path commits.jsonl */
export function commitStore(path: string): CommitStore {
  const all: CommitHead[] = [];
  const byPhase = new Map<string, Map<number, CommitHead>>();
  const of = (phase: CommitPhase): ReadonlyMap<number, CommitHead> => byPhase.get(phaseName(phase)) ?? NONE;
  return {
    all,
    of,
    has: (phase, split) => of(phase).has(split),
    get: (phase, split) => of(phase).get(split),
    add(line, log) {
      const head = log === undefined ? headOf(line) : { ...headOf(line), log };
      all.push(head);
      const own = byPhase.get(head.phase) ?? new Map<number, CommitHead>();
      byPhase.set(head.phase, own.set(head.split, head));
    },
    ofSplits: () =>
      all
        .filter((c) => c.counted !== null)
        .map((c) => ({ c, phase: splitPhaseNumber(c) ?? -1 }))
        .filter(({ phase }) => phase >= 0)
        .sort((a, b) => a.c.split - b.c.split || a.phase - b.phase)
        .map(({ c }) => c),
    *countersOf(commits) {
      let file: number | null = null;
      let opened = '';
      try {
        for (const commit of commits) {
          if (commit.counted === null) continue;
          const log = commit.log ?? path;
          if (log !== opened && file !== null) closeSync(file);
          if (log !== opened) file = null;
          file ??= openSync(log, 'r');
          opened = log;
          yield [commit, countersAt(file, log, commit)];
        }
      } finally {
        if (file !== null) closeSync(file);
      }
    },
  };
}

/** Reads commits.jsonl; see `commitLines` for `repair` and errors. @param each called with every commit, whole */
export async function readCommitStore(
  path: string,
  options: { readonly repair: boolean },
  each?: (commit: Commit) => void,
): Promise<CommitStore> {
  const store = commitStore(path);
  for await (const line of commitLines(path, options)) {
    store.add(line);
    each?.(line.commit);
  }
  return store;
}

/** Totals of all splits, in split order. */
export function totalsOf(commits: CommitStore): Counters {
  const totals = emptyCounters();
  for (const [, counters] of commits.countersOf(commits.ofSplits())) mergeCounters(totals, counters);
  return totals;
}

function headOf({ commit, offset, length }: CommitLine): CommitHead {
  const { phase, split, files, replaces, cluster, at, counters } = commit;
  const counted = counters && { read: counters.read, passed: counters.passed };
  return { phase, split, files, replaces, at, ...(cluster === undefined ? {} : { cluster }), counted, offset, length };
}

function countersAt(file: number, path: string, { offset, length }: CommitHead): Counters {
  const line = Buffer.allocUnsafe(length);
  const read = readSync(file, line, 0, length, offset);
  try {
    const { commit } = JSON.parse(line.toString('utf8', 0, read)) as { readonly commit: Commit };
    return commit.counters!;
  } catch (cause) {
    throw new InputError({
      expected: `a commit of ${length} bytes at byte ${offset}, as it was read before`,
      got: read < length ? 'the end of the file' : (cause as Error).message,
      where: path,
      fix: 'Another program changed it: restore it, or start again with --fresh.',
      cause,
    });
  }
}
