import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { fetchFile, fetchPieces } from '../../../src/files/stores/fetch-file.ts';
import { localStore } from '../../../src/files/stores/local-store.ts';
import { temporaryFolder } from '../../helpers/run.ts';

it('fetches pieces to their places, and of no pieces an empty file', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'store'));
  await writeFile(join(folder, 'store/object'), 'abcdefgh');
  const store = localStore(join(folder, 'store'));
  const pieces = [
    { start: 1, end: 2 },
    { start: 4, end: 4 },
    { start: 5, end: 7, bytes: Buffer.from('FG') },
  ];
  await fetchPieces(store, 'object', join(folder, 'some'), pieces);
  expect(await readFile(join(folder, 'some'), 'latin1')).toBe('\0b\0\0\0FG');
  await fetchPieces(store, 'object', join(folder, 'none'), []);
  expect(await readFile(join(folder, 'none'), 'latin1')).toBe('');
});

it('refuses an object that has not the size that was committed, and leaves no file', async () => {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'store'));
  await writeFile(join(folder, 'store/object'), 'abcdefgh');
  const store = localStore(join(folder, 'store'));
  await expect(fetchFile(store, 'object', join(folder, 'to/it'), 9)).rejects.toThrow(/9 bytes.*8 bytes/s);
  expect(await readdir(join(folder, 'to'))).toEqual([]);
  await fetchFile(store, 'object', join(folder, 'to/it'), 8);
  expect(await readFile(join(folder, 'to/it'), 'latin1')).toBe('abcdefgh');
});
