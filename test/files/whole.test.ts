import { readdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { diskError, type FileSystem, nodeFileSystem } from '../../src/files/file-system.ts';
import { systemError } from '../../src/files/system-error.ts';
import { temporaryName, writeWhole } from '../../src/files/whole.ts';
import { temporaryFolder } from '../helpers/run.ts';

it('writes a file of parts, and nothing of one that is stopped', async () => {
  const path = join(await temporaryFolder(), 'f');
  await writeWhole(path, ['one ', 'two']);
  expect(await readFile(path, 'utf8')).toBe('one two');
  const stop = new AbortController();
  function* parts(): Generator<string> {
    yield 'three';
    stop.abort(new Error('enough'));
    yield 'four';
  }
  await expect(writeWhole(path, parts(), { signal: stop.signal })).rejects.toThrow('enough');
  expect(await readFile(path, 'utf8')).toBe('one two');
  expect(await readdir(join(path, '..'))).toEqual(['f']);
});

it.each(['ENOSPC', 'EDQUOT', 'EFBIG'])(
  'names the file when the disk is full (%s), and leaves nothing',
  async (code) => {
    const path = join(await temporaryFolder(), 'f');
    const write = async (): Promise<void> => {
      throw Object.assign(new Error('made up for a test'), { code });
    };
    await expect(writeWhole(path, 'text', { fileSystem: { ...nodeFileSystem, write } })).rejects.toThrow(
      `${path}: expected disk space for a file, got a full disk (${code}).`,
    );
    expect(await readdir(join(path, '..'))).toEqual([]);
    expect(diskError({ code }, 'write', path).message).toContain(`a full disk (${code})`);
    expect(systemError(Object.assign(new Error(), { code, syscall: 'write' }))).toMatchObject({
      parts: { got: `a full disk (${code})` },
    });
  },
);

it('touches no file with a temporary name of somebody else, and follows no link that waits for it', async () => {
  const path = join(await temporaryFolder(), 'f');
  await writeFile(`${path}.tmp`, 'mine');
  await writeWhole(path, 'text');
  expect(await readFile(`${path}.tmp`, 'utf8')).toBe('mine');
  const name = temporaryName(path);
  expect(name).toMatch(/f\.[0-9a-f]{12}\.tmp$/);
  await symlink(path, name);
  await expect(nodeFileSystem.open(name, 'wx')).rejects.toThrow('EEXIST');
});

it('makes the name durable after the rename', async () => {
  const path = join(await temporaryFolder(), 'f');
  const calls: string[] = [];
  const traced = Object.fromEntries(
    Object.entries(nodeFileSystem).map(([name, call]) => [
      name,
      (...args: unknown[]) => {
        calls.push(name);
        return (call as (...a: unknown[]) => unknown)(...args);
      },
    ]),
  ) as unknown as FileSystem;
  await writeWhole(path, 'text', { fileSystem: traced });
  expect(calls).toEqual(['open', 'write', 'fsync', 'close', 'rename', 'fsyncFolder']);
});
