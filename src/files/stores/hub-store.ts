import { homedir } from 'node:os';
import { join } from 'node:path';
import { ConfigError, InputError } from '../../errors.ts';
import { readIfThere } from '../whole.ts';
import { asStoreError, Refused, stored } from './problems.ts';
import { rangedBytes } from './ranged.ts';
import { sendFollowing } from './redirects.ts';
import { drain, type Headers, textOf } from './request.ts';
import type { Environment } from './s3/profiles.ts';
import type { GetOptions, Listed, ListOptions, ReadableStore } from './store.ts';
import { type Patience, Traffic } from './traffic.ts';
import { escapedKey } from './url.ts';

/** A data set of the Hugging Face hub, as an address names it. */
export interface HubAddress {
  /** `owner/name` */
  readonly repository: string;
  readonly revision: string;
  readonly path: string;
}

/** Takes `hf://datasets/owner/name[@revision]/path` apart. Errors: ConfigError. */
export function hubAddress(url: string): HubAddress {
  const found = /^hf:\/\/datasets\/([\w.-]+\/[\w.-]+)(?:@([^/]+))?(?:\/(.*))?$/is.exec(url);
  if (found) {
    const revision = decodeURIComponent(found[2] ?? 'main');
    return { repository: found[1], revision: SHORT[revision] ?? revision, path: found[3] ?? '' };
  }
  throw new ConfigError({
    expected: 'hf://datasets/owner/name[@revision]/path',
    got: `'${url}'`,
    where: 'the address of a data set',
    fix: 'A revision with slashes is written with %2F.',
  });
}

/** As other tools write it. */
const SHORT: Readonly<Record<string, string>> = { '~parquet': 'refs/convert/parquet' };

export interface HubStore extends ReadableStore {
  /** The commit that all is read from: a branch may move on meanwhile. */
  commit(): Promise<string>;
}

/** A file of the tree of a repository. */
interface Entry {
  readonly type: string;
  readonly path: string;
  readonly size: number;
  readonly oid: string;
  readonly lfs?: { readonly oid: string; readonly size: number };
}

/** A location that a file was redirected to is asked again directly for so long; its signature lasts for an hour. */
const LOCATION_MS = 10 * 60_000;

/** Files of one data set at one commit. HF_TOKEN, HF_TOKEN_PATH, HF_HOME and HF_ENDPOINT are heeded. */
export function hubStore(
  { repository, revision }: Omit<HubAddress, 'path'>,
  { env = process.env, patience }: { readonly env?: Environment; readonly patience?: Patience } = {},
): HubStore {
  const traffic = new Traffic(patience);
  const endpoint = new URL(env.HF_ENDPOINT ?? 'https://huggingface.co');
  const locations = new Map<string, { readonly url: URL; readonly untilMs: number }>();
  let pinned: Promise<string> | null = /^[0-9a-f]{40}$/.test(revision) ? Promise.resolve(revision) : null;
  let secret: Promise<Headers> | null = null;
  const base = `hf://datasets/${repository}@${encodeURIComponent(revision)}`;
  const shown = (key: string): string => `${base}/${key}`;
  const secretHeaders = (): Promise<Headers> => {
    secret ??= tokenOf(env).then((token): Headers => (token === null ? {} : { authorization: `Bearer ${token}` }));
    return secret;
  };
  const wanted = (what: string, key: string) => ({
    what,
    where: shown(key),
    as: () => (env.HF_TOKEN ? 'HF_TOKEN' : 'the token of huggingface-cli, if there is one'),
    permission: 'The data set may be private, gated or not there: accept its terms on its page, and set HF_TOKEN.',
  });
  const at = (path: string): URL => new URL(`${endpoint.pathname.replace(/\/+$/, '')}/${path}`, endpoint);

  const ask = async <T>(
    what: string,
    key: string,
    url: URL,
    take: (text: string, link: string) => T,
    signal?: AbortSignal,
  ) =>
    stored(wanted(what, key), async () => {
      const headers = await secretHeaders();
      return traffic.call(async () => {
        const { answer } = await sendFollowing({
          method: 'GET',
          url,
          headers: {},
          secret: headers,
          signal,
          expected: [200],
        });
        return take(await textOf(answer, 64 << 20), String(answer.headers.link ?? ''));
      }, signal);
    });

  const commit = (): Promise<string> => {
    const url = at(`api/datasets/${repository}/revision/${encodeURIComponent(revision)}`);
    pinned ??= ask('find a revision', '', url, (text) => {
      const { sha } = JSON.parse(text) as { readonly sha?: unknown };
      if (typeof sha === 'string' && /^[0-9a-f]{40,64}$/.test(sha)) return sha;
      throw new InputError({ expected: 'the hash of a commit', got: 'none', where: shown('') });
    });
    return pinned;
  };

  async function* list(prefix: string, { shallow = false, signal }: ListOptions = {}): AsyncGenerator<Listed> {
    const folder = prefix.slice(0, Math.max(0, prefix.lastIndexOf('/')));
    const tree = at(
      `api/datasets/${repository}/tree/${await commit()}${folder === '' ? '' : `/${escapedKey(folder)}`}`,
    );
    tree.searchParams.set('recursive', String(!shallow));
    for (let url: URL | null = tree; url !== null; ) {
      const page: { entries: readonly Entry[]; next: URL | null } = await ask(
        'list files',
        prefix,
        url,
        (text, link) => ({
          entries: JSON.parse(text) as readonly Entry[],
          next: nextPage(link, endpoint),
        }),
        signal,
      );
      for (const { type, path, size, oid, lfs } of page.entries) {
        if (!path.startsWith(prefix)) continue;
        if (type === 'file') yield { key: path, size: lfs?.size ?? size, version: lfs?.oid ?? oid };
        else if (shallow) yield { folder: `${path}/` };
      }
      url = page.next;
    }
  }

  const resolved = async (key: string): Promise<URL> =>
    at(`datasets/${repository}/resolve/${await commit()}/${escapedKey(key)}`);

  async function* get(key: string, { range, signal }: GetOptions = {}): AsyncGenerator<Uint8Array> {
    const url = await resolved(key);
    const own = await secretHeaders();
    const askFor = async (headers: Headers) => {
      const known = locations.get(key);
      const usable = known !== undefined && known.untilMs > Date.now();
      try {
        const secretOf = usable && known.url.origin !== endpoint.origin ? {} : own;
        const call = { method: 'GET', url: usable ? known.url : url, headers, secret: secretOf, signal } as const;
        const followed = await sendFollowing({ ...call, expected: [200, 206] });
        locations.set(key, { url: followed.url, untilMs: usable ? known.untilMs : Date.now() + LOCATION_MS });
        return followed.answer;
      } catch (error) {
        // Its signature has expired: the hub gives another one.
        if (usable && locations.delete(key) && error instanceof Refused) return askAgain(headers);
        throw error;
      }
    };
    const askAgain = async (headers: Headers) =>
      (await sendFollowing({ method: 'GET', url, headers, secret: own, signal, expected: [200, 206] })).answer;
    try {
      yield* rangedBytes(askFor, {
        start: range?.start ?? 0,
        end: range?.end ?? null,
        traffic,
        signal,
        where: shown(key),
      });
    } catch (error) {
      throw asStoreError(wanted('read a file', key), error);
    }
  }

  return {
    url: base,
    commit,
    list,
    stat: (key, signal) =>
      stored(wanted('look at a file', key), async () => {
        const [url, own] = [await resolved(key), await secretHeaders()];
        const { answer } = await traffic.call(
          () =>
            sendFollowing({ method: 'HEAD', url, headers: {}, secret: own, signal, expected: [200, 302, 307, 404] }),
          signal,
        );
        await drain(answer);
        if (answer.status === 404) return null;
        const { 'x-linked-size': linked, 'content-length': length, 'x-linked-etag': tag, etag } = answer.headers;
        const version = String(tag ?? etag ?? '').replace(/^W\/|"/g, '');
        return { key, size: Number(linked ?? length), version: version || null };
      }),
    get,
  };
}

/** The next page of a listing, on the same server only: the token goes there too. */
function nextPage(link: string, endpoint: URL): URL | null {
  const next = /<([^>]+)>\s*;[^,]*rel="?next"?/.exec(link)?.[1];
  if (next === undefined) return null;
  const url = new URL(next, endpoint);
  // Behind a mirror the hub still names itself.
  return url.origin === endpoint.origin ? url : new URL(url.pathname + url.search, endpoint);
}

async function tokenOf(env: Environment): Promise<string | null> {
  if (env.HF_TOKEN) return env.HF_TOKEN;
  const home = env.HF_HOME ?? join(env.XDG_CACHE_HOME ?? join(env.HOME ?? homedir(), '.cache'), 'huggingface');
  return (await readIfThere(env.HF_TOKEN_PATH ?? join(home, 'token')))?.trim() || null;
}
