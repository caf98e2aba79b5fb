import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, rename, rm, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotate, custom, drop, type Recipe, recipe, rule, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';
import { leftovers, runChild } from './harness.ts';

const plain = (first: Recipe['steps'] = []): Recipe =>
  recipe({
    name: 'plain',
    splitBytes: 16 * 1024,
    steps: [
      ...first,
      annotate(textStatistics(), { step: 'scores' }),
      drop('quality', [rule('text_chars < 100', { name: 'min_chars' })]),
    ],
  });

const FILES = ['part-000.jsonl', 'part-001.jsonl'];
/** When the input was last written, so that it can be put back just so. */
const TIME = 1_700_000_000;

/** Two files of two splits each, and what an uninterrupted run makes of them. */
async function project(first: Recipe['steps'] = []) {
  const folder = await temporaryFolder();
  await writeCorpus(join(folder, 'in'), madeDocuments(60, 7), 2);
  const input = [join(folder, 'in/*.jsonl')];
  for (const name of FILES) await utimes(join(folder, 'in', name), TIME, TIME);
  await runToEnd(plain(first), { input, output: join(folder, 'whole'), workers: 1 });
  return { folder, input, output: join(folder, 'out'), bytes: promisedBytes(join(folder, 'whole')) };
}

type Project = Awaited<ReturnType<typeof project>>;

/** The same run, killed when it was about to commit its last split. */
async function halfDone({ input, output }: Project): Promise<string> {
  const faults = { root: output, mode: 'kill' as const, site: 'append split/0:2' };
  const end = await runChild({ recipe: 'plain', input: input[0], output, faults, shardSize: 256 * 1024 * 1024 });
  expect(end.killed).toBe(true);
  return join(output, 'commits.jsonl');
}

async function goesOn({ input, output, bytes }: Project): Promise<void> {
  await runToEnd(plain(), { input, output, workers: 2 });
  expect(promisedBytes(output)).toEqual(bytes);
  expect(leftovers(output)).toEqual([]);
}

describe('the lock', () => {
  it('keeps a second process out, and one in this process too', async () => {
    const p = await project();
    const other = spawn(process.execPath, ['-e', 'process.stdin.resume()']);
    await once(other, 'spawn');
    await mkdir(p.output);
    const stat = readFileSync(`/proc/${other.pid}/stat`, 'utf8');
    const started = stat.slice(stat.lastIndexOf(')') + 2).split(' ')[19];
    await writeFile(join(p.output, 'lock'), JSON.stringify({ pid: other.pid, started }));
    await expect(runToEnd(plain(), options(p))).rejects.toThrow(`got one that process ${other.pid} is using`);
    expect(readdirSync(p.output)).toEqual(['lock']);
    other.kill('SIGKILL');
    await once(other, 'exit');
    const both = [runToEnd(plain(), { ...options(p), workers: 1 }), runToEnd(plain(), { ...options(p), workers: 1 })];
    const ends = await Promise.allSettled(both);
    expect(ends.map((e) => e.status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = ends.find((e) => e.status === 'rejected') as PromiseRejectedResult;
    expect((refused.reason as Error).message).toContain('got one that this process already uses');
    await goesOn(p);
  });

  it.each([
    ['a process that is gone', { pid: 2 ** 22 + 1, started: '1' }],
    ['a process that started later under the same number', { pid: process.pid, started: '1' }],
    ['a writer that was killed in the middle', null],
  ])('of %s is taken over', async (_, content) => {
    const p = await project();
    await mkdir(p.output);
    await writeFile(join(p.output, 'lock'), content ? JSON.stringify(content) : '{"pid":1');
    await goesOn(p);
  });
});

const options = ({ input, output }: Project) => ({ input, output });

describe('commits.jsonl', () => {
  it('with a torn last line loses that commit only', async () => {
    const p = await project();
    const commits = await halfDone(p);
    const text = readFileSync(commits, 'utf8');
    // The kill left half of the third line; now half of the second is gone as well.
    expect(text.split('\n').map((l) => l !== '')).toEqual([true, true, true]);
    await writeFile(commits, text.slice(0, text.indexOf('\n') + 40));
    const { events } = await runToEnd(plain(), { ...options(p), workers: 1 });
    expect(events[0]).toMatchObject({ type: 'planned', resumedSplits: 1 });
    await goesOn(p);
  });

  it('with a damaged line in the middle is refused and left as it is; --fresh starts over', async () => {
    const p = await project();
    const commits = await halfDone(p);
    const damaged = readFileSync(commits, 'utf8').replace('"kept"', '"Kept"');
    await writeFile(commits, damaged);
    await expect(runToEnd(plain(), options(p))).rejects.toThrow(
      /expected commit lines whose checksums hold, got a damaged line at byte 0, with others after it/,
    );
    expect(readFileSync(commits, 'utf8')).toBe(damaged);
    expect(existsSync(join(p.output, 'lock'))).toBe(false);
    await runToEnd(plain(), { ...options(p), fresh: true, workers: 1 });
    expect(promisedBytes(p.output)).toEqual(p.bytes);
  });

  it('that names a file which is gone is refused', async () => {
    const p = await project();
    await halfDone(p);
    const [segment] = readdirSync(join(p.output, 'documents'));
    await rename(join(p.output, 'documents', segment), join(p.folder, segment));
    await expect(runToEnd(plain(), options(p))).rejects.toThrow(
      `expected every file of commits.jsonl, got 1 of them missing, the first: documents/${segment}`,
    );
    await rename(join(p.folder, segment), join(p.output, 'documents', segment));
    await goesOn(p);
  });
});

describe('an output folder', () => {
  it('with files of somebody else is refused and left alone', async () => {
    const p = await project();
    await mkdir(join(p.output, 'documents'), { recursive: true });
    await writeFile(join(p.output, 'documents/mine.txt'), 'mine');
    await expect(runToEnd(plain(), { ...options(p), fresh: true })).rejects.toThrow(
      /never deletes what is not its own/,
    );
    expect(readdirSync(p.output)).toEqual(['documents']);
    expect(readFileSync(join(p.output, 'documents/mine.txt'), 'utf8')).toBe('mine');
  });

  it('that is a file is refused', async () => {
    const p = await project();
    await writeFile(p.output, 'mine');
    await expect(runToEnd(plain(), options(p))).rejects.toThrow(/an empty or new output folder.*got a file/);
    expect(readFileSync(p.output, 'utf8')).toBe('mine');
  });
});

describe('input that changes', () => {
  it('between two starts is refused, and put back goes on', async () => {
    const p = await project();
    await halfDone(p);
    const file = join(p.folder, 'in/part-001.jsonl');
    const text = readFileSync(file, 'utf8');
    await writeFile(file, text.replace('the', 'The'));
    await utimes(file, TIME, TIME);
    await expect(runToEnd(plain(), options(p))).rejects.toThrow(/same number of files, but with different contents/);
    await rm(file);
    await expect(runToEnd(plain(), options(p))).rejects.toThrow(/got 1 files/);
    await writeFile(file, text);
    await utimes(file, TIME, TIME);
    await goesOn(p);
  });

  it(
    'in the middle of a large file is seen with verifyInput, which must be asked for from the first ' + 'start on',
    async () => {
      const folder = await temporaryFolder();
      await writeCorpus(join(folder, 'in'), madeDocuments(300, 7), 1);
      const file = join(folder, 'in/part-000.jsonl');
      await utimes(file, TIME, TIME);
      const same = { input: [file], output: join(folder, 'out'), workers: 1 };
      await runToEnd(plain(), { ...same, verifyInput: true });
      expect((await runToEnd(plain(), { ...same, verifyInput: true })).last).toMatchObject({ already: true });
      const bytes = readFileSync(file);
      expect(bytes.length).toBeGreaterThan(2 * 64 * 1024 + 1024);
      bytes[bytes.indexOf('mill', bytes.length >> 1)] = 'M'.charCodeAt(0);
      await writeFile(file, bytes);
      await utimes(file, TIME, TIME);
      expect((await runToEnd(plain(), same)).last).toMatchObject({ already: true });
      await expect(runToEnd(plain(), { ...same, verifyInput: true })).rejects.toThrow(
        /expected part-000\.jsonl with xxh64 [0-9a-f]{16}, as when this run was started, got [0-9a-f]{16}\./,
      );
      const other = { ...same, output: join(folder, 'other') };
      await runToEnd(plain(), other);
      await expect(runToEnd(plain(), { ...other, verifyInput: true })).rejects.toThrow(
        /started without --verify-input/,
      );
    },
  );

  it.each([
    ['grows', (file: string, text: string) => writeFile(file, `${text}{"text":"more"}\n`), /got \d+ bytes, changed 20/],
    ['vanishes', (file: string) => rm(file), /got no such file any more/],
  ])('while it is read: a file that %s ends the run; put back, the run goes on', async (_, change, message) => {
    let file = '';
    let text = '';
    let armed = false;
    // Runs at the first document, when the second file was not read yet.
    const saboteur = custom('saboteur', 1, async () => {
      if (armed) {
        armed = false;
        await change(file, text);
      }
      return true;
    });
    const p = await project([saboteur]);
    file = join(p.folder, 'in/part-001.jsonl');
    text = readFileSync(file, 'utf8');
    armed = true;
    await expect(runToEnd(plain([saboteur]), { ...options(p), workers: 1 })).rejects.toThrow(message);
    expect(leftovers(p.output).filter((f) => f.endsWith('.tmp'))).toEqual([]);
    await writeFile(file, text);
    await utimes(file, TIME, TIME);
    await runToEnd(plain([saboteur]), { ...options(p), workers: 2 });
    expect(promisedBytes(p.output)).toEqual(p.bytes);
    expect(leftovers(p.output)).toEqual([]);
  });
});
