import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import { localStore } from '../../../src/files/stores/local-store.ts';
import { temporaryFolder } from '../../helpers/run.ts';

// As over NFS, where a link was made and its answer was lost: made again, it is there already.
vi.mock('node:fs/promises', async (original) => {
  const fs = await original<typeof import('node:fs/promises')>();
  const link: typeof fs.link = async (from, to) => {
    await fs.link(from, to);
    await fs.link(from, to);
  };
  return { ...fs, link };
});

it('a put where there is none has won, though the answer to it was lost', async () => {
  const folder = await temporaryFolder();
  const store = localStore(folder);
  expect(await store.put('claim', Buffer.from('mine'), { when: 'absent' })).toMatchObject({ written: true });
  expect(await store.put('claim', Buffer.from('other'), { when: 'absent' })).toEqual({ written: false });
  expect(await readFile(join(folder, 'claim'), 'utf8')).toBe('mine');
});
