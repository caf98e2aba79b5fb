import { open } from 'node:fs/promises';
import { Refused } from '../problems.ts';
import { drain, type Headers, textOf } from '../request.ts';
import type { PutBody, PutResult } from '../store.ts';
import { PassingError } from '../traffic.ts';
import { type S3Client, TOKEN_HEADER } from './client.ts';
import { withPart } from './file-buffer.ts';
import { escaped, tag } from './xml.ts';

const PART_BYTES = 16 * 1024 * 1024;
const MOST_PARTS = 10_000;
const AT_ONCE = 4;

export interface InParts {
  readonly token: string;
  /** Headers of the condition, which the last request of an upload carries. */
  readonly condition: Headers;
  readonly partBytes?: number;
  readonly signal?: AbortSignal;
  /** Looks up who has won. */
  readonly decide: () => Promise<PutResult>;
}

/** Puts a body in parts; it becomes an object as one, with the last request. What fails leaves no parts behind. */
export async function putInParts(client: S3Client, key: string, body: PutBody, given: InParts): Promise<PutResult> {
  const { token, condition, signal, decide } = given;
  const size = 'file' in body ? body.size : body.length;
  const partBytes = Math.max(given.partBytes ?? PART_BYTES, Math.ceil(size / MOST_PARTS));
  const { traffic } = client;
  const started = await traffic.call(async () => {
    const headers = { [TOKEN_HEADER]: token };
    return textOf(await client.once({ method: 'POST', key, query: { uploads: '' }, headers, signal }, [200]));
  }, signal);
  const uploadId = tag(started, 'UploadId') ?? '';
  try {
    const etags = await putParts(client, key, uploadId, body, size, partBytes, signal);
    const parts = etags.map((etag, i) => `<Part><PartNumber>${i + 1}</PartNumber><ETag>${escaped(etag)}</ETag></Part>`);
    const list = Buffer.from(`<CompleteMultipartUpload>${parts.join('')}</CompleteMultipartUpload>`);
    const result = await traffic.call(async () => {
      const answer = await client.once(
        { method: 'POST', key, query: { uploadId }, headers: condition, body: list, signal },
        [200, 404, 412],
      );
      const text = await textOf(answer);
      // Sent before it is known how it ends: an error may follow.
      if (answer.status === 200 && !text.includes('CompleteMultipartUploadResult'))
        throw new PassingError(500, `an upload that was not completed ${tag(text, 'Code') ?? ''}`.trim());
      return answer.status === 200 ? { etag: tag(text, 'ETag') ?? answer.headers.etag ?? null } : null;
    }, signal);
    if (result !== null) return { written: true, version: result.etag };
    const decided = await decide();
    if (!decided.written) await abandon(client, key, uploadId);
    return decided;
  } catch (error) {
    await abandon(client, key, uploadId);
    throw error;
  }
}

async function putParts(
  client: S3Client,
  key: string,
  uploadId: string,
  body: PutBody,
  size: number,
  partBytes: number,
  signal?: AbortSignal,
): Promise<string[]> {
  const count = Math.max(1, Math.ceil(size / partBytes));
  const etags: string[] = new Array(count);
  const file = 'file' in body ? await open(body.file, 'r') : null;
  let next = 0;
  const work = async (): Promise<void> => {
    for (let i = next++; i < count; i = next++) {
      const [from, to] = [i * partBytes, Math.min(size, (i + 1) * partBytes)];
      const query = { partNumber: String(i + 1), uploadId };
      const put = (bytes: Uint8Array): Promise<string> =>
        client.traffic.call(async () => {
          const call = { method: 'PUT', key, query, body: bytes, isVouched: file !== null, signal } as const;
          const answer = await client.once(call, [200]);
          await drain(answer);
          return answer.headers.etag ?? '';
        }, signal);
      etags[i] = file ? await withPart(file, from, to, put) : await put((body as Uint8Array).subarray(from, to));
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(AT_ONCE, count) }, work));
  } finally {
    await file?.close();
  }
  return etags;
}

/** Parts cost money until somebody deletes them. */
async function abandon(client: S3Client, key: string, uploadId: string): Promise<void> {
  try {
    await drain(await client.once({ method: 'DELETE', key, query: { uploadId } }, [204, 200, 404]));
  } catch (error) {
    // The error that led here is the one to tell; a rule of the bucket may clean up.
    if (!(error instanceof Error) || error instanceof Refused) return;
  }
}
