import { constants, gunzipSync } from 'node:zlib';
import { openZstdDecoder, type ZstdDecoder } from '../../kernels/zstd.ts';
import type { Codec } from '../plan/splits.ts';
import { frameHeaderOf, SKIPPABLE_MAGIC, SKIPPABLE_MASK } from './zstd-frames.ts';
import { unpackBlocks } from './zstd-memory.ts';

/** Bytes at the start of a file that decide what it is. */
export const SNIFF_BYTES = 8 * 1024;

/**
 * The beginning of what a packed file holds, for sniffing: at most SNIFF_BYTES, empty when too little came or it is
 * damaged.
 */
export async function unpackHead(first: Uint8Array, codec: Codec): Promise<Uint8Array> {
  try {
    if (codec === 'gzip')
      return gunzipSync(first.subarray(0, SNIFF_BYTES), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(
        0,
        SNIFF_BYTES,
      );
    return codec === 'zstd' ? await zstdHead(first) : first.subarray(0, SNIFF_BYTES);
  } catch {
    // The reader will meet the damage again, and name it.
    return new Uint8Array(0);
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
