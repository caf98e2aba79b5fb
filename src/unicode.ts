import {
  buildClassTable,
  buildDecompositions,
  buildFoldings,
  buildForms,
  CLASS,
  type ClassTable,
} from './unicode/classes.ts';

export { CLASS, type ClassTable } from './unicode/classes.ts';
export { UNICODE_VERSION } from './unicode/tables.ts';

let table: ClassTable | null = null;
let foldings: ReadonlyMap<number, number> | null = null;
let decompositions: ReadonlyMap<number, readonly number[]> | null = null;
let forms: ReadonlyMap<number, readonly number[]> | null = null;

/** The class bytes of all code points, built once per thread. */
export function classTable(): ClassTable {
  table ??= buildClassTable();
  return table;
}

/** Class byte of a code point; see CLASS. Lone surrogates are class 0. */
export function classOf(cp: number): number {
  const t = classTable();
  return t.blocks[(t.index[cp >> 7] << 7) | (cp & 127)];
}

const inGroup = (cp: number, group: number): boolean => (classOf(cp) & CLASS.groupMask) === group;
const hasFlag = (cp: number, flag: number): boolean => (classOf(cp) & flag) !== 0;

export const isLetter = (cp: number): boolean => inGroup(cp, CLASS.letter);
export const isMark = (cp: number): boolean => inGroup(cp, CLASS.mark);
export const isNumber = (cp: number): boolean => inGroup(cp, CLASS.number);
export const isPunctuation = (cp: number): boolean => inGroup(cp, CLASS.punctuation);
export const isSymbol = (cp: number): boolean => inGroup(cp, CLASS.symbol);
export const isWhiteSpace = (cp: number): boolean => hasFlag(cp, CLASS.whiteSpace);
/** General category Lu. */
export const isUppercase = (cp: number): boolean => hasFlag(cp, CLASS.uppercase);
/** General category Nd. */
export const isDigit = (cp: number): boolean => hasFlag(cp, CLASS.digit);
/** Ends a sentence: property Sentence_Terminal, or U+2026. */
export const isTerminal = (cp: number): boolean => hasFlag(cp, CLASS.terminal);
/** May stand after a terminal mark: closing brackets, all quotes. */
export const isCloser = (cp: number): boolean => hasFlag(cp, CLASS.closer);

/** Simple case folding, one code point to one. */
export function foldCase(cp: number): number {
  if (cp < 128) return cp >= 65 && cp <= 90 ? cp + 32 : cp;
  foldings ??= buildFoldings();
  return foldings.get(cp) ?? cp;
}

/**
 * Full canonical decomposition of one code point, or null when it stays as it is. Marks are not reordered across code
 * points.
 */
export function decompose(cp: number): readonly number[] | null {
  if (cp < 0xc0) return null;
  if (cp >= 0xac00 && cp <= 0xd7a3) {
    const s = cp - 0xac00;
    const lead = 0x1100 + Math.floor(s / 588);
    const vowel = 0x1161 + Math.floor((s % 588) / 28);
    return s % 28 === 0 ? [lead, vowel] : [lead, vowel, 0x11a7 + (s % 28)];
  }
  decompositions ??= buildDecompositions();
  return decompositions.get(cp) ?? null;
}

/**
 * What a form of width or typesetting stands for (full and half width, ligatures, Arabic presentation forms, squared
 * words), fully decomposed, or null. Superscripts, fractions and letters of mathematics mean something else and have
 * none.
 */
export function formOf(cp: number): readonly number[] | null {
  if (cp < 0x3300) return null;
  forms ??= buildForms();
  return forms.get(cp) ?? null;
}
