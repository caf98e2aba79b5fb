import { sharedCache } from '../../files/stores/cache.ts';
import { placeOf } from '../../files/stores/open-store.ts';
import { bytesOf } from '../../files/stores/store.ts';
import { shownUrl } from '../../files/stores/url.ts';
import { loadXxhash } from '../../hash.ts';
import { SNIFF_BYTES } from '../codecs/head.ts';
import type { FoundFile } from '../inputs/files.ts';
import type { Probe } from './probe.ts';

const HEAD_BYTES = 64 * 1024;
/** Objects that are looked at while others are worked on. */
const AHEAD = 32;
/** Numbers of the head and the tail among the blocks of an object in the cache: no block of it has them. */
const [HEAD, TAIL] = [1e9, 1e9 + 1];

/** The beginning of an object, and the end of a gzip file. No more of it is read: its version names its content. */
async function probeObject(url: string, size: number, version: string | null): Promise<Probe> {
  const cache = version === null ? null : await sharedCache();
  const name = `${shownUrl(url)} ${version}`;
  const part = async (block: number, start: number, end: number): Promise<Uint8Array> => {
    if (end <= start) return new Uint8Array(0);
    const known = await cache?.get(name, block);
    if (known) return known;
    const { store, key } = placeOf(url);
    const bytes = await bytesOf(store.get(key, { range: { start, end }, version }));
    await cache?.put(name, block, bytes);
    return bytes;
  };
  const first = await part(HEAD, 0, Math.min(size, HEAD_BYTES));
  const isGzip = first[0] === 0x1f && first[1] === 0x8b;
  const last = size <= HEAD_BYTES ? first.subarray(-4) : isGzip ? await part(TAIL, size - 4, size) : new Uint8Array(0);
  const { h64 } = await loadXxhash();
  const versionHash = h64(`${size} ${version}`).toString(16).padStart(16, '0');
  return { size, mtimeMs: 0, head: first.subarray(0, SNIFF_BYTES), first, last, ends: first, versionHash };
}

/** Probes of objects in the order of the files; several are under way at once. */
export function objectProber(files: readonly FoundFile[]): (file: FoundFile) => Promise<Probe> {
  const waiting = files.filter((f) => f.object !== undefined);
  const probes = new Map<FoundFile, Promise<Probe>>();
  let next = 0;
  const begin = (): void => {
    for (; next < waiting.length && probes.size < AHEAD; next++) {
      const { absolutePath, object } = waiting[next];
      const probe = probeObject(absolutePath, object!.size, object!.version);
      // Whoever asks for it is told.
      probe.catch(() => {});
      probes.set(waiting[next], probe);
    }
  };
  return async (file) => {
    begin();
    const probe = await probes.get(file)!;
    probes.delete(file);
    begin();
    return probe;
  };
}
