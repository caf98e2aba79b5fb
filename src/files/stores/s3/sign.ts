import { createHash } from 'node:crypto';
import { createRequire } from 'node:module';
import type { Headers } from '../request.ts';

const load = createRequire(import.meta.url);

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

/** Keys that signatures are made with, by secret, day, region and service. */
const cache = new Map<string, ArrayBuffer>();

/** Headers of a request with its signature (SigV4). @param skewMs what the clock of the server is ahead of ours */
export async function signed(
  { method, url, headers, body, unsignedBody = false }: ToSign,
  { accessKeyId, secretAccessKey, sessionToken }: Credentials,
  service: 's3' | 'sts',
  region: string,
  skewMs = 0,
): Promise<Headers> {
  const content = unsignedBody
    ? 'UNSIGNED-PAYLOAD'
    : createHash('sha256')
        .update(body ?? new Uint8Array(0))
        .digest('hex');
  // Loaded with the first request: a run over files of the disk signs none.
  const { AwsV4Signer } = load('aws4fetch') as typeof import('aws4fetch');
  const signer = new AwsV4Signer({
    method,
    url: url.href,
    headers: { ...headers, 'x-amz-content-sha256': content },
    accessKeyId,
    secretAccessKey,
    sessionToken,
    service,
    region,
    cache,
    datetime: new Date(Date.now() + skewMs).toISOString().replace(/[:-]|\.\d{3}/g, ''),
  });
  const signed = await signer.sign();
  return Object.fromEntries(signed.headers.entries());
}
