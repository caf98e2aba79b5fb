import type { KernelArena } from './arena.ts';
import { checkOffsets } from './statistics.ts';

/**
 * What becomes of a line: the first rule that takes it away, in the order of this list. Lines are split on \n and
 * trimmed of White_Space; blank ones are not listed. After Raffel et al. 2020, section 2.2, with the order of
 * datatrove's filter; profile `sluice`.
 * - long_word: a token of more than `maxWordLength` code points.
 * - no_terminal_punct: without its citation marks, the line does not end in one of . ? ! " ' or ends in '...'.
 * - too_few_words: fewer than `minWords` tokens (counted with the citation marks), or nothing left without them.
 * - javascript, policy: the words stand in the line, ASCII case ignored (policy: see C4_PHRASES).
 */
export const C4_LINE = {
  keep: 0,
  long_word: 1,
  no_terminal_punct: 2,
  too_few_words: 3,
  javascript: 4,
  policy: 5,
} as const;

/**
 * Bits of a document: 'lorem ipsum' in a line that passed the first three rules; '{' in one that passed `javascript`
 * too.
 */
export const C4_FLAG = { lorem_ipsum: 1, curly_bracket: 2 } as const;

/**
 * Lower case, up to 15 ASCII characters; the first is `javascript`, the second `lorem ipsum`, the others make a
 * `policy` line.
 */
export const C4_PHRASES: readonly string[] = [
  'javascript',
  'lorem ipsum',
  'terms of use',
  'privacy policy',
  'cookie policy',
  'uses cookies',
  'use of cookies',
  'use cookies',
];

export interface C4Options {
  readonly terminalPunct: boolean;
  /** Tokens that a line must have; 0 = no minimum. */
  readonly minWords: number;
  /** Code points that a token may have; 0 = no limit. */
  readonly maxWordLength: number;
  /** Whether citation marks `[12]`, `[edit]`, `[citation needed]` are taken out before a line is judged, and listed. */
  readonly citations: boolean;
  readonly javascript: boolean;
  readonly policy: boolean;
}

export const C4_DEFAULTS: C4Options = {
  terminalPunct: true,
  minWords: 3,
  maxWordLength: 1000,
  citations: true,
  javascript: true,
  policy: true,
};

/**
 * Lines of document i are entries `lineOffsets[i] .. lineOffsets[i + 1]` of `start`, `end` and `code`; citation marks
 * likewise.
 */
export interface C4Lines {
  /** Length rows + 1. */
  readonly lineOffsets: Int32Array<ArrayBuffer>;
  /** First byte of the trimmed line, from the start of its document. */
  readonly start: Int32Array<ArrayBuffer>;
  readonly end: Int32Array<ArrayBuffer>;
  /** One of C4_LINE. */
  readonly code: Uint8Array<ArrayBuffer>;
  /** Bits of C4_FLAG, one byte per document. */
  readonly flags: Uint8Array<ArrayBuffer>;
  /**
   * Per document: in kept lines, tokens that end a sentence and, where a line goes on after the last of them, that
   * rest.
   */
  readonly sentences: Int32Array<ArrayBuffer>;
  /** Length rows + 1. Citation marks in kept lines, bytes from the start of the document, brackets included. */
  readonly citationOffsets: Int32Array<ArrayBuffer>;
  readonly citationStart: Int32Array<ArrayBuffer>;
  readonly citationEnd: Int32Array<ArrayBuffer>;
}

/**
 * Judges every line of a batch by the C4 rules; arguments as for `statistics`. Rows that are not alive have no lines.
 * Equal to `c4Document` of each document.
 */
export type C4Function = (
  values: Uint8Array,
  offsets: Int32Array,
  rows: number,
  options?: C4Options,
  alive?: Uint8Array | null,
) => C4Lines;

export function c4Over(arena: KernelArena): C4Function {
  return (values, offsets, rows, options = C4_DEFAULTS, alive = null) => {
    checkOffsets(values, offsets, rows, 'C4 kernel');
    arena.reset();
    const first = offsets[0];
    const text = arena.copyIn(values.subarray(first, offsets[rows]));
    const starts = arena.copyInInt32(offsets.subarray(0, rows + 1));
    const flags = alive === null ? 0 : arena.copyIn(alive.subarray(0, rows));
    const rules =
      (options.terminalPunct ? 1 : 0) |
      (options.citations ? 2 : 0) |
      (options.javascript ? 4 : 0) |
      (options.policy ? 8 : 0);
    const { minWords, maxWordLength } = options;
    const at = arena.exports.c4Lines(text - first, starts, rows, flags, rules, minWords, maxWordLength) >>> 0;
    const result = arena.int32(at, 9);
    const lineOffsets = arena.int32(result[0], rows + 1);
    const citationOffsets = arena.int32(result[6], rows + 1);
    return {
      lineOffsets,
      start: arena.int32(result[1], lineOffsets[rows]),
      end: arena.int32(result[2], lineOffsets[rows]),
      code: arena.uint8(result[3], lineOffsets[rows]),
      flags: arena.uint8(result[4], rows),
      sentences: arena.int32(result[5], rows),
      citationOffsets,
      citationStart: arena.int32(result[7], citationOffsets[rows]),
      citationEnd: arena.int32(result[8], citationOffsets[rows]),
    };
  };
}
