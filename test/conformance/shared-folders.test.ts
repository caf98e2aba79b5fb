import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { s3Store } from '../../src/files/stores/s3/s3-store.ts';
import { folderInStore, folderOnDisk, type SharedFolder } from '../../src/files/stores/shared-folder.ts';
import { temporaryFolder } from '../helpers/run.ts';
import { s3Server } from '../helpers/stores/s3-server.ts';

/** One line a kind: opens one for so many processes, each with a folder of its own where it needs one. */
const FOLDERS: readonly { readonly name: string; open(processes: number): Promise<readonly SharedFolder[]> }[] = [
  { name: 'on a disk', open: onDisk },
  { name: 'in a store', open: inStore },
  { name: 'in a store that loses answers', open: (n) => inStore(n, true) },
];

async function onDisk(processes: number): Promise<readonly SharedFolder[]> {
  const folder = await temporaryFolder();
  return Array.from({ length: processes }, () => folderOnDisk(folder));
}

async function inStore(processes: number, losing = false): Promise<readonly SharedFolder[]> {
  const server = await s3Server({ pageSize: 2 });
  const lost = new Set<string>();
  // The first answer to every write: it is done, and nobody is told.
  if (losing)
    server.fault = ({ method, path, number }) => {
      if (method !== 'PUT' || lost.has(path) || number % 2 === 1) return null;
      lost.add(path);
      return 'lost answer';
    };
  const store = s3Store('bucket', { env: server.env, patience: { wait: async () => {} } });
  const folders: SharedFolder[] = [];
  for (let i = 0; i < processes; i++) folders.push(folderInStore(store, 'run', await temporaryFolder()));
  return folders;
}

describe.each(FOLDERS)('a shared folder $name', ({ open }) => {
  it('gives to all what one has put, and says what is not there', async () => {
    const [one, other] = await open(2);
    expect([await other.read('a/b.json'), await other.has('a/b.json'), await other.version('a/b.json')]).toEqual([
      null,
      false,
      null,
    ]);
    expect(await other.names('a')).toEqual([]);
    await one.put('a/b.json', 'ü1');
    await one.put('a/c/d.json', '2');
    await one.put('a/e.json', '3');
    await one.put('ab.json', '4');
    expect(await other.read('a/b.json')).toBe('ü1');
    expect((await other.names('a')).sort()).toEqual(['b.json', 'c', 'e.json']);
    const before = await other.version('a/b.json');
    await one.put('a/b.json', 'another');
    expect(await other.version('a/b.json')).not.toBe(before);
    await other.delete(['a/b.json', 'a/gone.json']);
    expect(await one.has('a/b.json')).toBe(false);
  });

  it('lets one of many put where there is none, and over a version that nobody has changed', async () => {
    const all = await open(6);
    const made = await Promise.all(all.map((run, i) => run.put('claim.json', `${i}`, 'absent')));
    const first = made.findIndex((m) => m.written);
    expect(made.filter((m) => m.written)).toHaveLength(1);
    expect(await all[0].read('claim.json')).toBe(String(first));
    const version = (await all[1].version('claim.json'))!;
    expect((await all[2].put('claim.json', 'next', { version })).written).toBe(true);
    expect((await all[3].put('claim.json', 'late', { version })).written).toBe(false);
    expect((await all[3].put('none.json', 'late', { version })).written).toBe(false);
    expect(await all[1].read('claim.json')).toBe('next');
  });

  it('has files, and pieces of files, at their places on this machine', async () => {
    const [one, other] = await open(2);
    await one.put('work/keys', '0123456789');
    await other.fetch([{ path: 'work/keys', bytes: 10 }]);
    expect(await readFile(`${other.path}/work/keys`, 'utf8')).toBe('0123456789');
    expect((await other.bytes('work/keys', { start: 2, end: 4 })).toString()).toBe('23');
    const pieces = [
      { start: 2, end: 4, bytes: Buffer.from('23') },
      { start: 6, end: 8 },
      { start: 9, end: 9 },
    ];
    const path = await other.part('work/keys', pieces, 'fetched/keys');
    const text = await readFile(path, 'utf8');
    expect([text.slice(2, 4), text.slice(6, 8)]).toEqual(['23', '67']);
  });
});
