import { constants, gunzipSync } from 'node:zlib';
import { openZstdDecoder, type ZstdDecoder } from '../../kernels/zstd.ts';
import type { Codec } from '../plan/splits.ts';
import { frameHeaderOf, SKIPPABLE_MAGIC, SKIPPABLE_MASK } from './zstd-frames.ts';
import { unpackBlocks } from './zstd-memory.ts';

/** Bytes at the start of a file that decide what it is. */
export const SNIFF_BYTES = 8 * 1024;

/** So much of a gzip file tells how well it is packed; a smaller one is unpacked whole. */
const MEASURED_BYTES = 2 * SNIFF_BYTES;

export interface Head {
  /** At most SNIFF_BYTES; empty when too little came, or it is damaged. */
  readonly bytes: Uint8Array;
  /** gzip: unpacked bytes per packed one; null elsewhere, and where nothing could be unpacked. */
  readonly ratio: number | null;
}

/** The beginning of what a packed file holds, for sniffing. @param first of the file */
export async function unpackHead(first: Uint8Array, codec: Codec): Promise<Head> {
  try {
    if (codec === 'gzip') {
      const packed = first.subarray(0, MEASURED_BYTES);
      const all = gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH });
      return { bytes: all.subarray(0, SNIFF_BYTES), ratio: all.length > 0 ? all.length / packed.length : null };
    }
    return { bytes: codec === 'zstd' ? await zstdHead(first) : first.subarray(0, SNIFF_BYTES), ratio: null };
  } catch {
    // The reader will meet the damage again, and name it.
    return { bytes: new Uint8Array(0), ratio: null };
  }
}

let decoder: Promise<ZstdDecoder> | null = null;
/** The window that the head can need. */
const WINDOW = 256 * 1024;

async function zstdHead(first: Uint8Array): Promise<Uint8Array> {
  decoder ??= openZstdDecoder();
  // Skippable frames may come before the data.
  const word = (at: number): number =>
    at + 8 <= first.length ? Buffer.from(first.buffer, first.byteOffset + at, 4).readUInt32LE(0) : 0;
  let at = 0;
  while ((word(at) & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC) at += 8 + word(at + 4);
  const header = frameHeaderOf(first.subarray(at));
  if (typeof header === 'string') return new Uint8Array(0);
  const parts: Uint8Array[] = [];
  let bytes = 0;
  for (const block of unpackBlocks(await decoder, first, at, header, WINDOW)) {
    parts.push(block.slice(0, SNIFF_BYTES));
    bytes += block.length;
    if (bytes >= SNIFF_BYTES) break;
  }
  return Buffer.concat(parts).subarray(0, SNIFF_BYTES);
}
