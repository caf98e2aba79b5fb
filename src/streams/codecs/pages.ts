import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { CompressionType, compressionRegistry } from 'apache-arrow';
import type { Compressors } from 'hyparquet';
import { lz4Block, lz4Frame, lz4Hadoop } from './lz4.ts';
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

/**
 * Most bytes that a compressed Arrow buffer may unpack to, and most per packed byte: a block of zstd makes 128 KB of 4
 * bytes.
 */
const MAX_RATIO = 40_000;
const BUFFER_BYTES = 1024 * 1024 * 1024;

/** Teaches apache-arrow to read compressed record batches, unless somebody did. */
export async function registerArrowCodecs(): Promise<void> {
  const unzstd = await loadZstdUnpack();
  if (compressionRegistry.get(CompressionType.LZ4_FRAME) === null)
    compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: lz4Frame });
  if (compressionRegistry.get(CompressionType.ZSTD) === null) {
    compressionRegistry.set(CompressionType.ZSTD, {
      decode: (packed) => unzstd(packed, Math.min(BUFFER_BYTES, packed.length * MAX_RATIO)),
    });
  }
}
