import type { Agent, IncomingMessage } from 'node:http';

export type Headers = Readonly<Record<string, string>>;

export interface Call {
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE';
  readonly url: URL;
  readonly headers: Headers;
  readonly body?: Uint8Array;
  readonly signal?: AbortSignal;
  /** Longest silence in milliseconds, before the answer and between two pieces of it. Default 60 seconds. */
  readonly silenceMs?: number;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** The raw bytes: whatever packing the server names is left as it is. Must be read to the end, or destroyed. */
  readonly body: IncomingMessage;
}

/** A connection that broke, was silent for too long, or could not be made: worth another try. */
export class ConnectionError extends Error {
  override readonly name = 'ConnectionError';
}

const SILENCE_MS = 60_000;
/** Connections stay open for the next request, and keep no process alive. */
const agents: { http?: Agent; https?: Agent } = {};

/** Loaded with the first request: together 10 ms, which a run over files of the disk does not need. */
function clientOf(secure: boolean) {
  const { Agent, request } = secure ? process.getBuiltinModule('node:https') : process.getBuiltinModule('node:http');
  const name = secure ? 'https' : 'http';
  agents[name] ??= new Agent({ keepAlive: true, maxFreeSockets: 64 });
  return { request, agent: agents[name] };
}

/**
 * One request, without redirects and without another try. Node's own `fetch` would unpack what a server calls packed,
 * which a range of it cannot be. Errors: ConnectionError; the reason of an aborted signal.
 */
export function send({ method, url, headers, body, signal, silenceMs = SILENCE_MS }: Call): Promise<Answer> {
  const client = clientOf(url.protocol === 'https:');
  return new Promise((resolve, reject) => {
    if (signal?.aborted) {
      reject(signal.reason as Error);
      return;
    }
    const request = client.request(url, {
      method,
      agent: client.agent,
      headers: {
        'accept-encoding': 'identity',
        'user-agent': 'sluice',
        ...headers,
        ...(body !== undefined || method === 'PUT' || method === 'POST'
          ? { 'content-length': String(body?.length ?? 0) }
          : {}),
      },
      timeout: silenceMs,
    });
    let received: IncomingMessage | null = null;
    // An answer that was read to its end has given its connection back: nobody would hear the error of that.
    const abort = (): void => void (received ?? request).destroy(signal?.reason as Error);
    signal?.addEventListener('abort', abort, { once: true });
    request.on('close', () => signal?.removeEventListener('abort', abort));
    request.on('timeout', () => request.destroy(new ConnectionError(`silence for ${Math.round(silenceMs / 1000)} s`)));
    request.on('response', (answer) => {
      received = answer;
      resolve({ status: answer.statusCode ?? 0, headers: answer.headers, body: answer });
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      reject(signal?.aborted ? (signal.reason as Error) : connectionError(error, url)),
    );
    request.end(body);
  });
}

/** In words without the address that it was sent to, whose query may hold a signature. */
function connectionError(error: NodeJS.ErrnoException, url: URL): ConnectionError {
  if (error instanceof ConnectionError) return error;
  const words: Readonly<Record<string, string>> = {
    ECONNREFUSED: `nobody listens at ${url.host}`,
    ENOTFOUND: `no such host: ${url.hostname}`,
    EAI_AGAIN: `the name ${url.hostname} could not be looked up`,
    ECONNRESET: 'the connection was cut',
  };
  return new ConnectionError(words[error.code ?? ''] ?? `${error.code ?? error.message}`, { cause: error });
}

/** The pieces of an answer. Errors: ConnectionError when it is cut off. */
export async function* pieces({ body }: Answer, signal?: AbortSignal): AsyncGenerator<Uint8Array> {
  try {
    for await (const piece of body) yield piece as Uint8Array;
  } catch (error) {
    if (signal?.aborted) throw signal.reason;
    throw new ConnectionError('the connection was cut', { cause: error });
  } finally {
    body.destroy();
  }
}

/** The text of an answer, at most so many bytes of it. */
export async function textOf(answer: Answer, most = 1 << 20): Promise<string> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for await (const piece of pieces(answer)) {
    parts.push(piece);
    bytes += piece.length;
    if (bytes >= most) break;
  }
  return Buffer.concat(parts).toString('utf8');
}

/** Reads what is left of an answer that nobody needs, so that its connection can be used again. */
export async function drain(answer: Answer): Promise<void> {
  const left = Number(answer.headers['content-length'] ?? 0);
  if (left > 64 * 1024) return void answer.body.destroy();
  try {
    await textOf(answer);
  } catch (error) {
    // Its status and headers have come; of a cut only the connection is lost.
    if (!(error instanceof ConnectionError)) throw error;
  }
}
