import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Commit } from '../../src/streams/commits/log.ts';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { linesOf, runWhole } from './harness.ts';

/** One call: it began at line `from` of the trace and had ended at line `to`. */
interface Call {
  readonly op: string;
  readonly path: string;
  readonly from: number;
  readonly to: number;
}

/** A kill leaves the page cache as it is, so it says nothing about a power cut: the order of the calls does. */
describe('every call to the disk, in order', () => {
  let folder: string;
  let calls: Call[];
  let commits: Commit[];

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'sluice-trace-'));
    await writeCorpus(join(folder, 'in'), madeDocuments(80, 5), 2);
    const output = join(folder, 'out');
    const file = join(folder, 'trace');
    await runWhole({
      recipe: 'barriers',
      input: join(folder, 'in/*.jsonl'),
      output,
      workers: 2,
      faults: { root: output, mode: 'trace', file },
    });
    calls = parsed(linesOf(file));
    commits = linesOf(join(output, 'commits.jsonl')).map((l) => (JSON.parse(l) as { commit: Commit }).commit);
    return () => rm(folder, { recursive: true });
  });

  const of = (op: string, path: string): Call[] => calls.filter((c) => c.op === op && c.path === path);
  const only = (op: string, path: string): Call => {
    const found = of(op, path);
    expect({ op, path, times: found.length }).toEqual({ op, path, times: 1 });
    return found[0];
  };
  /** A call that began after one line of the trace and ended before another. */
  const between = (op: string, path: string, after: number, before: number): boolean =>
    of(op, path).some((c) => c.from > after && c.to < before);

  it('covers every phase, sink and kind of commit', () => {
    expect([...new Set(commits.map((c) => c.phase))]).toEqual([
      'split/0',
      'decide/exact_dedup',
      'split/1',
      'decide/again',
      'split/2',
      'shard/documents',
      'shard/jsonl',
      'shard/ledger',
    ]);
    expect(commits.length).toBeGreaterThan(20);
  });

  it('flushes a file after its last write and before its rename', () => {
    const renames = calls.filter((c) => c.op === 'rename');
    expect(renames.length).toBeGreaterThan(60);
    for (const rename of renames) {
      const written = calls.filter((c) => c.op === 'write' && c.path === `${rename.path}.tmp` && c.to < rename.from);
      const flushed = of('fsync', `${rename.path}.tmp`).filter((c) => c.to < rename.from);
      expect({ path: rename.path, written: written.length > 0 }).toEqual({ path: rename.path, written: true });
      const last = written[written.length - 1].to;
      expect({ path: rename.path, flushed: flushed.some((c) => c.from > last) }).toEqual({
        path: rename.path,
        flushed: true,
      });
    }
  });

  it('renames the files of a commit, flushes their folders, then appends the line and flushes it', () => {
    const appends = of('write', 'commits.jsonl');
    expect(appends.length).toBe(commits.length);
    for (const [i, commit] of commits.entries()) {
      const name = `${commit.phase}:${commit.split}`;
      for (const { path } of commit.files) {
        const rename = only('rename', path);
        expect(rename.to).toBeLessThan(appends[i].from);
        const durable = between('fsync-folder', dirname(path), rename.to, appends[i].from);
        expect({ name, path, durable }).toEqual({ name, path, durable: true });
      }
      // Before anything is made of it: the next line, and the files that it replaces are deleted.
      const next = appends[i + 1]?.from ?? Number.POSITIVE_INFINITY;
      const deleted = commit.replaces.flatMap((path) => of('rm', path)).map((c) => c.from);
      expect(deleted.length).toBe(commit.replaces.length);
      const flushed = between('fsync', 'commits.jsonl', appends[i].to, Math.min(next, ...deleted));
      expect({ name, flushed }).toEqual({ name, flushed: true });
    }
  });

  it('makes the folders and the name of commits.jsonl durable before the first commit', () => {
    const first = of('write', 'commits.jsonl')[0].from;
    const made = of('create', 'commits.jsonl')[0];
    expect(between('fsync-folder', '.', made.to, first)).toBe(true);
    const folders = calls.filter((c) => c.op === 'mkdir' && c.path !== '.');
    expect(folders.map((c) => c.path)).toEqual([
      'documents',
      'ledger',
      'quarantine',
      'sinks/jsonl',
      'work/exact_dedup',
      'work/again',
    ]);
    for (const { path, to } of folders) {
      for (let p = path; p !== '.'; p = dirname(p)) {
        const durable = between('fsync-folder', dirname(p), to, first);
        expect({ p, durable }).toEqual({ p, durable: true });
      }
    }
  });

  it(
    'writes plan.jsonl, then run.json, and at the end README.md, then run.json, each made durable before ' +
      'the next call',
    () => {
      const whole = calls.filter((c) => c.op === 'rename' && !c.path.includes('/'));
      expect(whole.map((c) => c.path)).toEqual(['plan.jsonl', 'run.json', 'README.md', 'run.json']);
      for (const rename of whole) {
        const next = calls.filter((c) => c.from > rename.to)[0];
        expect(next).toMatchObject({ op: 'fsync-folder', path: '.' });
      }
      const [plan, running, readme, done] = whole;
      const appends = of('write', 'commits.jsonl');
      expect(plan.to).toBeLessThan(running.from);
      expect(running.to).toBeLessThan(appends[0].from);
      expect(appends[appends.length - 1].to).toBeLessThan(readme.from);
      expect(readme.to).toBeLessThan(done.from);
      expect(only('rm', 'work').from).toBeGreaterThan(done.to);
    },
  );
});

function parsed(lines: readonly string[]): Call[] {
  const open = new Map<string, { index: number; from: number }[]>();
  const calls: Call[] = [];
  for (const [at, line] of lines.entries()) {
    const [what, thread, op, path] = line.split(' ');
    const key = `${thread} ${op} ${path}`;
    if (what === 'S') {
      open.set(key, [...(open.get(key) ?? []), { index: calls.length, from: at }]);
      calls.push({ op, path: path || '.', from: at, to: Number.POSITIVE_INFINITY });
    } else {
      const begun = open.get(key)!.shift()!;
      calls[begun.index] = { ...calls[begun.index], to: at };
    }
  }
  return calls;
}
