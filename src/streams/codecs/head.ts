import { constants, gunzipSync } from 'node:zlib';
import { Decompress } from 'fzstd';
import { SNIFF_BYTES } from '../sniff.ts';
import type { Codec } from '../splits.ts';

/** The beginning of what a packed file holds, for sniffing: at most SNIFF_BYTES, empty when too little came or it is damaged. */
export function unpackHead(first: Uint8Array, codec: Codec): Uint8Array {
  try {
    if (codec === 'gzip')
      return gunzipSync(first.subarray(0, SNIFF_BYTES), { finishFlush: constants.Z_SYNC_FLUSH }).subarray(
        0,
        SNIFF_BYTES,
      );
    if (codec === 'zstd') return zstdHead(first);
    return first.subarray(0, SNIFF_BYTES);
  } catch {
    // The reader will meet the damage again, and name it.
    return new Uint8Array(0);
  }
}

function zstdHead(first: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  const decoder = new Decompress((part) => {
    parts.push(part.slice(0, SNIFF_BYTES));
    bytes += part.length;
  });
  for (let at = 0; at < first.length && bytes < SNIFF_BYTES; at += 1024) decoder.push(first.subarray(at, at + 1024));
  return Buffer.concat(parts).subarray(0, SNIFF_BYTES);
}
