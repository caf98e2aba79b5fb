import { brotliDecompressSync, gunzipSync } from 'node:zlib';
import { CompressionType, compressionRegistry } from 'apache-arrow';
import type { Compressors } from 'hyparquet';
import { lz4Block, lz4Frame, lz4Hadoop } from './lz4.ts';
import { contentSizeOf } from './zstd-frames.ts';
import { loadZstdModule } from './zstd-module.ts';

/** Decoders of Parquet pages; snappy is hyparquet's own. Damage throws. */
export async function pageCodecs(): Promise<Compressors> {
  const { decompress } = await loadZstdModule();
  const sized = (bytes: Uint8Array, size: number): Uint8Array => {
    if (bytes.length === size) return bytes;
    throw new Error(`expected a page of ${size} bytes, came ${bytes.length}`);
  };
  /** The words of zlib's errors differ between versions of Node, and end up in files. */
  const plainly =
    (codec: string, unpack: (packed: Uint8Array, options: { maxOutputLength: number }) => Uint8Array) =>
    (packed: Uint8Array, size: number) => {
      try {
        return sized(unpack(packed, { maxOutputLength: Math.max(1, size) }), size);
      } catch (cause) {
        throw new Error(`expected a ${codec} page of ${size} bytes, came damage`, { cause });
      }
    };
  return {
    GZIP: plainly('gzip', gunzipSync),
    BROTLI: plainly('brotli', brotliDecompressSync),
    ZSTD(packed, size) {
      if ((contentSizeOf(packed) ?? size) > size) throw new Error('expected a zstd page of its size, came another');
      return sized(decompress(packed, { defaultHeapSize: Math.max(1, size) }), size);
    },
    LZ4: lz4Hadoop,
    LZ4_RAW: lz4Block,
  };
}

/** Most bytes that a compressed Arrow buffer without a size is given. */
const BUFFER_BYTES = 1024 * 1024 * 1024;

/** Teaches apache-arrow to read compressed record batches, unless somebody did. */
export async function registerArrowCodecs(): Promise<void> {
  const { decompress } = await loadZstdModule();
  if (compressionRegistry.get(CompressionType.LZ4_FRAME) === null)
    compressionRegistry.set(CompressionType.LZ4_FRAME, { decode: lz4Frame });
  if (compressionRegistry.get(CompressionType.ZSTD) === null) {
    compressionRegistry.set(CompressionType.ZSTD, {
      decode(packed) {
        const size = contentSizeOf(packed);
        if (size === null || size > BUFFER_BYTES) throw new Error('expected a zstd buffer with its size, came none');
        return decompress(packed);
      },
    });
  }
}
