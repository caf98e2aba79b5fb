import { constants, gunzipSync } from 'node:zlib';
import { openZstdDecoder, type ZstdDecoder } from '../../kernels/zstd.ts';
import type { Codec } from '../plan/splits.ts';
import { type FilePlace, openPlanned } from './window.ts';
import { dictionaryFault, dictionaryOf, mayHaveDictionary, type ZstdDictionary } from './zstd-dictionary.ts';
import { frameAt, frameHeaderOf, SKIPPABLE_MAGIC, SKIPPABLE_MASK } from './zstd-frames.ts';
import { unpackBlocks } from './zstd-memory.ts';

/** Bytes at the start of a file that decide what it is. */
export const SNIFF_BYTES = 8 * 1024;

/** So much of a gzip file tells how well it is packed; a smaller one is unpacked whole. */
const MEASURED_BYTES = 2 * SNIFF_BYTES;

/** The same of a zstd file: blocks at its beginning are small where the packer cuts them by what they hold. */
const MEASURED_ZSTD_BYTES = 48 * 1024;
const MEASURED_WINDOW = 1024 * 1024;
const BLOCK_BYTES = 128 * 1024;

export interface Head {
  /** At most SNIFF_BYTES; empty when too little came, or it is damaged. */
  readonly bytes: Uint8Array;
  /** gzip, zstd: unpacked bytes per packed one; null elsewhere, and where nothing could be unpacked. */
  readonly ratio: number | null;
  /** Why nothing of it can be unpacked: it was made with a dictionary that is not there. */
  readonly refused?: string;
}

/**
 * The beginning of what a packed file holds, for sniffing.
 * @param first bytes of the file. @param place is opened where it begins with a dictionary
 */
export async function unpackHead(first: Uint8Array, codec: Codec, place: FilePlace): Promise<Head> {
  try {
    if (codec === 'gzip') {
      const packed = first.subarray(0, MEASURED_BYTES);
      const all = gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });
      return { bytes: all.subarray(0, SNIFF_BYTES), ratio: all.length > 0 ? all.length / packed.length : null };
    }
    if (codec === 'zstd') return await zstdHead(first, mayHaveDictionary(first) ? await dictionaryAt(place) : null);
    return { bytes: first.subarray(0, SNIFF_BYTES), ratio: null };
  } catch {
    // The reader will meet the damage again, and name it.
    return { bytes: new Uint8Array(0), ratio: null };
  }
}

let decoder: Promise<ZstdDecoder> | null = null;
/** Enough for what follows a dictionary. */
const WINDOW = 256 * 1024;

interface Start {
  readonly dictionary: ZstdDictionary | string | null;
  /** The file from its first frame that is not skipped. */
  readonly first: Uint8Array;
}

/** The dictionary of a file and what follows it, which may lie beyond what a probe reads. */
async function dictionaryAt(place: FilePlace): Promise<Start> {
  const file = await openPlanned(place);
  try {
    let at = 0;
    for (;;) {
      const { frame } = await frameAt(file, at);
      if (!frame?.skippable) break;
      at = frame.end;
    }
    return { dictionary: await dictionaryOf(file), first: await file.copy(at, WINDOW) };
  } finally {
    await file.close();
  }
}

async function zstdHead(beginning: Uint8Array, start: Start | null): Promise<Head> {
  decoder ??= openZstdDecoder();
  const first = start?.first ?? beginning;
  // Skippable frames may come before the data.
  const word = (at: number): number =>
    at + 8 <= first.length ? Buffer.from(first.buffer, first.byteOffset + at, 4).readUInt32LE(0) : 0;
  let at = 0;
  while ((word(at) & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC) at += 8 + word(at + 4);
  const header = frameHeaderOf(first.subarray(at));
  if (typeof header === 'string') return { bytes: new Uint8Array(0), ratio: null };
  const dictionary = start?.dictionary ?? null;
  const refused = dictionaryFault(header, dictionary);
  if (refused !== null || typeof dictionary === 'string')
    return { bytes: new Uint8Array(0), ratio: null, refused: `${refused}` };
  const parts: Uint8Array[] = [];
  let [bytes, packed, n] = [0, 0, 0];
  const sizes = wholeBlocks(first, at + header.headerBytes);
  for (const block of unpackBlocks(await decoder, first, at, header, MEASURED_WINDOW, dictionary?.bytes)) {
    if (bytes < SNIFF_BYTES) parts.push(block.slice(0, SNIFF_BYTES));
    bytes += block.length;
    packed += sizes[n++] ?? 0;
    if (n >= sizes.length || bytes + BLOCK_BYTES > MEASURED_WINDOW) break;
  }
  return {
    bytes: Buffer.concat(parts).subarray(0, SNIFF_BYTES),
    ratio: packed > 0 && bytes > 0 ? bytes / packed : null,
  };
}

/** Bytes of the whole blocks that follow `at` in the beginning of a frame: as many as it takes to measure. */
function wholeBlocks(first: Uint8Array, at: number): number[] {
  const sizes: number[] = [];
  for (let p = at; p + 3 <= first.length && p - at < MEASURED_ZSTD_BYTES; ) {
    const word = first[p] | (first[p + 1] << 8) | (first[p + 2] << 16);
    const size = 3 + (((word >> 1) & 3) === 1 ? 1 : word >> 3);
    p += size;
    if (p > first.length) break;
    sizes.push(size);
    if (word & 1) break;
  }
  return sizes;
}
