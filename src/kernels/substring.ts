import { kernelModule, openArena } from './arena.ts';
import { checkOffsets } from './statistics.ts';

/** 32-bit words of a record. */
export const RECORD_WORDS = 8;
/** In the end of an anchored stretch: its anchor stands in it more than once. */
export const TIED = 0x80000000;

export interface SubstringOptions {
  /** What texts are made of here: runs of anything but white space, or bytes. */
  readonly unit: 'words' | 'bytes';
  /** Units in a window: the shortest stretch that can be found, 2 to 65,536. */
  readonly window: number;
}

/** Records of texts: those of row i are `offsets[i] .. offsets[i + 1]`, RECORD_WORDS words each, little-endian. */
export interface SubstringRecords {
  readonly offsets: Int32Array<ArrayBuffer>;
  readonly words: Uint32Array<ArrayBuffer>;
}

/**
 * Windows of words or bytes over UTF-8, equal to `referenceAnchors` and `referenceWindows`; in a WebAssembly instance
 * of its own. Bytes of a record count from the start of its row.
 */
export interface SubstringKernel {
  memoryBytes(): number;
  /**
   * Every window of a text belongs to one anchor, its least gram; the windows of one anchor are one stretch. A record a
   * stretch: hash of the anchor (2 words), hash of the stretch (2), hashes of 16 bits each of what stands left and
   * right of the anchor (0: too little), bytes from the start to the anchor, start, end (with TIED). Equal windows have
   * equal anchors, wherever they stand; and unless tied, the same on the left of it or on the right.
   * @param alive one byte a row, 0 = leave out; null = all.
   */
  anchors(values: Uint8Array, offsets: Int32Array, rows: number, alive: Uint8Array | null): SubstringRecords;
  /** Every window of each row: hash (2 words), 4 empty words, start, end. */
  windows(values: Uint8Array, offsets: Int32Array, rows: number): SubstringRecords;
}

/** Units in a gram, for windows of `window`: a quarter; an anchor comes about every 2 / (window - gram + 2) units. */
export const gramOf = (window: number): number => Math.max(1, Math.floor(window / 4));

export async function openSubstringKernel({ unit, window }: SubstringOptions): Promise<SubstringKernel> {
  const arena = openArena(await kernelModule());
  arena.exports.substringOpen(unit === 'bytes' ? 1 : 0, window, gramOf(window));
  arena.keep();
  const call = (
    values: Uint8Array,
    offsets: Int32Array,
    rows: number,
    run: (text: number, starts: number, counts: number) => number,
  ): SubstringRecords => {
    checkOffsets(values, offsets, rows, 'substring kernel');
    arena.reset();
    const first = offsets[0];
    const text = arena.copyIn(values.subarray(first, offsets[rows]));
    const starts = arena.copyInInt32(offsets.subarray(0, rows + 1));
    const counts = arena.alloc(rows * 4);
    const out = run(text - first, starts, counts) >>> 0;
    const list = arena.int32(counts, rows);
    const ends = new Int32Array(rows + 1);
    for (let i = 0; i < rows; i++) ends[i + 1] = ends[i] + list[i];
    return {
      offsets: ends,
      words: new Uint32Array(arena.exports.memory.buffer, out, ends[rows] * RECORD_WORDS).slice(),
    };
  };
  return {
    memoryBytes: () => arena.memoryBytes(),
    anchors(values, offsets, rows, alive) {
      return call(values, offsets, rows, (text, starts, counts) => {
        const flags = alive === null ? 0 : arena.copyIn(alive.subarray(0, rows));
        return arena.exports.substringAnchors(text, starts, rows, flags, counts);
      });
    },
    windows: (values, offsets, rows) =>
      call(values, offsets, rows, (text, starts, counts) => arena.exports.substringWindows(text, starts, rows, counts)),
  };
}
