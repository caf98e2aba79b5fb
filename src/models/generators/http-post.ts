import type { Agent, IncomingMessage } from 'node:http';
import { GeneratorError } from './generator.ts';

/** Sends JSON to a server over connections that stay open. */
export interface HttpClient {
  /** Errors: GeneratorError (`timeout`, `connection`). */
  send(call: HttpCall): Promise<HttpAnswer>;
  close(): void;
}

export interface HttpCall {
  readonly method: 'GET' | 'POST';
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Buffer | null;
  readonly signal?: AbortSignal;
  /** Longest silence: before the first byte, and between two pieces. */
  readonly timeoutMs: number;
  /** Longest body; more is not read. */
  readonly maxBytes: number;
  /** Told every piece of the body as it comes. */
  readonly onPiece?: (piece: Buffer, answer: Pick<HttpAnswer, 'status' | 'headers'>) => void;
}

export interface HttpAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** All of it; empty where `onPiece` took the pieces. */
  readonly body: string;
}

/** A server that sends a little now and then is cut off after so many times the longest silence. */
const TOTAL = 10;

/** Redirects are not followed: a key goes to the address it was given for, or nowhere. */
export function httpClient(): HttpClient {
  // Loaded here, for a run that asks nobody does not need them.
  const { http, https } = {
    http: process.getBuiltinModule('node:http'),
    https: process.getBuiltinModule('node:https'),
  };
  const agents = { http: new http.Agent({ keepAlive: true }), https: new https.Agent({ keepAlive: true }) };
  return {
    send: (call) => send(call, agents),
    close() {
      agents.http.destroy();
      agents.https.destroy();
    },
  };
}

function send(call: HttpCall, agents: { http: Agent; https: Agent }): Promise<HttpAnswer> {
  const { url, method, headers, body, signal, timeoutMs, maxBytes, onPiece } = call;
  const secure = url.protocol === 'https:';
  return new Promise((resolve, reject) => {
    signal?.throwIfAborted();
    let silent: NodeJS.Timeout;
    const heard = (): void => {
      clearTimeout(silent);
      silent = setTimeout(() => fail(new GeneratorError('timeout', `silence for ${timeoutMs / 1000} s`)), timeoutMs);
    };
    const { request: begin } = process.getBuiltinModule(secure ? 'node:https' : 'node:http');
    const request = begin(url, {
      method,
      agent: secure ? agents.https : agents.http,
      headers: { ...headers, ...(body !== null && { 'content-length': Buffer.byteLength(body) }) },
    });
    const late = setTimeout(
      () => fail(new GeneratorError('timeout', `no end after ${(TOTAL * timeoutMs) / 1000} s`)),
      TOTAL * timeoutMs,
    );
    const over = (): void => {
      clearTimeout(silent);
      clearTimeout(late);
      signal?.removeEventListener('abort', aborted);
    };
    const fail = (error: Error): void => {
      over();
      request.destroy();
      reject(error);
    };
    const lost = (cause: Error): void =>
      fail(new GeneratorError('connection', (cause as NodeJS.ErrnoException).code ?? cause.message, { cause }));
    const aborted = (): void => fail(signal!.reason as Error);
    signal?.addEventListener('abort', aborted, { once: true });
    request.on('error', lost);
    request.on('response', (response) => {
      heard();
      const head = { status: response.statusCode ?? 0, headers: response.headers };
      const pieces: Buffer[] = [];
      let bytes = 0;
      response.on('data', (piece: Buffer) => {
        heard();
        bytes += piece.length;
        if (bytes > maxBytes) return fail(new GeneratorError('bad_answer', `more than ${maxBytes} bytes`));
        try {
          if (onPiece && head.status === 200) onPiece(piece, head);
          else pieces.push(piece);
        } catch (error) {
          fail(error as Error);
        }
      });
      response.on('error', lost);
      response.on('aborted', () => lost(new Error('the server closed the connection in the middle of its answer')));
      response.on('end', () => {
        over();
        resolve({ ...head, body: Buffer.concat(pieces).toString('utf8') });
      });
    });
    heard();
    request.end(body ?? undefined);
  });
}
