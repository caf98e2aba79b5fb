import { randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { SluiceError } from '../../errors.ts';
import { type Access, isLoopback, listening, refusal, SAFE, sendJson } from '../http.ts';
import type { Cells } from './cells.ts';
import { pageFiles } from './files.ts';

/** What a live page shows, as functions: whoever has a run gives them. */
export interface LiveSource {
  readonly cells: Cells;
  /** Cells for `/api/state`, with what no page shows. */
  whole(): Iterable<readonly [string, unknown]>;
  /** Calls back after cells have changed; returns how to stop that. */
  watch(changed: () => void): () => void;
  /** Answers of `/api/<name>`, by the query of the address; plain data. */
  readonly api: Readonly<Record<string, (query: URLSearchParams) => Promise<unknown>>>;
  /** Prometheus text. */
  metrics(): string;
}

export interface LiveServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: any that is free. */
  readonly port?: number;
  /** Needed when `host` is not loopback. */
  readonly token?: string | null;
}

export interface LiveServer {
  readonly host: string;
  readonly port: number;
  /** With the token, where one is needed. */
  readonly url: string;
  close(): Promise<void>;
}

const COOKIE = 'sluice_token';
/** So that a proxy does not take a quiet stream for a dead one. */
const COMMENT_MS = 15_000;
const LINGER_MS = 200;

const CSP = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/**
 * Serves the live page: `GET /`, its files, `GET /events?cursor=` (Server-Sent Events of changed cells), `GET
 * /api/state` and `/api/<name>` (JSON), `GET /metrics` (Prometheus). Nothing can be changed through it.
 */
export async function serveLive(source: LiveSource, options: LiveServerOptions = {}): Promise<LiveServer> {
  const { host = '127.0.0.1', port = 0, token = null } = options;
  if (!isLoopback(host) && token === null) throw new Error('a token is needed beyond loopback');
  const access: Access = { host, token, cookie: COOKIE };
  const files = await pageFiles();
  // A cursor is of one process: another one begins anew.
  const context: Context = { source, access, files, epoch: randomBytes(6).toString('hex'), streams: new Set() };
  const server = createServer((request, response) => {
    answer(request, response, context).catch((error) => failed(response, error));
  });
  const { port: bound, origin } = await listening(server, port, host);
  return {
    host,
    port: bound,
    url: `${origin}/${token === null ? '' : `?token=${token}`}`,
    async close() {
      const done = new Promise<void>((resolve) => server.close(() => resolve()));
      for (const end of context.streams) end();
      server.closeIdleConnections();
      // A browser keeps its connection for seconds after the last answer.
      const last = setTimeout(() => server.closeAllConnections(), LINGER_MS);
      await done;
      clearTimeout(last);
    },
  };
}

interface Context {
  readonly source: LiveSource;
  readonly access: Access;
  readonly files: Awaited<ReturnType<typeof pageFiles>>;
  readonly epoch: string;
  readonly streams: Set<() => void>;
}

async function answer(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const { source, access, files, epoch } = context;
  const url = new URL(request.url ?? '/', 'http://live');
  const { token } = access;
  if (request.method !== 'GET' && request.method !== 'HEAD')
    return sendJson(response, 405, { error: 'Nothing can be changed here: GET and HEAD only.' });
  // The address that was printed: the token goes into a cookie, so that it stands in no link and no history.
  if (token !== null && url.pathname === '/' && url.searchParams.has('token')) {
    const given = { headers: { ...request.headers, authorization: `Bearer ${url.searchParams.get('token')}` } };
    const refused = refusal(given as IncomingMessage, access);
    if (refused) return sendJson(response, refused[0], { error: refused[1] });
    const cookie = `${COOKIE}=${token}; HttpOnly; SameSite=Strict; Path=/`;
    response.writeHead(303, { location: '/', 'set-cookie': cookie, ...SAFE }).end();
    return;
  }
  const refused = refusal(request, access);
  if (refused) return sendJson(response, refused[0], { error: refused[1] });
  const file = files.get(url.pathname);
  if (file) {
    const { type, bytes } = file;
    const head = { 'content-type': type, 'content-length': bytes.length, 'content-security-policy': CSP, ...SAFE };
    response.writeHead(200, head);
    response.end(request.method === 'HEAD' ? undefined : bytes);
    return;
  }
  if (url.pathname === '/events') return stream(request, response, url, context);
  if (url.pathname === '/metrics') {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4; charset=utf-8', ...SAFE });
    response.end(source.metrics());
    return;
  }
  if (url.pathname === '/api/state') {
    const cursor = `${epoch}.${source.cells.version}`;
    const cells = [...source.whole()].filter(([, value]) => value !== null && value !== undefined);
    return sendJson(response, 200, { cursor, ...Object.fromEntries(cells) });
  }
  if (url.pathname === '/api' || url.pathname === '/api/')
    return sendJson(response, 200, { answers: ['state', ...Object.keys(source.api)].map((name) => `/api/${name}`) });
  const name = /^\/api\/([\w-]+)$/.exec(url.pathname)?.[1] ?? '';
  if (Object.hasOwn(source.api, name)) return sendJson(response, 200, await source.api[name](url.searchParams));
  sendJson(response, 404, { error: `There is no ${url.pathname}: /, /events, /metrics, /api.` });
}

/** A client that reads slowly is told less often: what it has not taken yet is never piled up. */
function stream(request: IncomingMessage, response: ServerResponse, url: URL, context: Context): void {
  const { source, epoch, streams } = context;
  const said = String(request.headers['last-event-id'] ?? url.searchParams.get('cursor') ?? '');
  const [theirs, number] = said.split('.');
  let cursor = theirs === epoch && /^\d+$/.test(number ?? '') ? Number(number) : 0;
  // Its end is that of the connection: in chunks each event would be written in four parts, for twice the CPU.
  response.useChunkedEncodingByDefault = false;
  response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', connection: 'close', ...SAFE });
  const tell = (): void => {
    if (response.writableNeedDrain || cursor === source.cells.version) return;
    const json = source.cells.since(cursor);
    cursor = source.cells.version;
    response.write(`id: ${epoch}.${cursor}\ndata: ${json}\n\n`);
  };
  response.write('retry: 1000\n\n');
  const unwatch = source.watch(tell);
  const comment = setInterval(() => response.write(': here\n\n'), COMMENT_MS);
  comment.unref();
  const end = (): void => {
    clearInterval(comment);
    unwatch();
    streams.delete(end);
    response.end();
  };
  streams.add(end);
  response.on('drain', tell);
  response.on('close', end);
  tell();
}

/** What was asked wrongly is 400, damaged files are 500; both say what to do. */
function failed(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const asked = error instanceof RangeError || (error instanceof SluiceError && error.code === 'config');
  const parts = error instanceof SluiceError ? error.parts : {};
  sendJson(response, asked ? 400 : 500, { error: (error as Error).message, ...parts });
}
