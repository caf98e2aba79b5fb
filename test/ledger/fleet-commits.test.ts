import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderOnDisk } from '../../src/files/stores/shared-folder.ts';
import { claimPath, committedLines, planned, readFleetCommits } from '../../src/ledger/fleet-commits.ts';
import { emptyCounters } from '../../src/streams/commits/counters.ts';
import { commitLine } from '../../src/streams/commits/log.ts';
import { temporaryFolder } from '../helpers/run.ts';

const commitOf = (split: number, rows: number) => ({
  format: 1 as const,
  phase: 'split/0',
  split,
  files: [{ sink: 'ledger', path: `ledger/${split}.parquet`, rows, bytes: 1, textBytes: 1, xxh64: '00' }],
  replaces: [],
  counters: { ...emptyCounters(), read: { documents: rows, bytes: 1, tokens: 0 } },
  at: '2026-01-01T00:00:00.000Z',
});

/** What an attempt of a task has committed: [split, rows] each. */
async function attempt(run: string, task: number, number: number, commits: readonly [number, number][]) {
  const own = `tasks/split-0/0000${task}`;
  const folder = join(run, own, `attempt-000${number}`);
  await mkdir(folder, { recursive: true });
  const lines = await Promise.all(commits.map(([split, rows]) => commitLine(commitOf(split, rows))));
  await writeFile(join(folder, 'commits.jsonl'), lines.join(''));
  await writeFile(join(run, claimPath(own, number)), '{}');
}

describe('commits of several attempts of a task', () => {
  it('count once a split, by the first attempt that made it, with its own files', async () => {
    const folder = await temporaryFolder();
    await attempt(folder, 0, 1, [[2, 10]]);
    await attempt(folder, 0, 2, [
      [2, 11],
      [0, 12],
    ]);
    await attempt(folder, 0, 3, [
      [0, 13],
      [4, 14],
    ]);
    await attempt(folder, 1, 1, [[1, 20]]);
    const run = planned(folderOnDisk(folder), undefined);
    const made = (lines: Awaited<ReturnType<typeof committedLines>>) =>
      [...lines.values()].map(({ commit }) => [commit.split, commit.files[0].rows, commit.files[0].path]);
    const of = (number: number, split: number): string =>
      `tasks/split-0/00000/attempt-000${number}/ledger/${split}.parquet`;
    expect(made(await committedLines(run, 'split-0', 0))).toEqual([
      [2, 10, of(1, 2)],
      [0, 12, of(2, 0)],
      [4, 14, of(3, 4)],
    ]);
    expect(made(await committedLines(run, 'split-0', 0, 3)).map(([split]) => split)).toEqual([2, 0]);
    const store = await readFleetCommits(run);
    const read = [...store.countersOf(store.all)].reduce((sum, [, { read }]) => sum + read.documents, 0);
    expect(read).toBe(10 + 12 + 14 + 20);
  });
});
