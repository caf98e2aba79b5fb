import { createServer, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { closed } from './faults.ts';

/** A server on this machine that answers as it is told, until the test ends. */
export async function openServer(answer: RequestListener): Promise<{ readonly url: string }> {
  const server = createServer(answer);
  await new Promise<void>((ready) => server.listen(0, '127.0.0.1', ready));
  onTestFinished(() => closed(server));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` };
}
