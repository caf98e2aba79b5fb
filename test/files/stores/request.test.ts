import { once } from 'node:events';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { drain, pieces, send } from '../../../src/files/stores/request.ts';
import { s3Store } from '../../../src/files/stores/s3/s3-store.ts';
import { openServer } from '../../helpers/stores/plain-server.ts';

it('a write counts by its status: a body that is cut after it is nobody’s loss', async () => {
  const { url } = await openServer((request, answer) => {
    request.resume();
    request.on('end', () => {
      answer.writeHead(200, { etag: '"e"', 'content-length': '20' });
      answer.write('abc', () => answer.destroy());
    });
  });
  const env = { AWS_ACCESS_KEY_ID: 'AKIAEXAMPLE', AWS_SECRET_ACCESS_KEY: 'x', AWS_ENDPOINT_URL: url };
  const store = s3Store('bucket', { env, patience: { attempts: 1 } });
  expect(await store.put('key', Buffer.from('bytes'))).toEqual({ written: true, version: '"e"' });
  expect(await store.delete('key')).toBeUndefined();
});

it('giving up after an answer was read to its end breaks nothing', async () => {
  const { url } = await openServer((_request, answer) => answer.end('whole'));
  const abort = new AbortController();
  const got = await send({ method: 'GET', url: new URL(url), headers: {}, signal: abort.signal });
  got.body.resume();
  await once(got.body, 'end');
  // In the same turn the connection is given back: an error of it would have no listener.
  abort.abort(new Error('closed'));
  await turn();
  const next = await send({ method: 'GET', url: new URL(url), headers: {} });
  const parts: Uint8Array[] = [];
  for await (const piece of pieces(next)) parts.push(piece);
  expect(Buffer.concat(parts).toString()).toBe('whole');
  await drain(next);
});
