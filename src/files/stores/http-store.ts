import { ConfigError } from '../../errors.ts';
import { asStoreError, stored } from './problems.ts';
import { rangedBytes } from './ranged.ts';
import { sendFollowing } from './redirects.ts';
import { drain, type Headers } from './request.ts';
import type { GetOptions, ReadableStore, StoredObject } from './store.ts';
import { type Patience, Traffic } from './traffic.ts';
import { shownUrl } from './url.ts';

/** What a file on a web server says of itself. */
export interface WebObject extends StoredObject {
  /** Whether parts of it can be asked for. */
  readonly ranges: boolean;
}

export interface WebStore extends ReadableStore {
  stat(key: string, signal?: AbortSignal): Promise<WebObject | null>;
}

/**
 * Files of one web server. Keys are paths with their query; the query is never shown.
 * @param origin `https://host:port`
 * @param user `name:password`, sent to this server only
 */
export function httpStore(origin: string, user = '', patience?: Patience): WebStore {
  const traffic = new Traffic(patience);
  const at = (key: string): URL => new URL(`/${key}`, origin);
  const shown = (key: string): string => shownUrl(at(key).href);
  const secret: Headers =
    user === '' ? {} : { authorization: `Basic ${Buffer.from(decodeURIComponent(user)).toString('base64')}` };
  const wanted = (what: string, key: string) => ({
    what,
    where: shown(key),
    as: () => (user === '' ? 'no name and password' : 'the name and password of the address'),
  });

  const lookAt = async (key: string, signal?: AbortSignal): Promise<WebObject | null> => {
    const head = await traffic.call(
      () =>
        sendFollowing({
          method: 'HEAD',
          url: at(key),
          headers: {},
          secret,
          signal,
          expected: [200, 404, 405, 403, 501],
        }),
      signal,
    );
    await drain(head.answer);
    if (head.answer.status === 404) return null;
    if (head.answer.status === 200 && head.answer.headers['accept-ranges'] === 'bytes')
      return found(key, head.answer, true);
    // Some refuse HEAD, or do not say that they know ranges: the first byte tells.
    const first = await traffic.call(
      () =>
        sendFollowing({
          method: 'GET',
          url: at(key),
          headers: { range: 'bytes=0-0' },
          secret,
          signal,
          expected: [200, 206, 404, 416],
        }),
      signal,
    );
    // Without ranges the whole file comes: it is not read here.
    first.answer.body.destroy();
    if (first.answer.status === 404) return null;
    return found(key, first.answer, first.answer.status !== 200);
  };

  async function* get(key: string, { range, version, signal }: GetOptions = {}): AsyncGenerator<Uint8Array> {
    // Only a strong tag may stand in If-Match.
    const match: Headers = version?.startsWith('"') ? { 'if-match': version } : {};
    const ask = async (headers: Headers) => {
      const call = { method: 'GET', url: at(key), headers: { ...match, ...headers }, secret, signal } as const;
      return (await sendFollowing({ ...call, expected: [200, 206] })).answer;
    };
    try {
      const [start, end] = [range?.start ?? 0, range?.end ?? null];
      yield* rangedBytes(ask, { start, end, version, traffic, signal, where: shown(key) });
    } catch (error) {
      throw asStoreError(wanted('read a file', key), error);
    }
  }

  return {
    url: origin,
    // biome-ignore lint/correctness/useYield: there is nothing to list
    async *list(prefix) {
      throw new ConfigError({
        expected: 'the address of one file',
        got: 'one that asks for a list of files, which a web server does not have',
        where: shown(prefix),
        fix: "Name each file; numbers in braces are several: 'https://host/part-{000,001,002}.jsonl.gz'.",
      });
    },
    stat: (key, signal) => stored(wanted('look at a file', key), () => lookAt(key, signal)),
    get,
  };
}

function found(
  key: string,
  { headers, status }: { status: number; headers: NodeJS.Dict<string | string[]> },
  ranges: boolean,
): WebObject {
  const total = /\/(\d+)$/.exec(String(headers['content-range'] ?? ''))?.[1];
  const length = status === 200 ? headers['content-length'] : total;
  return {
    key,
    size: length === undefined ? -1 : Number(length),
    version: versionOf(headers),
    ranges,
  };
}

/** What names the content of a file: its tag, else when it was changed. */
export const versionOf = (headers: NodeJS.Dict<string | string[]>): string | null =>
  String(headers.etag ?? headers['last-modified'] ?? '') || null;
