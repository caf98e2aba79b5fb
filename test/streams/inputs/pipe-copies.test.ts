import { execFileSync } from 'node:child_process';
import { closeSync, constants, openSync, readFileSync, rmSync, unlinkSync, writeFileSync, writeSync } from 'node:fs';
import { mkdir, readdir } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import {
  type CopyOptions,
  copyPipes,
  missingPipe,
  PIPES_FILE,
  type PipeCopies,
} from '../../../src/streams/inputs/pipe-copies.ts';
import { readOptions } from '../../../src/streams/inputs/read-options.ts';
import { planSplits } from '../../../src/streams/plan/plan.ts';
import { temporaryFolder } from '../../helpers/run.ts';

async function* piped(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

async function newFifo(): Promise<{ fifo: string; folder: string }> {
  const root = await temporaryFolder();
  const fifo = join(root, 'queue');
  execFileSync('mkfifo', [fifo]);
  return { fifo, folder: join(root, 'copies') };
}

/** As much as a pipe holds, and a text: what comes after the first read can only be written once somebody reads. */
async function copyWritten(fifo: string, text: string, options: CopyOptions): Promise<PipeCopies> {
  const writer = openSync(fifo, constants.O_RDWR | constants.O_NONBLOCK);
  while (written(writer, Buffer.alloc(4096, '.')));
  const copying = copyPipes([fifo], options);
  // Who awaits it is told.
  copying.catch(() => {});
  while (!written(writer, Buffer.from(text))) await setImmediate();
  closeSync(writer);
  return copying;
}

function written(fd: number, bytes: Uint8Array): boolean {
  try {
    return writeSync(fd, bytes) === bytes.length;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EAGAIN') return false;
    throw error;
  }
}
/** Of a copy, without what filled the pipe. */
const textOf = (path: string): string => readFileSync(path, 'utf8').replace(/^\.+/, '');

describe.skipIf(process.platform === 'win32')('copies of pipes', () => {
  it('that are whole stand for a stream that nobody writes again, and for a FIFO that is gone', async () => {
    const { fifo, folder } = await newFifo();
    const first = await copyWritten(fifo, 'one\ntwo\n', { folder });
    const { path, bytes } = first.copies.get(fifo)!;
    expect(textOf(path)).toBe('one\ntwo\n');
    for (const resumed of [false, true]) {
      const { copies, missing } = await copyPipes([fifo], { folder, resumed });
      expect(missing).toEqual([]);
      expect(copies.get(fifo)).toMatchObject({ name: 'queue', path, bytes });
      expect(copies.get(fifo)!.warning).toBe(`${fifo}: read from the copy in ${path} (${bytes} bytes)`);
    }
    unlinkSync(fifo);
    expect((await copyPipes([fifo], { folder })).copies.get(fifo)).toMatchObject({ name: 'queue', path });
    expect((await readdir(folder)).sort()).toEqual([PIPES_FILE, basename(path)]);
  });

  it('are compared where the stream is given again: a run in work refuses another', async () => {
    const { fifo, folder } = await newFifo();
    const { copies } = await copyWritten(fifo, 'one\n', { folder });
    const before = copies.get(fifo)!;
    const same = await copyWritten(fifo, 'one\n', { folder, resumed: true });
    expect(same.copies.get(fifo)).toMatchObject({ path: before.path, bytes: before.bytes });
    await expect(copyWritten(fifo, 'other\n', { folder, resumed: true })).rejects.toThrow(
      `expected the stream that this run was started with (${before.bytes} bytes), or none, got another one, ` +
        `of ${before.bytes + 2} bytes`,
    );
    expect(textOf(before.path)).toBe('one\n');
    // Where no run has begun yet the new one counts, and the old copy goes.
    const other = await copyWritten(fifo, 'other\n', { folder });
    expect(textOf(other.copies.get(fifo)!.path)).toBe('other\n');
    expect(await readdir(folder)).toHaveLength(2);
  });

  it('that were cut say so, and how many bytes came', async () => {
    const { fifo, folder } = await newFifo();
    await mkdir(folder);
    writeFileSync(join(folder, PIPES_FILE), JSON.stringify({ [fifo]: { name: 'queue', copy: null, bytes: 0 } }));
    writeFileSync(join(folder, 'stdin-1-ab.tmp'), 'one\nha');
    const { copies, missing } = await copyPipes([fifo], { folder });
    expect([copies.size, missing]).toEqual([0, [{ called: fifo, begun: true, cutAt: 6 }]]);
    expect(missingPipe(missing[0]).parts.problem).toMatch(
      /^the copy of \S+queue is not whole: the start that made it was stopped after 6 bytes/,
    );
    expect(missingPipe(missing[0]).parts.fix).toContain('`COMMAND > FIFO &` before it');
    const again = await copyWritten(fifo, 'one\nhalf\n', { folder });
    expect(textOf(again.copies.get(fifo)!.path)).toBe('one\nhalf\n');
  });

  it('of process substitutions are found by their order, whatever numbers the shell gives them', async () => {
    const folder = join(await temporaryFolder(), 'copies');
    const kept = { name: 'pipe', copy: 'stdin-00', bytes: 3 };
    await mkdir(folder);
    writeFileSync(join(folder, 'stdin-00'), 'one');
    writeFileSync(join(folder, 'stdin-01'), 'two');
    writeFileSync(join(folder, PIPES_FILE), JSON.stringify({ '<() 0': kept, '<() 1': { ...kept, copy: 'stdin-01' } }));
    const { copies } = await copyPipes(['/dev/fd/941', 'a.jsonl', '/proc/self/fd/940'], { folder });
    expect([...copies].map(([input, { path }]) => [input, basename(path)])).toEqual([
      ['/dev/fd/941', 'stdin-00'],
      ['/proc/self/fd/940', 'stdin-01'],
    ]);
  });

  it('of two pipes with the same content are one file, and two inputs of that size each', async () => {
    const { fifo, folder } = await newFifo();
    const first = await copyWritten(fifo, '\n{"text":"a"}\n', { folder });
    const { path, bytes } = first.copies.get(fifo)!;
    const text = readFileSync(path, 'utf8');
    const { copies } = await copyPipes(['-', fifo], { folder, stdin: piped(text) });
    expect([...copies.values()].map((c) => [c.name, c.path])).toEqual([
      ['stdin', path],
      ['queue', path],
    ]);
    const { files, splits } = await planSplits(['-', fifo], readOptions.parse({}), { spooled: copies });
    expect(files.map((f) => [f.path, f.size])).toEqual([
      ['stdin', bytes],
      ['queue', bytes],
    ]);
    expect(splits.map((s) => s.estimatedTextBytes)).toEqual([2 * bytes]);
    // Of one of them another comes: the copy of the other stays.
    const both = await copyPipes(['-', fifo], { folder, stdin: piped('other') });
    expect([...both.copies.values()].map((c) => readFileSync(c.path, 'utf8'))).toEqual(['other', text]);
  });

  it('of standard input: an empty one is none, and so is one of which the copy is gone', async () => {
    const folder = join(await temporaryFolder(), 'copies');
    const { copies } = await copyPipes(['-'], { folder, stdin: piped('one\n') });
    const path = copies.get('-')!.path;
    expect((await copyPipes(['-'], { folder, stdin: piped(), resumed: true })).copies.get('-')!.path).toBe(path);
    expect(await readdir(folder)).toHaveLength(2);
    rmSync(path);
    const { missing } = await copyPipes(['-'], { folder, stdin: piped(), resumed: true });
    expect(missing).toEqual([{ called: 'standard input', begun: true, cutAt: null }]);
  });

  it('that are stopped while somebody writes, or nobody, are no copies', async () => {
    const { fifo, folder } = await newFifo();
    for (const text of ['', 'half']) {
      const stop = new AbortController();
      const writer = text === '' ? null : openSync(fifo, 'r+');
      if (writer !== null) writeSync(writer, text);
      const copying = copyPipes([fifo], { folder, stop: stop.signal });
      void setImmediate().then(() => stop.abort());
      expect(await copying).toEqual({ copies: new Map(), missing: [] });
      if (writer !== null) closeSync(writer);
      await expect(readdir(folder)).rejects.toThrow('ENOENT');
    }
  });
});
