import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { SluiceError } from '../../errors.ts';
import { isFull } from '../../files/full-disk.ts';
import { type Access, isLoopback, jsonBody, listening, refusal, SAFE, sendJson } from '../http.ts';
import { encodePulled } from './encode.ts';
import { FeedMetrics } from './metrics.ts';
import { type Asked, type FeedSource, SendAgain } from './source.ts';

export interface FeedServerOptions {
  /** Default 127.0.0.1. */
  readonly host?: string;
  /** Default: any that is free. */
  readonly port?: number;
  /** Needed when `host` is not loopback. */
  readonly token?: string | null;
  /** A request that has to wait is answered after so long, with what there is. Default 20 s. */
  readonly waitMs?: number;
}

export interface FeedServer {
  readonly host: string;
  readonly port: number;
  readonly url: string;
  readonly metrics: FeedMetrics;
  /** Answers those who wait, and stops listening. The source stays open. */
  close(): Promise<void>;
}

const BODY_BYTES = 1 << 20;
/** Sequences of one answer; a client that wants more asks again. */
const MOST_BYTES = 64 * 1024 * 1024;

/**
 * Serves a feed: `GET /feed` (facts), `GET /sequences?from=&count=&rank=&world=` (Arrow IPC), `POST /losses`
 * `{step, losses: {domain: number}}`, `POST /rewind` `{step}`, `GET /status`, `GET /metrics` (Prometheus). 503 answers
 * what is to be sent again, since another server has begun to write the log.
 */
export async function serveFeed(source: FeedSource, options: FeedServerOptions = {}): Promise<FeedServer> {
  const { host = '127.0.0.1', port = 0, token = null, waitMs = 20_000 } = options;
  if (!isLoopback(host) && token === null) throw new Error('a token is needed beyond loopback');
  const metrics = new FeedMetrics();
  const stop = new AbortController();
  const access: Access = { host, token };
  const server = createServer((request, response) => {
    answer(request, response, { source, access, metrics, waitMs, stop: stop.signal }).catch((error) =>
      failed(response, error),
    );
  });
  // Ranks keep their connection for as long as they train.
  server.keepAliveTimeout = 120_000;
  const { port: bound, origin } = await listening(server, port, host);
  return {
    host,
    port: bound,
    url: origin,
    metrics,
    close: () => closed(server, stop),
  };
}

async function closed(server: Server, stop: AbortController): Promise<void> {
  stop.abort();
  const done = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  await done;
}

interface Context {
  readonly source: FeedSource;
  readonly access: Access;
  readonly metrics: FeedMetrics;
  readonly waitMs: number;
  readonly stop: AbortSignal;
}

type Route = (request: IncomingMessage, response: ServerResponse, url: URL, context: Context) => Promise<void>;

const routes: Readonly<Record<string, Route>> = {
  'GET /feed': async (_, response, __, { source }) => sendJson(response, 200, source.facts),
  'GET /status': async (_, response, __, { source, metrics }) =>
    sendJson(response, 200, { ...(await source.status()), ranks: metrics.ranks() }),
  'GET /metrics': async (_, response, __, { source, metrics }) => {
    response.writeHead(200, { 'content-type': 'text/plain; version=0.0.4', ...SAFE });
    response.end(metrics.text(await source.status()));
  },
  'GET /sequences': sequences,
  'POST /losses': async (request, response, _, { source }) => {
    const writer = writerFor(request, source);
    if (writer === null) return sendJson(response, 421, ANOTHER);
    const { step, losses } = (await jsonBody(request, BODY_BYTES)) as { step: unknown; losses: unknown };
    if (!isStep(step) || losses === null || typeof losses !== 'object' || Array.isArray(losses))
      return sendJson(response, 400, wrong('{"step": number, "losses": {"domain": number}}', { step, losses }));
    await writer.post(step, losses as Record<string, number | null>);
    sendJson(response, 200, { step, actsFrom: step + source.facts.lag });
  },
  'POST /rewind': async (request, response, _, { source }) => {
    const writer = writerFor(request, source);
    if (writer === null) return sendJson(response, 421, ANOTHER);
    const { step } = (await jsonBody(request, BODY_BYTES)) as { step: unknown };
    if (!isStep(step)) return sendJson(response, 400, wrong('{"step": number}', { step }));
    await writer.rewind(step);
    sendJson(response, 200, { step });
  },
};

/** Names the server that one of several means when it hands a request on. */
export const WRITER_HEADER = 'x-sluice-writer';
const ANOTHER = { error: 'this is not the server that was meant' };

/** Null: the request was handed on to a server that is no longer at this address. */
function writerFor({ headers }: IncomingMessage, source: FeedSource): Pick<FeedSource, 'post' | 'rewind'> | null {
  const meant = headers[WRITER_HEADER];
  if (meant === undefined) return source;
  return source.asWriter?.id === meant ? source.asWriter : null;
}

async function answer(request: IncomingMessage, response: ServerResponse, context: Context): Promise<void> {
  const refused = refusal(request, context.access);
  if (refused) return sendJson(response, refused[0], { error: refused[1] });
  const url = new URL(request.url ?? '/', 'http://feed');
  const route = routes[`${request.method} ${url.pathname}`];
  if (route) return route(request, response, url, context);
  sendJson(response, 404, {
    error: `There is no ${request.method} ${url.pathname}: ${Object.keys(routes).join(', ')}.`,
  });
}

/** What a consumer gets of the tokens: ids, where they lie, or both. */
const TOKENS = {
  ids: { ids: true, ranges: false },
  ranges: { ids: false, ranges: true },
  both: { ids: true, ranges: true },
} as const;

async function sequences(
  _: IncomingMessage,
  response: ServerResponse,
  url: URL,
  { source, metrics, waitMs, stop }: Context,
): Promise<void> {
  const number = (name: string, otherwise: number): number => Number(url.searchParams.get(name) ?? otherwise);
  const asked: Asked = {
    from: number('from', Number.NaN),
    count: number('count', 1),
    stride: number('stride', 1),
    rank: number('rank', 0),
    world: number('world', 1),
  };
  const { rank, world } = asked;
  const tokens = url.searchParams.get('tokens') ?? 'ids';
  if (!Object.hasOwn(TOKENS, tokens))
    return sendJson(response, 400, wrong(`tokens=${Object.keys(TOKENS).join(', ')}`, tokens));
  const wanted = TOKENS[tokens as keyof typeof TOKENS];
  if (!Object.values(asked).every(isStep) || asked.count < 1 || asked.stride < 1 || rank >= world)
    return sendJson(response, 400, wrong('from >= 0, count >= 1, stride >= 1, rank < world', asked));
  const { contextLength, sequencesPerStep, vocabulary } = source.facts;
  const stepBytes = Math.ceil(sequencesPerStep / world) * contextLength * (vocabulary.size > 65_536 ? 4 : 2);
  const count = Math.min(asked.count, Math.max(1, Math.floor(MOST_BYTES / stepBytes)));
  const gone = new AbortController();
  response.once('close', () => gone.abort());
  const until = AbortSignal.any([stop, gone.signal, AbortSignal.timeout(waitMs)]);
  const pulled = await source.pull({ ...asked, count, ids: wanted.ids }, until);
  metrics.pulled(rank, world, pulled, contextLength);
  const bytes = encodePulled(source.facts, pulled, wanted);
  response.writeHead(200, {
    'content-type': 'application/vnd.apache.arrow.stream',
    'content-length': bytes.length,
    ...SAFE,
  });
  response.end(bytes);
}

const isStep = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0;

const wrong = (expected: string, got: unknown) => ({ error: 'the request is not right', expected, got });

const FULL = {
  error: 'there is no room to write the log of the mixture',
  expected: 'room on the disk of the feed',
  fix: 'Free some, and start the feed again: the trainer goes on where it was, and nothing is drawn twice.',
};

/** What the caller did wrong is 400, damaged files are 500; both say what to do. */
function failed(response: ServerResponse, error: unknown): void {
  if (response.headersSent) {
    response.destroy();
    return;
  }
  if (isFull(error)) {
    sendJson(response, 507, FULL);
    return;
  }
  const bad = error instanceof SyntaxError || error instanceof RangeError;
  const wrongly = bad || (error instanceof SluiceError && error.code === 'config');
  const status = error instanceof SendAgain ? 503 : wrongly ? 400 : 500;
  const parts = error instanceof SluiceError ? error.parts : {};
  sendJson(response, status, { error: (error as Error).message, ...parts });
}
