import { ConfigError } from '../../errors.ts';

const SCHEME = /^([a-z][a-z0-9+.-]{1,15}):\/\//i;
const KNOWN: readonly string[] = ['s3', 'http', 'https', 'hf'];

/** True of what names a place in a store: `s3://`, `https://`, `http://`, `hf://`. */
export const isUrl = (path: string): boolean => SCHEME.test(path);

/** Scheme of a URL. Errors: ConfigError for one that no store has. */
export function schemeOf(url: string): 's3' | 'http' | 'https' | 'hf' {
  const scheme = SCHEME.exec(url)?.[1].toLowerCase() ?? '';
  if (KNOWN.includes(scheme)) return scheme as 's3';
  const nearby: Readonly<Record<string, string>> = {
    s3a: 'Write it as s3://.',
    s3n: 'Write it as s3://.',
    gs: 'Use s3:// with AWS_ENDPOINT_URL=https://storage.googleapis.com and HMAC keys.',
    file: 'Give the path alone.',
  };
  throw new ConfigError({
    expected: 's3://, https://, http:// or hf://',
    got: scheme === '' ? `'${shownUrl(url)}'` : `${scheme}://`,
    where: shownUrl(url),
    fix: nearby[scheme] ?? 'Mount it, or copy the files first.',
  });
}

/**
 * A URL as people, files and errors may see it: without a name and password in front of the host, and without what
 * stands after `?` or `#`, where signatures and tokens are.
 */
export function shownUrl(url: string): string {
  if (!isUrl(url)) return url;
  const end = /^https?:/i.test(url) ? url.search(/[?#]/) : -1;
  const bare = end < 0 ? url : url.slice(0, end);
  return bare.replace(/^([a-z0-9+.-]+:\/\/)[^/]*@(?=[^/]*\/|[^/]*$)/i, (whole, scheme: string) =>
    /^hf:/i.test(url) ? whole : scheme,
  );
}

/** The place of an S3 object. Errors: ConfigError for a name that no bucket has. */
export function bucketOf(url: string): { readonly bucket: string; readonly key: string } {
  const found = /^s3:\/\/([A-Za-z0-9][A-Za-z0-9._-]{1,61}[A-Za-z0-9])(?:\/(.*))?$/is.exec(url);
  if (found) return { bucket: found[1], key: found[2] ?? '' };
  throw new ConfigError({
    expected: 's3://bucket/prefix',
    got: `'${shownUrl(url)}'`,
    where: 'the address of a store',
    fix: 'Name the bucket: s3://bucket, or s3://bucket/prefix. Names of buckets have 3 to 63 characters.',
  });
}

/** A folder and a name below it, with one slash between them. */
export const joinKey = (folder: string, name: string): string =>
  folder === '' ? name : `${withoutEndSlash(folder)}/${name}`;

/** A key as the path of a URL: every byte that is not plain is escaped, slashes are not. */
export const escapedKey = (key: string): string =>
  key
    .split('/')
    .map((s) => encodeURIComponent(s).replace(/[!'()*]/g, (c) => `%${c.charCodeAt(0).toString(16).toUpperCase()}`))
    .join('/');

/** Without the slashes at its end, in linear time. */
export function withoutEndSlash(url: string): string {
  let end = url.length;
  while (url[end - 1] === '/') end--;
  return url.slice(0, end);
}
