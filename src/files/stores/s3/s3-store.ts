import { randomUUID } from 'node:crypto';
import { open } from 'node:fs/promises';
import { atOnce } from '../at-once.ts';
import { asStoreError, stored } from '../problems.ts';
import { rangedBytes } from '../ranged.ts';
import { drain, type Headers } from '../request.ts';
import type {
  GetOptions,
  Listed,
  ListOptions,
  PutBody,
  PutCondition,
  PutOptions,
  PutResult,
  Store,
  StoredObject,
} from '../store.ts';
import type { Patience } from '../traffic.ts';
import { S3Client, TOKEN_HEADER } from './client.ts';
import { deleteByList } from './delete-many.ts';
import { BUFFER_BYTES, withPart } from './file-buffer.ts';
import { listPages } from './list.ts';
import { putInParts } from './multipart.ts';
import type { Environment } from './profiles.ts';

/** Where each is a request: they send nothing. */
const DELETED_AT_ONCE = 32;

export interface S3Options {
  readonly env?: Environment;
  readonly patience?: Patience;
}

/** Objects of a bucket of S3, or of what answers like it. */
export function s3Store(bucket: string, { env = process.env, patience }: S3Options = {}): Store {
  const client = new S3Client(bucket, env, patience);
  const url = `s3://${bucket}`;
  const shown = (key: string): string => `${url}/${key}`;
  const told = <T>(what: string, key: string, work: () => Promise<T>): Promise<T> =>
    stored({ what, where: shown(key), as: () => client.signedBy, permission: PERMISSION }, work);

  const head = (
    key: string,
    signal?: AbortSignal,
  ): Promise<(StoredObject & { readonly token: string | null }) | null> =>
    told(`look at an object`, key, async () => {
      const answer = await client.traffic.call(() => client.once({ method: 'HEAD', key, signal }, [200, 404]), signal);
      await drain(answer);
      if (answer.status === 404) return null;
      const { etag, 'content-length': length } = answer.headers;
      const token = answer.headers[TOKEN_HEADER];
      return {
        key,
        size: Number(length),
        version: etag ?? null,
        token: typeof token === 'string' ? token : null,
      };
    });

  async function* get(key: string, { range, version, signal }: GetOptions = {}): AsyncGenerator<Uint8Array> {
    const match: Headers = version ? { 'if-match': version } : {};
    const ask = (headers: Headers) =>
      client.once({ method: 'GET', key, headers: { ...match, ...headers }, signal }, [200, 206]);
    const where = shown(key);
    const wanted = { what: 'read an object', where, as: () => client.signedBy, permission: PERMISSION };
    try {
      yield* rangedBytes(ask, {
        start: range?.start ?? 0,
        end: range?.end ?? null,
        version,
        traffic: client.traffic,
        signal,
        where,
      });
    } catch (error) {
      throw asStoreError(wanted, error);
    }
  }

  async function put(key: string, body: PutBody, options: PutOptions = {}): Promise<PutResult> {
    const { when = 'always', signal, partBytes } = options;
    const token = randomUUID();
    const size = 'file' in body ? body.size : body.length;
    const condition = conditionHeaders(when);
    return told('write an object', key, async () => {
      /** After a condition did not hold, or an upload was gone: did an earlier try of ours write it all the same? */
      const decide = async (): Promise<PutResult> => {
        const found = await head(key, signal);
        return found?.token === token ? { written: true, version: found.version } : { written: false };
      };
      if (partBytes !== undefined || size > BUFFER_BYTES)
        return putInParts(client, key, body, { token, condition, partBytes, signal, decide });
      const put = async (bytes: Uint8Array): Promise<PutResult | null> => {
        const headers = { ...condition, [TOKEN_HEADER]: token };
        // 404: If-Match, and there is nothing.
        const expected = when === 'always' ? [200] : [200, 404, 412];
        const isVouched = 'file' in body;
        const once = () => client.once({ method: 'PUT', key, body: bytes, headers, isVouched, signal }, expected);
        const answer = await client.traffic.call(once, signal);
        await drain(answer);
        return answer.status === 200 ? { written: true, version: answer.headers.etag ?? null } : null;
      };
      const result = 'file' in body ? await ofFile(body.file, size, put) : await put(body);
      return result ?? decide();
    });
  }

  const remove = (key: string, signal?: AbortSignal): Promise<void> =>
    told('delete an object', key, async () => {
      const answer = await client.traffic.call(
        () => client.once({ method: 'DELETE', key, signal }, [200, 204, 404]),
        signal,
      );
      await drain(answer);
    });
  return {
    url,
    list: (prefix, options: ListOptions = {}): AsyncIterable<Listed> =>
      listPages(client, prefix, options, (work) => told('list objects', prefix, work)),
    stat: async (key, signal) => {
      const found = await head(key, signal);
      return found && { key, size: found.size, version: found.version };
    },
    get,
    put,
    delete: remove,
    async deleteMany(keys, signal) {
      const left = await told('delete objects', keys[0], () => deleteByList(client, keys, signal));
      await atOnce(left, DELETED_AT_ONCE, (key) => remove(key, signal));
    },
  };
}

const PERMISSION =
  'Credentials are taken from the environment, AWS_PROFILE, a web identity, the container or the instance: ' +
  'see docs/stores.md.';

function conditionHeaders(when: PutCondition): Headers {
  if (when === 'always') return {};
  return when === 'absent' ? { 'if-none-match': '*' } : { 'if-match': when.version };
}

async function ofFile<T>(path: string, size: number, work: (bytes: Uint8Array) => Promise<T>): Promise<T> {
  const file = await open(path, 'r');
  try {
    return await withPart(file, 0, size, work);
  } finally {
    await file.close();
  }
}
