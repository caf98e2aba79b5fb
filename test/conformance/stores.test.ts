import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { deleteAll } from '../../src/files/stores/delete-all.ts';
import { httpStore } from '../../src/files/stores/http-store.ts';
import { hubStore } from '../../src/files/stores/hub-store.ts';
import { localStore } from '../../src/files/stores/local-store.ts';
import { s3Store } from '../../src/files/stores/s3/s3-store.ts';
import { bytesOf, type Listed, type ReadableStore, type Store } from '../../src/files/stores/store.ts';
import { ranged, testServer } from '../helpers/stores/faults.ts';
import { hubServer } from '../helpers/stores/hub-server.ts';
import { s3Server } from '../helpers/stores/s3-server.ts';

const patience = { wait: async () => {} };
const FILES: Readonly<Record<string, Buffer>> = {
  'a.txt': Buffer.from('first of all'),
  'deep/b c.txt': Buffer.from('a name with a space'),
  'deep/er/ü+%.txt': Buffer.from('a name that must be escaped'),
  'z.bin': Buffer.from(Array.from({ length: 100_000 }, (_, i) => (i * 7) & 255)),
};

async function folder(): Promise<string> {
  const path = await mkdtemp(join(tmpdir(), 'sluice-store-'));
  onTestFinished(() => rm(path, { recursive: true }));
  return path;
}

/** One line a store: opens one that holds FILES, and can be written to where `writes` is true. */
const STORES: readonly { name: string; lists: boolean; writes: boolean; open: () => Promise<ReadableStore> }[] = [
  { name: 'local', lists: true, writes: true, open: openLocal },
  { name: 's3', lists: true, writes: true, open: openS3 },
  { name: 'http', lists: false, writes: false, open: openHttp },
  { name: 'hf', lists: true, writes: false, open: openHub },
];

async function openLocal(): Promise<Store> {
  const root = await folder();
  for (const [key, body] of Object.entries(FILES)) {
    await mkdir(dirname(join(root, key)), { recursive: true });
    await writeFile(join(root, key), body);
  }
  return localStore(root);
}

async function openS3(): Promise<Store> {
  const server = await s3Server({ pageSize: 2 });
  for (const [key, body] of Object.entries(FILES)) server.put(`bucket/${key}`, body);
  return s3Store('bucket', { env: server.env, patience });
}

async function openHttp(): Promise<ReadableStore> {
  const server = await testServer(({ path, headers, method }) => {
    const body = FILES[path.slice(1)];
    if (body === undefined) return { status: 404 };
    const own = { etag: `"${path.length}"`, 'accept-ranges': 'bytes' };
    return method === 'HEAD'
      ? { status: 200, headers: { ...own, 'content-length': String(body.length) } }
      : ranged(body, headers, own);
  });
  const store = httpStore(server.url, '', patience);
  const escaped = (key: string): string => key.split('/').map(encodeURIComponent).join('/');
  return { ...store, stat: (key, s) => store.stat(escaped(key), s), get: (key, o) => store.get(escaped(key), o) };
}

async function openHub(): Promise<ReadableStore> {
  const { env } = await hubServer(FILES);
  return hubStore({ repository: 'owner/name', revision: 'main' }, { env, patience });
}

async function all(listing: AsyncIterable<Listed>): Promise<string[]> {
  const names: string[] = [];
  for await (const object of listing) names.push('folder' in object ? object.folder : `${object.key} ${object.size}`);
  return names;
}

describe.each(STORES)('store $name', ({ lists, writes, open }) => {
  it('gives objects whole, by ranges and by their version, and says what is not there', async () => {
    const store = await open();
    for (const [key, body] of Object.entries(FILES)) {
      const found = await store.stat(key);
      expect(found?.size).toBe(body.length);
      expect(found?.version).not.toBe('');
      expect((await bytesOf(store.get(key))).equals(body)).toBe(true);
      const range = { start: 3, end: 9 };
      const part = await bytesOf(store.get(key, { range, version: found?.version }));
      expect(part.toString('hex')).toBe(body.subarray(3, 9).toString('hex'));
    }
    expect(await store.stat('none.txt')).toBeNull();
    await expect(bytesOf(store.get('none.txt'))).rejects.toThrow(/404/);
    expect(await bytesOf(store.get('z.bin', { range: { start: 5, end: 5 } }))).toEqual(Buffer.alloc(0));
  });

  it.runIf(lists)('lists all below a prefix in the order of bytes, or one level with its folders', async () => {
    const store = await open();
    expect(await all(store.list(''))).toEqual(Object.entries(FILES).map(([k, b]) => `${k} ${b.length}`));
    expect((await all(store.list('', { shallow: true }))).sort()).toEqual(['a.txt 12', 'deep/', 'z.bin 100000']);
    expect((await all(store.list('deep/', { shallow: true }))).sort()).toEqual(['deep/b c.txt 19', 'deep/er/']);
    expect(await all(store.list('none/'))).toEqual([]);
  });

  it.runIf(writes)('writes what is absent once, over one version only, in parts, and deletes', async () => {
    const store = (await open()) as Store;
    const text = (t: string): Uint8Array => Buffer.from(t);
    expect((await store.put('new/x', text('one'), { when: 'absent' })).written).toBe(true);
    expect((await store.put('new/x', text('two'), { when: 'absent' })).written).toBe(false);
    const { version } = (await store.stat('new/x'))!;
    const second = await store.put('new/x', text('three'), { when: { version: version! } });
    expect(second.written).toBe(true);
    expect((await store.put('new/x', text('four'), { when: { version: version! } })).written).toBe(false);
    expect((await store.put('gone', text('x'), { when: { version: version! } })).written).toBe(false);
    expect((await bytesOf(store.get('new/x'))).toString()).toBe('three');
    const body = FILES['z.bin'];
    expect((await store.put('parts', body, { when: 'absent', partBytes: 40_000 })).written).toBe(true);
    expect((await store.put('parts', text('y'), { when: 'absent', partBytes: 40_000 })).written).toBe(false);
    expect((await bytesOf(store.get('parts'))).equals(body)).toBe(true);
    const file = join(await folder(), 'file');
    await writeFile(file, body);
    expect((await store.put('from-file', { file, size: body.length })).written).toBe(true);
    expect((await bytesOf(store.get('from-file'))).equals(body)).toBe(true);
    const races = await Promise.all(
      Array.from({ length: 6 }, (_, i) => store.put('race', text(`writer ${i}`), { when: 'absent' })),
    );
    expect(races.filter((r) => r.written).length).toBe(1);
    await store.delete('parts');
    await store.delete('parts');
    expect(await store.stat('parts')).toBeNull();
    await deleteAll(store, ['new/x', 'race', 'none']);
    expect([await store.stat('new/x'), await store.stat('race')]).toEqual([null, null]);
  });
});
