import { createHash, createHmac } from 'node:crypto';
import type { Headers } from '../request.ts';

/** What requests are signed with. */
export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
  /** Milliseconds since 1970; absent: they do not expire. */
  readonly expiresMs?: number;
  /** Where they come from, for errors. */
  readonly source: string;
}

export interface ToSign {
  readonly method: string;
  readonly url: URL;
  readonly headers: Headers;
  readonly body?: Uint8Array;
  /** Leaves the bytes of the body out of the signature. Default false. */
  readonly unsignedBody?: boolean;
}

/** Headers that a proxy or the client itself may change on the way. */
const UNSIGNED = new Set([
  'authorization',
  'connection',
  'content-length',
  'content-type',
  'expect',
  'range',
  'user-agent',
]);
/** The key of a day is made once. */
let dayKey: { readonly of: string; readonly key: Buffer } | null = null;

/**
 * Headers of a request with its signature (SigV4), made at once: four hashes of WebCrypto cost a request of a small
 * object more than all else. @param skewMs what the clock of the server is ahead of ours
 */
export function signed(
  { method, url, headers, body, unsignedBody = false }: ToSign,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  service: 's3' | 'sts',
  region: string,
  skewMs = 0,
): Headers {
  const time = new Date(Date.now() + skewMs).toISOString().replace(/[:-]|\.\d{3}/g, '');
  const content = unsignedBody ? 'UNSIGNED-PAYLOAD' : sha256(body ?? '');
  const all: Record<string, string> = { 'x-amz-content-sha256': content, 'x-amz-date': time };
  for (const [name, value] of Object.entries(headers)) all[name.toLowerCase()] = value;
  if (sessionToken !== undefined) all['x-amz-security-token'] = sessionToken;
  const named = Object.entries({ ...all, host: url.host })
    .filter(([name]) => !UNSIGNED.has(name))
    .sort(byName);
  const names = named.map(([name]) => name).join(';');
  const path = url.pathname.split('/').map((s) => escapedFully(decodeURIComponent(s)));
  const query = [...url.searchParams].map(([n, v]) => [escapedFully(n), escapedFully(v)] as const).sort(byName);
  const canonical = [
    method,
    path.join('/'),
    query.map((pair) => pair.join('=')).join('&'),
    ...named.map(([name, value]) => `${name}:${value.trim().replace(/\s+/g, ' ')}`),
    '',
    names,
    content,
  ].join('\n');
  const scope = `${time.slice(0, 8)}/${region}/${service}/aws4_request`;
  const key = keyOf(secretAccessKey, scope);
  const signature = hmac(key, ['AWS4-HMAC-SHA256', time, scope, sha256(canonical)].join('\n')).toString('hex');
  const by = `Credential=${accessKeyId}/${scope}, SignedHeaders=${names}, Signature=${signature}`;
  return { ...all, authorization: `AWS4-HMAC-SHA256 ${by}` };
}

function keyOf(secret: string, scope: string): Buffer {
  const of = `${secret} ${scope}`;
  if (dayKey?.of !== of) dayKey = { of, key: scope.split('/').reduce<Buffer>(hmac, Buffer.from(`AWS4${secret}`)) };
  return dayKey.key;
}

const sha256 = (data: string | Uint8Array): string => createHash('sha256').update(data).digest('hex');
const hmac = (key: Buffer, text: string): Buffer => createHmac('sha256', key).update(text).digest();

const byName = ([a, x]: readonly [string, string], [b, y]: readonly [string, string]): number =>
  a < b ? -1 : a > b ? 1 : x < y ? -1 : x > y ? 1 : 0;

/** Every byte that is not plain, slashes as well. */
const escapedFully = (text: string): string =>
  encodeURIComponent(text).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`);
