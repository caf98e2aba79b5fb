import { kernelModule, openArena } from './arena.ts';

/** Bytes that a block of zstd holds at most, packed or not. */
const BLOCK_BYTES = 128 * 1024;
/** Vector reads and writes may run over both ends of a buffer. */
const SLACK = 64;

/** What the header of a block says: 0 raw, 1 one byte repeated, 2 compressed. */
export type ZstdBlockType = 0 | 1 | 2;

/**
 * Unpacks the blocks of zstd frames one by one (RFC 8878), holding one window; checksums are the caller's to verify.
 */
export interface ZstdDecoder {
  /** Bytes of WebAssembly memory held. */
  memoryBytes(): number;
  /**
   * Begins a frame; false for a dictionary that is damaged.
   * @param window bytes that matches may reach back. @param most bytes that it unpacks to at most
   * @param dictionary a whole dictionary, with its magic number, that the frame was made with
   */
  begin(window: number, most?: number, dictionary?: Uint8Array): boolean;
  /**
   * The next block, unpacked: a view that dies at the next call; null for damage.
   * @param packed what follows the block header. @param size the size in it: of the unpacked bytes for type 1, else of
   *   `packed`.
   */
  block(type: ZstdBlockType, packed: Uint8Array, size: number): Uint8Array | null;
}

/**
 * Bytes that a window takes: half of one more, so that it is moved down only once in so many bytes, but no more than
 * the frame unpacks to.
 */
export function zstdMemory(window: number, most = Number.POSITIVE_INFINITY): number {
  const sliding = window + Math.max(Math.floor(window / 2), 4 * BLOCK_BYTES);
  return Math.min(sliding, Math.max(window, most) + 4 * BLOCK_BYTES);
}

/** What `call` gives, or `otherwise` at a trap: damage that led out of the memory. */
function unlessTrap(call: () => number, otherwise: number): number {
  try {
    return call();
  } catch (error) {
    if ((error as Error).name === 'RuntimeError') return otherwise;
    throw error;
  }
}

const NONE = new Uint8Array(0);

/** A decoder with kernel memory of its own, which is given back with it: a window, half of one again, and 0.5 MB. */
export async function openZstdDecoder(): Promise<ZstdDecoder> {
  const arena = openArena(await kernelModule());
  const { exports } = arena;
  arena.alloc(SLACK);
  const source = arena.alloc(BLOCK_BYTES + SLACK);
  exports.literalsBuffer(arena.alloc(BLOCK_BYTES + SLACK));
  arena.keep();
  const output = (): Uint8Array =>
    new Uint8Array(exports.memory.buffer, exports.zstdOutput() >>> 0, exports.zstdOutputBytes() >>> 0);
  return {
    memoryBytes: arena.memoryBytes,
    begin(window, most, dictionary = NONE) {
      arena.reset();
      const more = dictionary.length;
      const capacity = zstdMemory(window + more, most === undefined ? most : most + more);
      const buffer = arena.alloc(capacity + SLACK);
      exports.zstdBegin(buffer, capacity, window);
      if (more === 0) return true;
      const head = dictionary.subarray(0, BLOCK_BYTES);
      new Uint8Array(exports.memory.buffer, source, head.length).set(head);
      const content = dictionary.subarray(unlessTrap(() => exports.zstdDictionary(source, head.length) >>> 0, 0));
      if (content.length === more) return false;
      new Uint8Array(exports.memory.buffer, buffer, content.length).set(content);
      exports.zstdHistory(content.length);
      return true;
    },
    block(type, packed, size) {
      if (packed.length > BLOCK_BYTES || size > BLOCK_BYTES) return null;
      new Uint8Array(exports.memory.buffer, source, packed.length).set(packed);
      const block = (): number =>
        type === 2 ? exports.zstdBlock(source, packed.length) : exports.zstdPlainBlock(source, size, type);
      return unlessTrap(block, 0) === 1 ? output() : null;
    },
  };
}
