import { existsSync, lstatSync } from 'node:fs';
import { readdir, readFile, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { writeWhole } from '../../src/files/whole.ts';
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
  await expect(writeWhole(path, parts(), stop.signal)).rejects.toThrow('enough');
  expect(await readFile(path, 'utf8')).toBe('one two');
  expect(await readdir(join(path, '..'))).toEqual(['f']);
});

it.skipIf(!existsSync('/dev/full'))('names the file when the disk is full, and leaves nothing', async () => {
  const path = join(await temporaryFolder(), 'f');
  await symlink('/dev/full', `${path}.tmp`);
  await expect(writeWhole(path, 'text')).rejects.toThrow(
    `${path}: expected disk space for a file, got a full disk (ENOSPC).`,
  );
  expect(await readdir(join(path, '..'))).toEqual([]);
  expect(lstatSync('/dev/full').isCharacterDevice()).toBe(true);
});
