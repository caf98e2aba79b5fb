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
  /** Begins a frame. @param window bytes that matches may reach back. @param most bytes that it unpacks to at most */
  begin(window: number, most?: number): void;
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
    begin(window, most) {
      arena.reset();
      const capacity = zstdMemory(window, most);
      exports.zstdBegin(arena.alloc(capacity + SLACK), capacity, window);
    },
    block(type, packed, size) {
      if (packed.length > BLOCK_BYTES || size > BLOCK_BYTES) return null;
      new Uint8Array(exports.memory.buffer, source, packed.length).set(packed);
      try {
        const good = type === 2 ? exports.zstdBlock(source, packed.length) : exports.zstdPlainBlock(source, size, type);
        return good === 1 ? output() : null;
      } catch (error) {
        // A trap: the damage led out of the memory.
        if ((error as Error).name === 'RuntimeError') return null;
        throw error;
      }
    },
  };
}
