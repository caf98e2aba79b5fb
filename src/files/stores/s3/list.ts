import { textOf } from '../request.ts';
import type { Listed, ListOptions } from '../store.ts';
import { PassingError } from '../traffic.ts';
import type { S3Client } from './client.ts';
import { elements, tag } from './xml.ts';

/** Objects of a bucket, page by page (ListObjectsV2). */
export async function* listPages(
  client: S3Client,
  prefix: string,
  { shallow = false, signal }: ListOptions,
  told: <T>(work: () => Promise<T>) => Promise<T>,
): AsyncGenerator<Listed> {
  let token: string | null = null;
  do {
    const query: Record<string, string> = { 'list-type': '2', 'encoding-type': 'url', prefix };
    if (shallow) query.delimiter = '/';
    if (token !== null) query['continuation-token'] = token;
    const page: string = await told(() =>
      client.traffic.call(async () => {
        const text = await textOf(await client.once({ method: 'GET', query, signal }, [200]), 64 << 20);
        if (!/<\/ListBucketResult>\s*$/.test(text)) throw new PassingError(200, 'a listing that is cut off');
        return text;
      }, signal),
    );
    yield* listedIn(page);
    const next = tag(page, 'NextContinuationToken');
    token = tag(page, 'IsTruncated') === 'true' && next !== token ? next : null;
  } while (token !== null);
}

function listedIn(page: string): Listed[] {
  const escaped = tag(page, 'EncodingType') === 'url';
  const name = (text: string): string => (escaped ? decodeURIComponent(text.replace(/\+/g, ' ')) : text);
  const listed: Listed[] = elements(page, 'Contents').map((entry) => ({
    key: name(tag(entry, 'Key') ?? ''),
    size: Number(tag(entry, 'Size')),
    version: tag(entry, 'ETag'),
  }));
  for (const entry of elements(page, 'CommonPrefixes')) listed.push({ folder: name(tag(entry, 'Prefix') ?? '') });
  return listed;
}
