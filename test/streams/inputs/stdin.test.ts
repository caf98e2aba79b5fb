import { spawnSync } from 'node:child_process';
import { readdir, readFile, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { spoolStdin } from '../../../src/streams/inputs/stdin.ts';
import { temporaryFolder } from '../../helpers/run.ts';

async function* piped(...parts: string[]): AsyncGenerator<Uint8Array> {
  for (const part of parts) yield Buffer.from(part);
}

it('the same input piped in again is the same file', async () => {
  const folder = await temporaryFolder();
  const { path, warning } = await spoolStdin(folder, piped('one\n', 'two\n'));
  expect((await spoolStdin(folder, piped('one\ntwo', '\n'))).path).toBe(path);
  expect(await readFile(path, 'utf8')).toBe('one\ntwo\n');
  expect(warning).toContain('(8 bytes)');
  expect((await spoolStdin(folder, piped('other'))).path).not.toBe(path);
  expect((await readdir(folder)).length).toBe(2);
});

it('nothing is left of an input that fails', async () => {
  const folder = await temporaryFolder();
  const broken = async function* (): AsyncGenerator<Uint8Array> {
    yield* piped('one');
    throw new Error('broken pipe');
  };
  await expect(spoolStdin(folder, broken())).rejects.toThrow('broken pipe');
  expect(await readdir(folder)).toEqual([]);
});

it('what a killed process left is removed, and nothing of one that is alive or may be', async () => {
  const folder = await temporaryFolder();
  const { pid: gone } = spawnSync(process.execPath, ['--version']);
  const { pid: seenElsewhere } = spawnSync(process.execPath, ['--version']);
  const [killed, fresh, alive] = [gone, seenElsewhere, process.ppid].map((pid) => `stdin-${pid}.tmp`);
  for (const name of [killed, fresh, alive, 'mine.tmp']) {
    await writeFile(join(folder, name), 'half');
    if (name !== fresh) await utimes(join(folder, name), 0, 0);
  }
  const { path } = await spoolStdin(folder, piped('one'));
  expect((await readdir(folder)).map((name) => join(folder, name)).sort()).toEqual(
    [path, ...[fresh, alive, 'mine.tmp'].map((name) => join(folder, name))].sort(),
  );
});
