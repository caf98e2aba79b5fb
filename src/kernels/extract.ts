import { type KernelArena, openArena } from './arena.ts';
import { htmlModel } from './html-model.ts';
import {
  ENTITY_OF_HASH,
  FURNITURE_HASHES,
  HINT_OF_HASH,
  TAG_BITS,
  TAG_KINDS,
  TAG_NAMES,
  TAG_ORDER,
  tagNumber,
  WINDOWS_1252,
  wordHash,
} from './html-tables.ts';
import {
  BAD_HINTS,
  EXTRACT_MODES,
  type ExtractMode,
  FEW_CHARS,
  FEW_SHARE,
  INSIDE,
  OUTSIDE,
  PROBABILITIES,
} from './reference/html/choose.ts';
import { META_FACTS } from './reference/html/facts.ts';
import { FACTS, type FactName, type Span } from './reference/html/page.ts';
import { checkOffsets } from './statistics.ts';
import type { WasmModule } from './webassembly.ts';

export { EXTRACT_MODES, type ExtractMode };

/** The main content of the pages of a batch. Lists have one entry a row; a row that was not asked for has 0. */
export interface ExtractedBatch {
  /** UTF-8; that of row i is `values[offsets[i] .. offsets[i + 1])`. */
  readonly values: Uint8Array<ArrayBuffer>;
  readonly offsets: Int32Array<ArrayBuffer>;
  /** Which extractor the text comes from. */
  readonly methods: readonly ('precise' | 'generous' | 'union')[];
  /** Code points of it, without white space. */
  readonly chars: Int32Array<ArrayBuffer>;
  /** Blocks of text of the page, and those that are kept. */
  readonly blocks: Int32Array<ArrayBuffer>;
  readonly kept: Int32Array<ArrayBuffer>;
  /** What the page of a row says of itself, as places in it. */
  facts(row: number): Readonly<Record<FactName, Span>>;
}

/**
 * Equal, to the byte, to `extractPage` of the plain reference for each page.
 * @param asked one byte a row: 1 = extract. Arguments else as those of `StatisticsFunction`.
 */
export type ExtractFunction = (
  values: Uint8Array,
  offsets: Int32Array,
  rows: number,
  asked: Uint8Array,
  mode: ExtractMode,
) => ExtractedBatch;

/** Numbers a row that the kernel writes. */
const NUMBERS = 20;
/** An instance that holds more memory is let go after the batch: one giant page made it so. */
const LARGE_BYTES = 64 * 1024 * 1024;
const METHODS = ['precise', 'generous', 'union'] as const;

/** In an instance of its own, opened when it is first needed: pages need more memory than text, and other tables. */
export function extractOver(module: WasmModule): { readonly extract: ExtractFunction; memoryBytes(): number } {
  let arena: KernelArena | null = null;
  return {
    memoryBytes: () => arena?.memoryBytes() ?? 0,
    extract(...call) {
      arena ??= openExtractor(module);
      const got = extractIn(arena, ...call);
      if (arena.memoryBytes() > LARGE_BYTES) arena = null;
      return got;
    },
  };
}

function extractIn(arena: KernelArena, ...[values, offsets, rows, asked, mode]: Parameters<ExtractFunction>) {
  checkOffsets(values, offsets, rows, 'extract kernel');
  arena.reset();
  const first = offsets[0];
  const bytes = offsets[rows] - first;
  let most = 0;
  for (let i = 0; i < rows; i++) most = Math.max(most, offsets[i + 1] - offsets[i]);
  const text = arena.copyIn(values.subarray(first, offsets[rows]));
  const starts = arena.copyInInt32(offsets.subarray(0, rows + 1));
  const flags = arena.copyIn(asked.subarray(0, rows));
  const scratch = arena.alloc(most + 80);
  const out = arena.alloc(bytes + 64);
  const ends = arena.alloc((rows + 1) * 4);
  const numbers = arena.alloc(rows * NUMBERS * 4 + 16);
  const number = EXTRACT_MODES.indexOf(mode);
  arena.exports.extract(text - first, starts, rows, flags, number, scratch, out, ends, numbers);
  const ownOffsets = arena.int32(ends, rows + 1);
  const all = arena.int32(numbers, rows * NUMBERS);
  const column = (k: number) => Int32Array.from({ length: rows }, (_, i) => all[i * NUMBERS + k]);
  return {
    values: arena.uint8(out, ownOffsets[rows]),
    offsets: ownOffsets,
    methods: Array.from({ length: rows }, (_, i) => METHODS[all[i * NUMBERS]]),
    chars: column(1),
    blocks: column(2),
    kept: column(3),
    facts(row: number) {
      const at = row * NUMBERS + 4;
      const span = (k: number): Span => ({ start: all[at + 2 * k], end: all[at + 2 * k + 1] });
      return Object.fromEntries(FACTS.map((name, k) => [name, span(k)])) as Record<FactName, Span>;
    },
  };
}

/** Tags that the tokenizer names, in the order of `named` in html-stack.ts; then that of any with a hyphen. */
const NAMED =
  'a br html head body p li dl dt dd tr td th table thead tbody tfoot caption ul ol menu h1 h6 pre link meta title ' +
  'script hr button label svg';
/** Those of the layout, in the order of `tag` in html-extract.ts. */
const LAYOUT = 'li tr td th table ul ol dl dt dd menu';
const TABLES = { tags: 0, hints: 1, furniture: 2, entities: 3, metas: 4 } as const;

/** An instance with its tables and trees. */
function openExtractor(module: WasmModule): KernelArena {
  const arena = openArena(module);
  const { exports } = arena;
  const numbers = (at: number, list: readonly number[]): void => {
    new Int32Array(exports.memory.buffer, at >>> 0, list.length).set(list);
  };
  numbers(exports.htmlTables(TAG_NAMES.length), [...TAG_KINDS, ...TAG_ORDER, ...TAG_BITS, ...WINDOWS_1252]);
  TAG_NAMES.forEach((name, i) => {
    if (i > 0 && i < TAG_NAMES.length - 1) exports.htmlWord(TABLES.tags, wordHash(name) | 0, i);
  });
  for (const [hash, bit] of HINT_OF_HASH) exports.htmlWord(TABLES.hints, hash | 0, bit);
  for (const hash of FURNITURE_HASHES) exports.htmlWord(TABLES.furniture, hash | 0, 1);
  for (const [hash, { point, legacy }] of ENTITY_OF_HASH)
    exports.htmlWord(TABLES.entities, hash | 0, point * 2 + (legacy ? 1 : 0));
  for (const [name, fact] of Object.entries(META_FACTS))
    exports.htmlWord(TABLES.metas, wordHash(name) | 0, FACTS.indexOf(fact));
  numbers(exports.htmlNamed(), [...NAMED.split(' ').map(tagNumber), TAG_NAMES.length - 1]);
  numbers(exports.htmlLayoutTags(), LAYOUT.split(' ').map(tagNumber));
  numbers(exports.htmlChoice(), [FEW_CHARS, FEW_SHARE, OUTSIDE, INSIDE, BAD_HINTS, 0, 0, 0, ...PROBABILITIES]);
  exports.htmlHeadings(tagNumber('h1'), tagNumber('h6'));
  const { bytes, at, trees } = htmlModel();
  exports.htmlTrees(arena.copyIn(bytes) + at, trees);
  arena.keep();
  return arena;
}
