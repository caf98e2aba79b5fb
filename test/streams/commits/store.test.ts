import { mkdtemp, rm, truncate } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { emptyCounters } from '../../../src/streams/commits/counters.ts';
import { type Commit, CommitLog } from '../../../src/streams/commits/log.ts';
import {
  type CommitPhase,
  decidePhase,
  phaseName,
  phaseOf,
  shardPhase,
  splitPhase,
} from '../../../src/streams/commits/phase.ts';
import { commitStore, readCommitStore, totalsOf } from '../../../src/streams/commits/store.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-store-'));
  path = join(folder, 'commits.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

/** Written to the log and added to a store, as a run does. */
async function committed(commits: readonly (readonly [CommitPhase, number, number | null])[]) {
  const log = new CommitLog(path);
  const store = commitStore(path);
  for (const [phase, split, documents] of commits) {
    const counters = documents === null ? null : emptyCounters();
    if (counters && documents !== null) Object.assign(counters.read, { documents, bytes: 10 * documents });
    const commit: Commit = {
      format: 1,
      phase: phaseName(phase),
      split,
      files: [],
      replaces: [],
      counters,
      at: '2026-01-02T03:04:05.678Z',
    };
    store.add({ commit, ...(await log.append(commit)) });
  }
  return store;
}

it.each([splitPhase(0), splitPhase(12), decidePhase('a/b'), shardPhase('documents')])(
  'a phase %o comes back from its name',
  (phase) => {
    expect(phaseOf({ phase: phaseName(phase) })).toEqual(phase);
  },
);

it.each(['split/x', 'split/', 'merge/1', 'split', ''])('a phase called %j is refused', (phase) => {
  expect(() => phaseOf({ phase })).toThrow(/expected a commit of a split, a decision or a shard, got phase "/);
});

it('finds commits by phase and number, in numeric order: split 10 after split 2, phase 10 after phase 2', async () => {
  const store = await committed([
    [splitPhase(10), 2, 1],
    [splitPhase(2), 10, 2],
    [splitPhase(2), 2, 3],
    [decidePhase('exact'), 0, null],
    [shardPhase('documents'), 2, null],
  ]);
  expect(store.has(splitPhase(2), 10)).toBe(true);
  expect(store.has(splitPhase(2), 3)).toBe(false);
  expect(store.get(splitPhase(10), 2)?.counted?.read.documents).toBe(1);
  expect([...store.of(splitPhase(2)).keys()]).toEqual([10, 2]);
  expect(store.ofSplits().map((c) => `${c.phase}:${c.split}`)).toEqual(['split/2:2', 'split/10:2', 'split/2:10']);
});

it('reads counters from the log when they are asked for, and is the same when it is read from there', async () => {
  const store = await committed([
    [splitPhase(0), 1, 5],
    [splitPhase(0), 0, 7],
    [decidePhase('exact'), 0, null],
  ]);
  const again = await readCommitStore(path, { repair: false });
  expect(again.all).toEqual(store.all);
  for (const s of [store, again]) {
    expect([...s.countersOf(s.all)].map(([c, n]) => [c.split, n.read.documents])).toEqual([
      [1, 5],
      [0, 7],
    ]);
    expect(totalsOf(s).read).toEqual({ documents: 12, bytes: 120, tokens: 0 });
  }
  await truncate(path, 40);
  expect(() => totalsOf(store)).toThrow(/commits\.jsonl: expected a commit of \d+ bytes at byte \d+, as it was read/);
});
