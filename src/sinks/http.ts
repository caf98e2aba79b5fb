import { timingSafeEqual } from 'node:crypto';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { type AddressInfo, isIP } from 'node:net';

const LOOPBACK = new Set(['localhost', '127.0.0.1', '::1', '[::1]']);

/** True of an address that other machines cannot reach. */
export const isLoopback = (host: string): boolean => LOOPBACK.has(host) || /^127(\.\d{1,3}){3}$/.test(host);

/** Who may ask: pages of other sites never, other machines with the token only. */
export interface Access {
  /** Address that the server listens on. */
  readonly host: string;
  /** Asked for in `Authorization: Bearer`; null: none is needed, on loopback. */
  readonly token: string | null;
  /** A cookie of this name may hold the token too: a browser's, which sends no header of ours. */
  readonly cookie?: string;
}

/** Why a request is refused: status and a sentence; null: it is not. */
export function refusal(
  { headers }: IncomingMessage,
  { host, token, cookie }: Access,
): readonly [number, string] | null {
  if (headers.origin !== undefined && !sameHost(headers.origin, headers.host))
    return [403, 'A page of another site asked: only programs, and pages of this server, may.'];
  const asked = hostName(headers.host ?? '');
  // A name that somebody else points to this address would be another site's page.
  if (isLoopback(host) && !isLoopback(asked))
    return [403, `The host ${asked || '(none)'} is not this server: ask for 127.0.0.1 or localhost.`];
  if (!isLoopback(host) && token === null && isIP(asked) === 0) return [403, 'Ask by the address of the server.'];
  const known = [headers.authorization ?? '', `Bearer ${cookieOf(headers.cookie, cookie) ?? ''}`];
  if (token !== null && !known.some((k) => sameText(k, `Bearer ${token}`)))
    return [401, 'A token is needed: Authorization: Bearer <token>.'];
  return null;
}

/** Value of a cookie; null where there is none of that name. */
function cookieOf(cookies: string | undefined, name: string | undefined): string | null {
  if (name === undefined) return null;
  const pairs = (cookies ?? '').split(';').map((pair) => pair.trim());
  return pairs.find((pair) => pair.startsWith(`${name}=`))?.slice(name.length + 1) ?? null;
}

const hostName = (host: string): string => host.replace(/:\d+$/, '');

function sameHost(origin: string, host: string | undefined): boolean {
  try {
    return new URL(origin).host === host;
  } catch {
    // An origin that is no address, as `null` of a sandboxed page, is nobody's.
    return false;
  }
}

function sameText(a: string, b: string): boolean {
  const [left, right] = [Buffer.from(a), Buffer.from(b)];
  return left.length === right.length && timingSafeEqual(left, right);
}

export function sendJson(response: ServerResponse, status: number, body: unknown): void {
  const bytes = Buffer.from(`${JSON.stringify(body)}\n`);
  response.writeHead(status, { 'content-type': 'application/json', 'content-length': bytes.length, ...SAFE });
  response.end(bytes);
}

/** Sent with everything: nothing is guessed, kept or framed. */
export const SAFE = {
  'x-content-type-options': 'nosniff',
  'cache-control': 'no-store',
  'referrer-policy': 'no-referrer',
  'x-frame-options': 'DENY',
} as const;

/**
 * A body of JSON. What is too long is read to its end and let go: who is cut off while sending sees no answer. Errors:
 * SyntaxError; RangeError for more bytes than `most`.
 */
export async function jsonBody(request: IncomingMessage, most: number): Promise<unknown> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    bytes += part.length;
    if (bytes <= most) parts.push(part);
    if (bytes > 64 * most) break;
  }
  if (bytes > most) throw new RangeError(`a body of at most ${most} bytes is read`);
  return JSON.parse(Buffer.concat(parts).toString('utf8'));
}

/** Starts to listen. @returns the port, where 0 was asked for another one, and the address without a path */
export async function listening(
  server: Server,
  port: number,
  host: string,
): Promise<{ readonly port: number; readonly origin: string }> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => resolve());
  });
  const { port: bound } = server.address() as AddressInfo;
  return { port: bound, origin: `http://${host.includes(':') ? `[${host}]` : host}:${bound}` };
}
