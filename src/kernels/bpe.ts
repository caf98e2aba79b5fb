import { tokenClassTable } from '../unicode/tokenizer-classes.ts';
import { type KernelArena, kernelModule, openArena } from './arena.ts';
import { type AddedBytes, addedSet } from './bpe-added.ts';
import { NUMBERS, type Numbers, PIECES, type Pieces } from './pre-tokenizers.ts';
import { checkOffsets } from './statistics.ts';
import type { WasmModule } from './webassembly.ts';

/** A byte-level BPE tokenizer. Ids are below 2^24. */
export interface BpeTables {
  readonly pieces: Pieces;
  readonly numbers: Numbers;
  /** 256 ids. */
  readonly byteIds: Uint32Array;
  /** Left, right and what they become, by rank. Of a pair that comes twice the last counts. */
  readonly merges: Uint32Array;
  /**
   * Bytes of every token that a whole piece may be without merging, by id: `bytes[starts[id] .. starts[id + 1])`, empty
   * where there is none; null: all pieces are merged.
   */
  readonly whole: { readonly starts: Uint32Array; readonly bytes: Uint8Array } | null;
  /** Looked for in the text as it is, and then in what is between, once it is normalised. */
  readonly added: readonly [raw: readonly AddedBytes[], normalized: readonly AddedBytes[]];
}

/** What of a row is encoded: nothing, all of it, or no added tokens of the first set (they were found before). */
export const ROW = { none: 0, all: 1, parted: 2 } as const;

/** Ids of rows: those of row i are `ids[offsets[i] .. offsets[i + 1])`. */
export interface BpeIds {
  readonly ids: Uint32Array<ArrayBuffer>;
  readonly offsets: Int32Array<ArrayBuffer>;
}

/** Byte-level BPE in a WebAssembly instance of its own, equal to `referenceBpe`. */
export interface BpeKernel {
  /** Bytes of WebAssembly memory. */
  memoryBytes(): number;
  /** @param wanted one value of ROW a row; null: all. */
  encode(values: Uint8Array, offsets: Int32Array, rows: number, wanted: Uint8Array | null): BpeIds;
  /** One byte a row: 1 = it has code points that a text in NFC may not have everywhere. */
  unusual(values: Uint8Array, offsets: Int32Array, rows: number): Uint8Array;
  /** Added tokens of the first set in a text: start, end and id of each. */
  matches(text: Uint8Array): Uint32Array;
}

/** Text in one call of the module; a longer row is a call of its own. Bounds the memory. */
const CHUNK_BYTES = 1 << 19;
/** What a long piece took is given back after so many calls that needed none of it. */
const SPARE_BYTES = 16 * 1024 * 1024;
const SMALL_CALLS = 64;

/** Opens a kernel; its memory is 10 MB for a vocabulary of 50,000, see `bpeKernelBytes`. */
export async function openBpeKernel(tables: BpeTables): Promise<BpeKernel> {
  const module = await kernelModule();
  let arena = install(module, tables);
  const base = arena.memoryBytes();
  let small = 0;
  const settle = (bytes: number): void => {
    small = arena.memoryBytes() > base + SPARE_BYTES && bytes <= CHUNK_BYTES ? small + 1 : 0;
    if (small < SMALL_CALLS) return;
    arena = install(module, tables);
    small = 0;
  };

  /** Copies rows in and calls with their addresses. */
  const over = <T>(values: Uint8Array, offsets: Int32Array, run: (text: number, starts: number) => T): T => {
    const rows = offsets.length - 1;
    const bytes = offsets[rows] - offsets[0];
    settle(bytes);
    arena.reset();
    const text = arena.copyIn(values.subarray(offsets[0], offsets[rows]));
    return run(text - offsets[0], arena.copyInInt32(offsets));
  };
  return {
    memoryBytes: () => arena.memoryBytes(),
    encode(values, offsets, rows, wanted) {
      checkOffsets(values, offsets, rows, 'BPE kernel');
      const ends = new Int32Array(rows + 1);
      const lists: Uint32Array[] = [];
      let total = 0;
      for (const [from, to] of chunks(offsets, rows)) {
        const list = over(values, offsets.subarray(from, to + 1), (text, starts) => {
          const flags = wanted === null ? 0 : arena.copyIn(wanted.subarray(from, to));
          const counts = arena.alloc((to - from) * 4);
          const out = arena.alloc((offsets[to] - offsets[from]) * 4 + 16);
          const end = arena.exports.bpeEncode(text, starts, to - from, flags, out, counts) >>> 0;
          const { buffer } = arena.exports.memory;
          const stops = new Int32Array(buffer, counts, to - from);
          for (let i = 0; i < stops.length; i++) ends[from + i + 1] = total + stops[i];
          return new Uint32Array(buffer, out, (end - out) >>> 2).slice();
        });
        lists.push(list);
        total += list.length;
      }
      return { ids: joined(lists, total), offsets: ends };
    },
    matches(text) {
      const [raw] = tables.added;
      if (raw.length === 0) return new Uint32Array(0);
      const most = Math.ceil(text.length / Math.min(...raw.map((t) => t.bytes.length)));
      return over(text, Int32Array.of(0, text.length), (at) => {
        const out = arena.alloc(most * 12);
        const count = arena.exports.bpeMatches(at, text.length, out) >>> 0;
        return new Uint32Array(arena.exports.memory.buffer, out, count * 3).slice();
      });
    },
    unusual(values, offsets, rows) {
      checkOffsets(values, offsets, rows, 'BPE kernel');
      const out = new Uint8Array(rows);
      for (const [from, to] of chunks(offsets, rows)) {
        over(values, offsets.subarray(from, to + 1), (text, starts) => {
          const flags = arena.alloc(to - from);
          arena.exports.bpeUnusual(text, starts, to - from, flags);
          out.set(arena.uint8(flags, to - from), from);
        });
      }
      return out;
    },
  };
}

function joined(lists: readonly Uint32Array[], total: number): Uint32Array<ArrayBuffer> {
  const ids = new Uint32Array(total);
  let at = 0;
  for (const list of lists) {
    ids.set(list, at);
    at += list.length;
  }
  return ids;
}

/** Rows of about CHUNK_BYTES. */
function* chunks(offsets: Int32Array, rows: number): Generator<readonly [from: number, to: number]> {
  let from = 0;
  for (let to = 1; to <= rows; to++) {
    if (to < rows && offsets[to + 1] - offsets[from] <= CHUNK_BYTES) continue;
    yield [from, to];
    from = to;
  }
}

/** Caches of pieces, classes of code points, and the texts of one call with their ids: one of 1 MB, or many. */
const BESIDE_TABLES_BYTES = 12 * 1024 * 1024;

/** What tables take in memory: `install` says of what. */
export interface TableSizes {
  readonly tokens: number;
  readonly tokenBytes: number;
  readonly merges: number;
}

/** Bytes of WebAssembly memory that a kernel holds at most; a document of megabytes takes more while it is encoded. */
export const bpeKernelBytes = ({ tokens, tokenBytes, merges }: TableSizes): number =>
  BESIDE_TABLES_BYTES +
  4 * (tokens + powerOfTwo(tokens * 2)) +
  tokenBytes +
  16 * powerOfTwo(merges * 1.5) +
  12 * merges;

const powerOfTwo = (least: number): number => 2 ** Math.ceil(Math.log2(Math.max(64, least)));

function install(module: WasmModule, tables: BpeTables): KernelArena {
  const arena = openArena(module);
  const { exports } = arena;
  const { index, blocks } = tokenClassTable();
  const classes = exports.bpeClasses(blocks.length) >>> 0;
  new Uint16Array(exports.memory.buffer, classes, index.length).set(index);
  new Uint8Array(exports.memory.buffer, classes + index.byteLength, blocks.length).set(blocks);
  const bytes = exports.bpeBytes() >>> 0;
  new Uint32Array(exports.memory.buffer, bytes, 256).set(tables.byteIds);
  if (tables.whole) {
    const { starts, bytes: tokenBytes } = tables.whole;
    const startsAt = arena.copyInInt32(new Int32Array(starts.buffer, starts.byteOffset, starts.length));
    const count = starts.length - 1;
    exports.bpeTokens(startsAt, arena.copyIn(tokenBytes), count, powerOfTwo(count * 2));
  }
  for (const [set, tokens] of tables.added.entries()) if (tokens.length > 0) addedSet(arena, set, tokens);
  exports.bpeCaches();
  exports.bpeOpen(Object.keys(PIECES).indexOf(tables.pieces), NUMBERS.indexOf(tables.numbers));
  // Last of the tables: the list of merges lies above its table, and is gone with the first batch.
  const count = tables.merges.length / 3;
  const slots = powerOfTwo(count * 1.5);
  exports.bpeMergeTable(slots);
  arena.keep();
  const { merges } = tables;
  exports.bpeMerges(arena.copyInInt32(new Int32Array(merges.buffer, merges.byteOffset, merges.length)), count);
  arena.reset();
  return arena;
}
