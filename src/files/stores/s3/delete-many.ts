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

/** Deletes objects by DeleteObjects. Resolves to those that it could not be asked about: one by one, then. */
export async function deleteByList(client: S3Client, keys: readonly string[]): Promise<readonly string[]> {
  for (let from = 0; from < keys.length; from += MOST_KEYS)
    try {
      await client.traffic.call(() => deleteListed(client, keys.slice(from, from + MOST_KEYS)));
    } catch (error) {
      if (error instanceof Refused && UNKNOWN.includes(error.status)) return keys.slice(from);
      throw error;
    }
  return [];
}

async function deleteListed(client: S3Client, keys: readonly string[]): Promise<void> {
  const objects = keys.map((key) => `<Object><Key>${escaped(key)}</Key></Object>`).join('');
  const body = Buffer.from(`<Delete><Quiet>true</Quiet>${objects}</Delete>`);
  const headers = { 'content-md5': createHash('md5').update(body).digest('base64') };
  const answer = await client.once({ method: 'POST', query: { delete: '' }, headers, body }, [200]);
  const text = await textOf(answer, 4 << 20);
  const failed = elements(text, 'Error').map((entry) => tag(entry, 'Code') ?? '');
  if (failed.length === 0 && text.includes('DeleteResult')) return;
  const denied = failed.find((code) => code === 'AccessDenied');
  if (denied !== undefined) throw new Refused(403, denied);
  throw new PassingError(500, `objects that were not deleted (${failed[0] ?? 'an answer that is cut off'})`);
}
