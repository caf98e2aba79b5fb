import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';

/** What goes wrong with one request. */
export type Fault =
  /** This status in place of the answer, with this body or an error of this code; nothing is done. */
  | { readonly status: number; readonly retryAfter?: string; readonly code?: string; readonly body?: string }
  /** The connection ends after so many bytes of the body. */
  | { readonly cutAfter: number }
  /** Says that the body is so many bytes longer than it is (or shorter), and ends. */
  | { readonly lie: number }
  /** The work is done, and the answer is never sent. */
  | 'lost answer';

export interface Request {
  readonly method: string;
  /** Decoded. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
  /** Number of the request, from 0. */
  readonly number: number;
}

export interface Reply {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: Uint8Array | string;
}

export interface TestServer {
  readonly url: string;
  readonly requests: Request[];
  /** Looked at for every request. */
  fault: (request: Request) => Fault | null;
}

/** A server on the loopback that ends with the test, whose faults a test decides. */
export async function testServer(answer: (request: Request) => Reply): Promise<TestServer> {
  const requests: Request[] = [];
  const self: TestServer = { url: '', requests, fault: () => null };
  const server = createServer(async (incoming, outgoing) => {
    const parts: Uint8Array[] = [];
    for await (const part of incoming) parts.push(part as Uint8Array);
    const url = new URL(incoming.url ?? '/', 'http://host');
    const request: Request = {
      method: incoming.method ?? 'GET',
      path: decodeURIComponent(url.pathname),
      query: url.searchParams,
      headers: incoming.headers,
      body: Buffer.concat(parts),
      number: requests.length,
    };
    requests.push(request);
    reply(request, self.fault(request), answer, outgoing);
  });
  await new Promise<void>((r) => server.listen(0, '127.0.0.1', r));
  onTestFinished(() => closed(server));
  return Object.assign(self, { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` });
}

export function closed(server: Server): Promise<void> {
  server.closeAllConnections();
  return new Promise((r) => server.close(() => r()));
}

function reply(request: Request, fault: Fault | null, answer: (r: Request) => Reply, outgoing: ServerResponse): void {
  if (fault !== null && typeof fault === 'object' && 'status' in fault) {
    const headers = fault.retryAfter === undefined ? {} : { 'retry-after': fault.retryAfter };
    outgoing.writeHead(fault.status, headers);
    outgoing.end(fault.body ?? (fault.code === undefined ? '' : `<Error><Code>${fault.code}</Code></Error>`));
    return;
  }
  const { status, headers = {}, body = '' } = answer(request);
  if (fault === 'lost answer') {
    outgoing.destroy();
    return;
  }
  const bytes = Buffer.from(body as Uint8Array);
  const told = Number(headers['content-length'] ?? bytes.length);
  if (request.method === 'HEAD' || status === 204) {
    outgoing.writeHead(status, { ...headers, 'content-length': String(told) });
    outgoing.end();
    return;
  }
  if (fault !== null && 'lie' in fault) {
    outgoing.strictContentLength = false;
    outgoing.writeHead(status, { ...headers, 'content-length': String(told + fault.lie), connection: 'close' });
    outgoing.write(fault.lie < 0 ? bytes.subarray(0, told + fault.lie) : bytes, () => outgoing.destroy());
    return;
  }
  outgoing.writeHead(status, { ...headers, 'content-length': String(told) });
  if (fault !== null) outgoing.write(bytes.subarray(0, fault.cutAfter), () => outgoing.destroy());
  else outgoing.end(bytes);
}

/** Bytes of a body that a `Range` asks for: 206, or 416. */
export function ranged(
  body: Buffer,
  headers: IncomingMessage['headers'],
  own: Readonly<Record<string, string>>,
): Reply {
  const range = /^bytes=(\d+)-(\d*)$/.exec(headers.range ?? '');
  if (range === null) return { status: 200, headers: { ...own, 'accept-ranges': 'bytes' }, body };
  const [start, end] = [Number(range[1]), range[2] === '' ? body.length : Math.min(body.length, Number(range[2]) + 1)];
  if (start >= body.length) return { status: 416, headers: { 'content-range': `bytes */${body.length}` } };
  const part = body.subarray(start, end);
  return { status: 206, headers: { ...own, 'content-range': `bytes ${start}-${end - 1}/${body.length}` }, body: part };
}
