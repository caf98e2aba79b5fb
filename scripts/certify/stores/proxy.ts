import { createServer, request as requestHttp, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { seededRandom } from '../../../src/random.ts';

export interface ProxyRules {
  /** Before every answer. */
  readonly latencyMs: number;
  /** Share of requests that are answered 503, and of answers whose connection is cut in the middle. */
  readonly errors: number;
  /** Of which requests the answer is dropped once the server has done its work. */
  readonly loses: (method: string, path: string) => boolean;
}

export interface StoreProxy {
  readonly url: string;
  rules: ProxyRules;
  readonly seen: { requests: number; errors: number; lost: number };
  close(): void;
}

export const CALM: ProxyRules = { latencyMs: 0, errors: 0, loses: () => false };

/** A server between a client and a store that is slow, fails, cuts and drops answers, by a seed. */
export async function proxyFor(target: string, seed = 1): Promise<StoreProxy> {
  const random = seededRandom(seed, 'proxy');
  const { hostname, port } = new URL(target);
  const self: StoreProxy = {
    url: '',
    rules: CALM,
    seen: { requests: 0, errors: 0, lost: 0 },
    close: () => server.close(),
  };
  const server = createServer(async (incoming, outgoing) => {
    self.seen.requests++;
    const { latencyMs, errors, loses } = self.rules;
    const parts: Uint8Array[] = [];
    for await (const part of incoming) parts.push(part as Uint8Array);
    if (latencyMs > 0) await sleep(latencyMs);
    const chance = random.uniform();
    if (chance < errors / 2) {
      self.seen.errors++;
      outgoing.writeHead(503).end();
      return;
    }
    const cut = chance < errors;
    const { method = 'GET', url = '/', headers } = incoming;
    const onward = requestHttp({ hostname, port, method, path: url, headers }, (answer) => {
      if (loses(method, url)) {
        self.seen.lost++;
        answer.resume();
        answer.on('end', () => outgoing.destroy());
        return;
      }
      outgoing.writeHead(answer.statusCode ?? 502, answer.headers);
      if (cut) cutShort(answer, outgoing, () => self.seen.errors++);
      else answer.pipe(outgoing);
    });
    onward.on('error', () => outgoing.destroy());
    onward.end(Buffer.concat(parts));
  });
  await new Promise<void>((r) => server.listen(0, '127.0.0.1', r));
  return Object.assign(self, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

/** Sends the first piece of an answer at most. */
function cutShort(answer: NodeJS.ReadableStream, outgoing: ServerResponse, cut: () => void): void {
  answer.once('data', (piece: Buffer) => {
    cut();
    outgoing.write(piece.subarray(0, piece.length >> 1), () => outgoing.destroy());
  });
  answer.once('end', () => outgoing.end());
}
