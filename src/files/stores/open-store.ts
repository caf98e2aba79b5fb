import { ConfigError } from '../../errors.ts';
import { httpStore } from './http-store.ts';
import { hubAddress, hubStore } from './hub-store.ts';
import { s3Store } from './s3/s3-store.ts';
import type { ReadableStore, Store } from './store.ts';
import { bucketOf, schemeOf, shownUrl } from './url.ts';

/** An object in a store. */
export interface Place {
  readonly store: ReadableStore;
  readonly key: string;
}

/** Opened once per thread: connections, credentials and the pace that a server takes are shared. */
const opened = new Map<string, ReadableStore>();

function once<S extends ReadableStore>(name: string, open: () => S): S {
  const store = opened.get(name) ?? open();
  opened.set(name, store);
  return store as S;
}

/** The place that a URL names. Nothing is asked of a server yet. Errors: ConfigError for what is no such URL. */
export function placeOf(url: string): Place {
  switch (schemeOf(url)) {
    case 's3':
      return bucketPlace(url);
    case 'hf': {
      const { repository, revision, path } = hubAddress(url);
      return { store: once(`hf ${repository} ${revision}`, () => hubStore({ repository, revision })), key: path };
    }
    case 'http':
    case 'https':
      return webPlace(url);
  }
}

/** A place that can be written to. Errors: ConfigError for one in another kind of store. */
export function bucketPlace(url: string): { readonly store: Store; readonly key: string } {
  if (schemeOf(url) !== 's3')
    throw new ConfigError({ expected: 'a folder, or s3://bucket/prefix', got: shownUrl(url), where: '--output' });
  const { bucket, key } = bucketOf(url);
  return { store: once(`s3 ${bucket}`, () => s3Store(bucket)), key };
}

/** A file on a web server. */
export function webPlace(url: string) {
  if (!URL.canParse(url))
    throw new ConfigError({ expected: 'an address of the web', got: `'${shownUrl(url)}'`, where: '--input' });
  const { origin, pathname, search, username, password } = new URL(url);
  const user = username === '' ? '' : `${username}:${password}`;
  return {
    store: once(`web ${origin} ${user}`, () => httpStore(origin, user)),
    key: pathname.slice(1) + search,
  };
}

/** The store of a data set on the hub. */
export function hubPlace(url: string) {
  const { repository, revision, path } = hubAddress(url);
  return { store: once(`hf ${repository} ${revision}`, () => hubStore({ repository, revision })), path };
}

/** Forgets what is open: a test has another server, or other credentials. */
export const forgetStores = (): void => opened.clear();
