import { constants, createReadStream } from 'node:fs';
import { copyFile, link, mkdir, open, readdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { lock } from '../lock.ts';
import { syncFolder, temporaryName } from '../whole.ts';
import { Refused, stored } from './problems.ts';
import type { GetOptions, Listed, ListOptions, PutBody, PutOptions, PutResult, Store, StoredObject } from './store.ts';

/** A folder as a store: keys are paths below it. A conditional put holds against every process of this machine. */
export function localStore(folder: string): Store {
  const pathOf = (key: string): string => {
    if (key !== '' && !key.split('/').some((s) => s === '..' || s === '.' || s === '')) return join(folder, key);
    throw new ConfigError({ expected: 'a key without empty or dotted parts', got: `'${key}'`, where: folder });
  };
  const look = async (key: string): Promise<StoredObject | null> => {
    const found = await stat(pathOf(key)).catch(unlessGone);
    if (!found?.isFile()) return null;
    return { key, size: found.size, version: `"${found.ino.toString(36)}-${found.mtimeMs.toString(36)}"` };
  };

  async function* below(path: string, prefix: string, { shallow, signal }: ListOptions): AsyncGenerator<Listed> {
    signal?.throwIfAborted();
    const entries = await readdir(join(folder, path), { withFileTypes: true }).catch(unlessGone);
    const names = (entries ?? []).map((e) => ({ key: path + e.name + (e.isDirectory() ? '/' : ''), file: e.isFile() }));
    // By bytes, and a folder where its slash stands.
    names.sort((a, b) => Buffer.compare(Buffer.from(a.key), Buffer.from(b.key)));
    for (const { key, file } of names) {
      if (!key.startsWith(prefix) && !prefix.startsWith(key)) continue;
      if (file) {
        const found = key.startsWith(prefix) ? await look(key) : null;
        if (found !== null) yield found;
      } else if (shallow && key.length > prefix.length && key.startsWith(prefix)) yield { folder: key };
      else if (key.endsWith('/')) yield* below(key, prefix, { shallow, signal });
    }
  }

  async function* get(key: string, { range, version, signal }: GetOptions = {}): AsyncGenerator<Uint8Array> {
    await stored({ what: 'read a file', where: pathOf(key) }, async () => {
      const found = await look(key);
      if (found === null) throw new Refused(404);
      if (version && found.version !== version) throw new Refused(412);
    });
    if (range && range.end <= range.start) return;
    const part = range ? { start: range.start, end: range.end - 1 } : {};
    for await (const piece of createReadStream(pathOf(key), { ...part, signal })) yield piece as Uint8Array;
  }

  async function put(key: string, body: PutBody, { when = 'always' }: PutOptions = {}): Promise<PutResult> {
    const path = pathOf(key);
    await mkdir(dirname(path), { recursive: true });
    const own = temporaryName(path);
    try {
      if ('file' in body) await copyFile(body.file, own);
      else await writeFile(own, body, { flag: 'wx' });
      await flushed(own);
      if (when === 'always') await rename(own, path);
      else if (when === 'absent') {
        const there = !(await linked(own, path));
        if (there) return { written: false };
      } else {
        await lock(dirname(path));
        try {
          if ((await look(key))?.version !== when.version) return { written: false };
          await rename(own, path);
        } finally {
          await rm(join(dirname(path), 'lock'), { force: true });
        }
      }
      await syncFolder(dirname(path));
      return { written: true, version: (await look(key))?.version ?? null };
    } finally {
      await rm(own, { force: true });
    }
  }

  return {
    url: folder,
    list: (prefix, options = {}) => below('', prefix, options),
    stat: look,
    get,
    put,
    delete: (key) => rm(pathOf(key), { force: true }),
  };
}

/** What file systems without hard links say. */
const NO_LINKS: readonly string[] = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EMLINK'];

/** Gives a file its name; false where another has it. */
async function linked(own: string, path: string): Promise<boolean> {
  const isThere = async (error: NodeJS.ErrnoException): Promise<boolean> => {
    if (error.code !== 'EEXIST') throw error;
    // Over NFS the answer to a link may be lost, and the link be made again: then it is ours that is there.
    const [mine, other] = await Promise.all([own, path].map((p) => stat(p, { bigint: true }).catch(unlessGone)));
    return mine === null || mine.ino !== other?.ino || mine.dev !== other.dev;
  };
  const isNew = (): boolean => false;
  const copied = (): Promise<boolean> => copyFile(own, path, constants.COPYFILE_EXCL).then(isNew, isThere);
  const there = await link(own, path).then(isNew, (error: NodeJS.ErrnoException) =>
    // Exclusive too, but a reader may see a part of it for a moment.
    NO_LINKS.includes(error.code ?? '') ? copied() : isThere(error),
  );
  return !there;
}

/** What a put has said to be written is there after a power cut too. */
async function flushed(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

function unlessGone(error: NodeJS.ErrnoException): null {
  if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return null;
  throw error;
}
