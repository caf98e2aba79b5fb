import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { deleteAll } from '../../../../src/files/stores/delete-all.ts';
import { s3Store } from '../../../../src/files/stores/s3/s3-store.ts';
import { bytesOf } from '../../../../src/files/stores/store.ts';
import { temporaryFolder } from '../../../helpers/run.ts';
import { s3Server } from '../../../helpers/stores/s3-server.ts';

const patience = { wait: async () => {} };
const LARGE = Buffer.alloc(100_000, 7);
const contentOf = (r: { headers: Readonly<Record<string, unknown>> }): unknown => r.headers['x-amz-content-sha256'];

const isSigned = (r: { headers: Readonly<Record<string, unknown>> }): boolean => contentOf(r) !== 'UNSIGNED-PAYLOAD';

/** @param signing what the profile says of `payload_signing_enabled` */
async function opened(signing?: 'true' | 'false') {
  const server = await s3Server();
  const config = join(await temporaryFolder(), 'config');
  await writeFile(config, signing ? `[default]\ns3 =\n  payload_signing_enabled = ${signing}\n` : '');
  return { server, store: s3Store('b', { env: { ...server.env, AWS_CONFIG_FILE: config }, patience }) };
}

async function largeFile() {
  const file = join(await temporaryFolder(), 'large');
  await writeFile(file, LARGE);
  return { file, size: LARGE.length };
}

describe('s3Store', () => {
  it('signs every body over plain http, where the profile does not say otherwise', async () => {
    const { server, store } = await opened();
    const file = await largeFile();
    await store.put('bytes', LARGE);
    await store.put('file', file);
    await store.put('parts', file, { partBytes: 70_000 });
    expect(server.requests.map(contentOf)).toEqual(server.requests.map(() => expect.stringMatching(/^[0-9a-f]{64}$/)));
  });

  it('takes no hash of large files where the profile says so, but of all else', async () => {
    const { server, store } = await opened('false');
    const file = await largeFile();
    await store.put('small', { file: file.file, size: 3 });
    await store.put('commit', LARGE);
    await store.put('file', file);
    expect(server.requests.map(isSigned)).toEqual([true, true, false]);
    server.requests.length = 0;
    await store.put('parts', file, { partBytes: 70_000 });
    expect(
      server.requests
        .filter((r) => r.method === 'PUT')
        .map(isSigned)
        .sort(),
    ).toEqual([false, true]);
    expect((await bytesOf(store.get('parts'))).equals(LARGE)).toBe(true);
  });

  it('signs every body for a store that wants that', async () => {
    const { server, store } = await opened('false');
    const file = await largeFile();
    server.fault = (r) => (isSigned(r) ? null : { status: 400, code: 'XAmzContentSHA256Mismatch' });
    expect(await store.put('strict', file, { when: 'absent' })).toMatchObject({ written: true });
    await store.put('again', file);
    expect(server.requests.map(isSigned)).toEqual([false, true, true]);
    expect((await bytesOf(store.get('again'))).equals(LARGE)).toBe(true);
  });

  it('deletes many with one request; one by one where a store does not know that', async () => {
    const { server, store } = await opened();
    const keys = ['a', 'b&<c', 'd e/f'];
    for (const key of [...keys, 'stays']) server.put(`b/${key}`, key);
    await deleteAll(store, keys);
    expect([...server.objects.keys()]).toEqual(['b/stays']);
    expect(server.requests).toHaveLength(1);
    for (const key of keys) server.put(`b/${key}`, key);
    server.fault = (r) => (r.query.has('delete') ? { status: 501, code: 'NotImplemented' } : null);
    await deleteAll(store, keys);
    expect([...server.objects.keys()]).toEqual(['b/stays']);
  });

  it('deletes one by one what stayed of many, and takes what was gone for deleted', async () => {
    const { server, store } = await opened();
    for (const key of ['a', 'held&', 'c']) server.put(`b/${key}`, key);
    const failed = (key: string, code: string): string =>
      `<Error><Key>${key}</Key><Code>${code}</Code><Message>m</Message></Error>`;
    const body = `<DeleteResult>${failed('a', 'NoSuchKey')}${failed('held&amp;', 'InternalError')}</DeleteResult>`;
    server.fault = (r) => (r.query.has('delete') ? { status: 200, body } : null);
    await deleteAll(store, ['a', 'held&', 'c']);
    expect(server.requests.map((r) => `${r.method} ${r.path}`)).toEqual(['POST /b', 'DELETE /b/held&']);
  });

  it('stops to delete many when it is told to', async () => {
    const { server, store } = await opened();
    const stop = new AbortController();
    server.fault = () => {
      stop.abort();
      return { status: 503, code: 'SlowDown' };
    };
    await expect(deleteAll(store, ['a', 'b'], stop.signal)).rejects.toThrow();
    expect(server.requests).toHaveLength(1);
  });

  it('says which objects it may not delete', async () => {
    const { server, store } = await opened();
    server.fault = () => ({ status: 403, code: 'AccessDenied' });
    await expect(deleteAll(store, ['a', 'b'])).rejects.toThrow(/delete an object.*403/s);
  });
});
