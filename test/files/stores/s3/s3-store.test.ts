import { describe, expect, it } from 'vitest';
import { deleteAll } from '../../../../src/files/stores/delete-all.ts';
import { s3Store } from '../../../../src/files/stores/s3/s3-store.ts';
import { bytesOf } from '../../../../src/files/stores/store.ts';
import { s3Server } from '../../../helpers/stores/s3-server.ts';

const patience = { wait: async () => {} };
const LARGE = Buffer.alloc(100_000, 7);
const contentOf = (r: { headers: Readonly<Record<string, unknown>> }): unknown => r.headers['x-amz-content-sha256'];

async function opened() {
  const server = await s3Server();
  return { server, store: s3Store('b', { env: server.env, patience }) };
}

describe('s3Store', () => {
  it('takes no hash of a large body, and signs every body for a store that wants that', async () => {
    const { server, store } = await opened();
    await store.put('small', Buffer.from('one'));
    await store.put('large', LARGE);
    expect(server.requests.map(contentOf)).toEqual([expect.stringMatching(/^[0-9a-f]{64}$/), 'UNSIGNED-PAYLOAD']);
    server.fault = (r) =>
      contentOf(r) === 'UNSIGNED-PAYLOAD' ? { status: 400, code: 'XAmzContentSHA256Mismatch' } : null;
    expect(await store.put('strict', LARGE, { when: 'absent' })).toMatchObject({ written: true });
    await store.put('again', LARGE);
    expect(
      server.requests
        .slice(2)
        .map(contentOf)
        .map((c) => c === 'UNSIGNED-PAYLOAD'),
    ).toEqual([true, false, false]);
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

  it('says which objects it may not delete', async () => {
    const { server, store } = await opened();
    server.fault = () => ({ status: 403, code: 'AccessDenied' });
    await expect(deleteAll(store, ['a', 'b'])).rejects.toThrow(/delete an object.*403/s);
  });
});
