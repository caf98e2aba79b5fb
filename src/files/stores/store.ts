/** An object as a store lists it. */
export interface StoredObject {
  /** Its name in the store, without a slash in front. */
  readonly key: string;
  /** Bytes; -1 where the store does not say before it is read. */
  readonly size: number;
  /** Names its content: another content has another version. null where the store has none. */
  readonly version: string | null;
}

/** What a listing gives: an object, or with `shallow` a folder, its key with the slash at the end. */
export type Listed = StoredObject | { readonly folder: string };

export interface ListOptions {
  /** Only what lies in the folder itself; folders in it are given as such. Default: all below, and no folders. */
  readonly shallow?: boolean;
  readonly signal?: AbortSignal;
}

/** Bytes of an object, from `start` to before `end`. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

export interface GetOptions {
  /** Default: the whole object. */
  readonly range?: ByteRange;
  /** Only this version: another one is an InputError that says so. */
  readonly version?: string | null;
  readonly signal?: AbortSignal;
}

/** When a put writes: always, only where there is no such object, or only over that version. */
export type PutCondition = 'always' | 'absent' | { readonly version: string };

/** What is put: bytes in memory, or a file. */
export type PutBody = Uint8Array | { readonly file: string; readonly size: number };

export type PutResult =
  | { readonly written: true; readonly version: string | null }
  /** Somebody else's object is there: the condition does not hold. */
  | { readonly written: false };

export interface PutOptions {
  readonly when?: PutCondition;
  /** In parts of this size, also where the body would fit into one request. Bytes, 5 MiB or more. */
  readonly partBytes?: number;
  readonly signal?: AbortSignal;
}

/**
 * A place that keeps objects by name. All calls try again after what passes by (connections that break, 429, 5xx), with
 * waits that grow and never all at the same moment. An answer that was lost is no guess: a put looks up whether its own
 * object is there before it says who won. Errors: InputError, with the status, the name and a way out; never a secret.
 */
export interface Store {
  /** What objects are called in errors and in the ledger: this and the key. Without secrets. */
  readonly url: string;
  /** Objects whose keys begin with the prefix, in the order of the bytes of their keys. */
  list(prefix: string, options?: ListOptions): AsyncIterable<Listed>;
  /** null where there is no such object. */
  stat(key: string, signal?: AbortSignal): Promise<StoredObject | null>;
  /** The bytes in order, in pieces of any size; goes on at the byte reached when the connection is cut. */
  get(key: string, options?: GetOptions): AsyncIterable<Uint8Array>;
  put(key: string, body: PutBody, options?: PutOptions): Promise<PutResult>;
  /** Nothing happens where there is no such object. */
  delete(key: string, signal?: AbortSignal): Promise<void>;
  /** The same for many, with fewer requests; absent where a store has no such call. See `deleteAll`. */
  deleteMany?(keys: readonly string[], signal?: AbortSignal): Promise<void>;
}

/** A store that can only be read: what `put` and `delete` throw is left to the compiler. */
export type ReadableStore = Omit<Store, 'put' | 'delete' | 'deleteMany'>;

/** All bytes of an object or of a range of it. */
export async function bytesOf(pieces: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const piece of pieces) all.push(piece);
  return Buffer.concat(all);
}
