import { TOKEN_CLASS_PALETTE, TOKEN_CLASS_RUNS } from './tokenizer-tables.ts';
import { fromRuns, type TwoStageTable } from './two-stage.ts';

/**
 * What a code point is to a tokenizer: bits, as the tokenizers library of Hugging Face and tiktoken see them (Unicode
 * 16.0, which is not the version that decides the rest of Sluice: ids belong to the model, not to the text).
 */
export const TOKEN_CLASS = {
  /** General category L. */
  letter: 1,
  /** General category N. */
  number: 2,
  /** `\s`: property White_Space. */
  white: 4,
  /** Lu, Lt, Lm, Lo, M. */
  upper: 8,
  /** Ll, Lm, Lo, M. */
  lower: 16,
  /** `\w`: what may not stand beside an added token that is a single word. */
  word: 32,
  /** What `Digits` keeps apart: general category N of Unicode 17.0. */
  digit: 64,
  /** May not stand in a text in NFC, or not everywhere. */
  unusual: 128,
} as const;

let table: TwoStageTable<Uint8Array<ArrayBuffer>> | null = null;

/** Class bytes of all code points, built once a thread. */
export function tokenClassTable(): TwoStageTable<Uint8Array<ArrayBuffer>> {
  table ??= fromRuns(TOKEN_CLASS_RUNS, TOKEN_CLASS_PALETTE);
  return table;
}

/** Bits of TOKEN_CLASS. */
export function tokenClassOf(cp: number): number {
  const { index, blocks } = tokenClassTable();
  return blocks[(index[cp >> 7] << 7) | (cp & 127)];
}
