import { loadXxhash } from '../../hash.ts';
import { openZstdDecoder, type ZstdBlockType, type ZstdDecoder } from '../../kernels/zstd.ts';
import { type FrameHeader, frameHeaderOf, SKIPPABLE_MAGIC, SKIPPABLE_MASK } from './zstd-frames.ts';

/**
 * Unpacks frames that are in memory, one after the other; throws on damage, a wrong checksum, or when they hold more
 * than `atMost` bytes.
 * @param scratch is written to when it is large enough: then the result is a view of it.
 * @param dictionary that they were made with, with its magic number
 */
export type ZstdUnpack = (
  packed: Uint8Array,
  atMost: number,
  scratch?: Uint8Array<ArrayBuffer>,
  dictionary?: Uint8Array,
) => Uint8Array<ArrayBuffer>;

let loaded: Promise<ZstdUnpack> | null = null;

/** Loaded once per thread. */
export function loadZstdUnpack(): Promise<ZstdUnpack> {
  loaded ??= (async () => {
    const [decoder, { h64Raw }] = await Promise.all([openZstdDecoder(), loadXxhash()]);
    return (packed, atMost, scratch, dictionary) => unpackAll(decoder, h64Raw, packed, atMost, scratch, dictionary);
  })();
  return loaded;
}

const damage = (what: string): Error => new Error(`expected ${what}, got damage`);

function unpackAll(
  decoder: ZstdDecoder,
  h64Raw: (bytes: Uint8Array) => bigint,
  packed: Uint8Array,
  atMost: number,
  scratch = new Uint8Array(0),
  dictionary?: Uint8Array,
): Uint8Array<ArrayBuffer> {
  const view = new DataView(packed.buffer, packed.byteOffset, packed.length);
  let out = scratch;
  let filled = 0;
  for (let at = 0; at < packed.length; ) {
    if (at + 8 > packed.length) throw damage('a zstd frame');
    if ((view.getUint32(at, true) & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC) {
      at += 8 + view.getUint32(at + 4, true);
      continue;
    }
    const header = frameHeaderOf(packed.subarray(at, at + 18));
    if (typeof header === 'string') throw damage('a zstd frame header');
    const start = filled;
    const room = Math.min(atMost - filled, header.contentSize ?? atMost);
    if (out.length < filled + room) {
      const wider = new Uint8Array(filled + room);
      wider.set(out.subarray(0, filled));
      out = wider;
    }
    const blocks = unpackBlocks(decoder, packed, at, header, atMost - filled, dictionary);
    for (;;) {
      const block = blocks.next();
      if (block.done) {
        at = block.value;
        break;
      }
      if (block.value.length > out.length - filled) throw damage(`at most ${room} bytes in a zstd frame`);
      out.set(block.value, filled);
      filled += block.value.length;
    }
    if (header.contentSize !== null && header.contentSize !== filled - start)
      throw damage(`${header.contentSize} bytes in a zstd frame`);
    if (header.checksum) {
      if (
        at + 4 > packed.length ||
        view.getUint32(at, true) !== Number(h64Raw(out.subarray(start, filled)) & 0xffffffffn)
      )
        throw damage('the checksum of a zstd frame');
      at += 4;
    }
  }
  return out.length === filled ? out : out === scratch ? out.subarray(0, filled) : out.slice(0, filled);
}

/** Blocks of the frame at `at`; returns one past the last one. Views die when the next block is asked for. */
export function* unpackBlocks(
  decoder: ZstdDecoder,
  packed: Uint8Array,
  at: number,
  header: FrameHeader,
  atMost: number,
  dictionary?: Uint8Array,
): Generator<Uint8Array, number> {
  if (header.dictionary !== 0 && dictionary === undefined) throw damage('a zstd frame that needs no dictionary');
  if (!decoder.begin(Math.min(header.windowSize, atMost), undefined, dictionary)) throw damage('a zstd dictionary');
  let p = at + header.headerBytes;
  for (;;) {
    if (p + 3 > packed.length) throw damage('another zstd block');
    const word = packed[p] | (packed[p + 1] << 8) | (packed[p + 2] << 16);
    const type = (word >> 1) & 3;
    const bytes = type === 1 ? 1 : word >> 3;
    p += 3;
    if (type === 3 || p + bytes > packed.length) throw damage('a zstd block');
    const block = decoder.block(type as ZstdBlockType, packed.subarray(p, p + bytes), word >> 3);
    if (block === null) throw damage('a zstd block');
    yield block;
    p += bytes;
    if (word & 1) return p;
  }
}
