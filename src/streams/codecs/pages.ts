import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import type { Compressors } from 'hyparquet';
import { lz4Block, lz4Hadoop } from './lz4.ts';
import { loadZstdUnpack } from './zstd-memory.ts';

/** Decoders of Parquet pages; snappy is hyparquet's own. Damage throws. */
export async function pageCodecs(): Promise<Compressors> {
  const unzstd = await loadZstdUnpack();
  const sized = (bytes: Uint8Array, size: number): Uint8Array => {
    if (bytes.length === size) return bytes;
    throw new Error(`expected a page of ${size} bytes, got ${bytes.length}`);
  };
  /** The words of zlib's errors differ between versions of Node, and end up in files. */
  const plainly =
    (codec: string, unpack: (packed: Uint8Array, options: { maxOutputLength: number }) => Uint8Array) =>
    (packed: Uint8Array, size: number) => {
      try {
        return sized(unpack(packed, { maxOutputLength: Math.max(1, size) }), size);
      } catch (cause) {
        throw new Error(`expected a ${codec} page of ${size} bytes, got damage`, { cause });
      }
    };
  return {
    GZIP: plainly('gzip', gunzipSync),
    BROTLI: plainly('brotli', brotliDecompressSync),
    ZSTD: (packed, size) => sized(unzstd(packed, size), size),
    LZ4: lz4Hadoop,
    LZ4_RAW: lz4Block,
  };
}
