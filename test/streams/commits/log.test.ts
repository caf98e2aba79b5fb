import { appendFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Commit, CommitLog, commitLine, commitLines, liveFiles } from '../../../src/streams/commits/log.ts';

const commit = (split: number, extra: Partial<Commit> = {}): Commit => ({
  format: 1,
  phase: 'split/0',
  split,
  replaces: [],
  counters: null,
  at: '2026-01-02T03:04:05.678Z',
  files: [
    {
      sink: 'documents',
      path: `documents/split-${split}.parquet`,
      rows: 3,
      bytes: 10,
      textBytes: 7,
      xxh64: '0123456789abcdef',
    },
  ],
  ...extra,
});

async function readCommits(repair: boolean): Promise<Commit[]> {
  const found: Commit[] = [];
  for await (const line of commitLines(path, { repair })) found.push(line.commit);
  return found;
}

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-commits-'));
  path = join(folder, 'commits.jsonl');
});
afterEach(() => rm(folder, { recursive: true }));

describe('commits.jsonl', () => {
  it('has lines that never change form (golden)', async () => {
    expect(await commitLine(commit(7))).toBe(
      '{"xxh64":"2df9d0c8035a8b5e","commit":{"format":1,"phase":"split/0","split":7,"replaces":[],' +
        '"counters":null,"at":"2026-01-02T03:04:05.678Z","files":[' +
        '{"sink":"documents","path":"documents/split-7.parquet","rows":3,"bytes":10,' +
        '"textBytes":7,"xxh64":"0123456789abcdef"}]}}\n',
    );
  });

  it('reads back what was appended, in order', async () => {
    const log = new CommitLog(path);
    await Promise.all([log.append(commit(2)), log.append(commit(0))]);
    expect((await readCommits(true)).map((c) => c.split)).toEqual([2, 0]);
  });

  it.each([1, 20, 120])('cuts a last line torn %i bytes before its end', async (missing) => {
    const log = new CommitLog(path);
    await log.append(commit(0));
    const whole = await readFile(path, 'utf8');
    const line = await commitLine(commit(1));
    await appendFile(path, line.slice(0, line.length - missing));
    expect((await readCommits(true)).map((c) => c.split)).toEqual([0]);
    expect(await readFile(path, 'utf8')).toBe(whole);
  });

  it('refuses a damaged line with others after it, and leaves the file alone', async () => {
    const lines = (await commitLine(commit(0))) + (await commitLine(commit(1)));
    const damaged = lines.replace('"split":0', '"split":9');
    await writeFile(path, damaged);
    await expect(readCommits(true)).rejects.toThrow(/damaged line at byte 0, with others after it/);
    expect(await readFile(path, 'utf8')).toBe(damaged);
  });

  it('lists live files by split, then phase, without those replaced', () => {
    const file = (p: string) => ({ sink: 'ledger', path: p, rows: 1, bytes: 1, textBytes: 1, xxh64: '' });
    const commits = [
      commit(1, { files: [file('b0')] }),
      commit(0, { phase: 'split/1', files: [file('a1')] }),
      commit(0, { files: [file('a0')] }),
      commit(0, { phase: 'shard/x', files: [file('s')], replaces: ['b0'] }),
    ];
    expect(liveFiles(commits, 'ledger').map((f) => f.path)).toEqual(['a0', 'a1', 's']);
  });
});
