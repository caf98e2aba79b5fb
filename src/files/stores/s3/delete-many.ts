import { createHash } from 'node:crypto';
import { Refused } from '../problems.ts';
import { textOf } from '../request.ts';
import { PassingError } from '../traffic.ts';
import type { S3Client } from './client.ts';
import { elements, escaped, tag } from './xml.ts';

/** Of one request. */
const MOST_KEYS = 1000;
/** What stores answer that do not know the call, or do not let these credentials make it. */
const UNKNOWN = [400, 403, 404, 405, 501];

/**
 * Deletes objects by DeleteObjects. Resolves to those that it could not be asked about, and those that stayed: one by
 * one, then, which tells of each what is in its way.
 */
export async function deleteByList(
  client: S3Client,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const left: string[] = [];
  for (let from = 0; from < keys.length; from += MOST_KEYS)
    try {
      const some = keys.slice(from, from + MOST_KEYS);
      left.push(...(await client.traffic.call(() => deleteListed(client, some, signal), signal)));
    } catch (error) {
      if (error instanceof Refused && UNKNOWN.includes(error.status)) return [...left, ...keys.slice(from)];
      throw error;
    }
  return left;
}

/** Resolves to those that stayed. */
async function deleteListed(
  client: S3Client,
  keys: readonly string[],
  signal?: AbortSignal,
): Promise<readonly string[]> {
  const objects = keys.map((key) => `<Object><Key>${escaped(key)}</Key></Object>`).join('');
  const body = Buffer.from(`<Delete><Quiet>true</Quiet>${objects}</Delete>`);
  const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
  const answer = await client.once({ method: 'POST', query: { delete: '' }, headers, body, signal }, [200]);
  const text = await textOf(answer, 4 << 20);
  if (!text.includes('DeleteResult')) throw new PassingError(500, 'an answer to DeleteObjects that is cut off');
  const failed = elements(text, 'Error').filter((entry) => tag(entry, 'Code') !== 'NoSuchKey');
  const stayed = new Set(failed.map((entry) => tag(entry, 'Key')));
  const known = keys.filter((key) => stayed.has(key));
  // Of an object that is not named as it was asked for it is not known which one stayed.
  return known.length === stayed.size ? known : keys;
}
