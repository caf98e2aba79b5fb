import { inTwoStages } from '../unicode/two-stage.ts';
import { CLASS, classOf, classTable, decompose, foldCase, formOf } from '../unicode.ts';
import { builtTable } from './built-table.ts';
import type { FoldingTable } from './folding.ts';
import { ALONE, writtenWithoutSpaces } from './folding.ts';

// A code point as two texts are compared that may be the same: a code point in the low 21 bits, with flags above.

/** Stands between words; the low bits are 0, `GAP`, or a code point that `keptBetween` may keep. */
export const BETWEEN = 1 << 30;
/** Becomes several: the low bits are where they begin among the blocks, the number of them first. */
export const SEVERAL = 1 << 29;
/** A mark: belongs to the letter before it. */
export const MARK = 1 << 28;
/** A number of any script. */
export const NUMBER = 1 << 27;
/** The code point among the flags. */
export const CODE_POINT = 0x1fffff;
/** What `BETWEEN` keeps of white space, brackets and dashes: that two words are two. */
export const GAP = 0x20;
/** What stands before and after a text. */
export const OUTSIDE = BETWEEN | 1;
/** What `_` is folded to: lower case by one bit, as of all ASCII. */
export const UNDERSCORE = 0x7f;

const ranges = (...list: readonly (readonly [number, number])[]) => list;
function isIn(cp: number, list: readonly (readonly [number, number])[]): boolean {
  for (let i = 0; i < list.length; i++) if (cp >= list[i][0] && cp <= list[i][1]) return true;
  return false;
}

/** Marks and letters that say how a text is chanted, stretched or drawn, not what it says. */
const DRAWN = ranges(
  [0x034f, 0x034f], // combining grapheme joiner
  [0x0591, 0x05af], // Hebrew accents of cantillation
  [0x0640, 0x0640], // Arabic tatweel
  [0x06d6, 0x06dc], // Koranic signs of pause
  [0x180b, 0x180d], // Mongolian variation selectors
  [0xfe00, 0xfe0f], // variation selectors
  [0xe0100, 0xe01ef],
);
/** Blocks of letters without case, form or decomposition, of a script without spaces. */
const IDEOGRAPHS = ranges([0x3400, 0x4dbf], [0x4e00, 0x9fff], [0x20000, 0x2f7ff], [0x30000, 0x3ffff]);
/** Lines, blocks and bullets: symbols that lay a page out. */
const LAYOUT = ranges([0x2500, 0x25ff], [0xfffc, 0xfffc]);
/** Punctuation that counts: per cent of several scripts, primes, the Arabic decimal separator. */
const COUNTED = ranges([0x066a, 0x066b], [0x2030, 0x2037]);
/** Stands inside of words or numbers: left out, and what is on both sides of it is joined. */
const JOINING = new Set([...'’‘·״׳٬،؛'].map((c) => c.codePointAt(0)!));
const MINUS = 0x2212;

/**
 * Folds one code point. Kept: letters and numbers case folded, every mark (NFD) but those of `DRAWN`, symbols. Width,
 * ligatures and presentation forms become what they stand for. Left out (0): format and control characters.
 */
export function foldedCodePoints(cp: number): readonly number[] {
  const parts = partsOf(cp);
  if (parts === null) return [foldedOne(cp)];
  const folded = parts.map(foldedOne);
  return parts.length === 1 ? folded : folded.filter((v) => v !== 0 && (v & BETWEEN) === 0);
}

const partsOf = (cp: number): readonly number[] | null => formOf(cp) ?? (isHangul(cp) ? null : decompose(cp));

const isHangul = (cp: number): boolean => cp >= 0xac00 && cp <= 0xd7a3;

function foldedOne(cp: number): number {
  if (cp === 0x5f) return UNDERSCORE;
  const cls = classOf(cp);
  if (cls === CLASS.other && cp >= 128) return 0;
  if ((cls & CLASS.whiteSpace) !== 0) return BETWEEN | GAP;
  if (cp >= DRAWN[0][0] && isIn(cp, DRAWN)) return 0;
  const group = cls & CLASS.groupMask;
  if (group === CLASS.mark) return MARK | cp;
  if (group === CLASS.letter || group === CLASS.number) {
    const kind = group === CLASS.number ? NUMBER : 0;
    return (foldCase(cp) | kind | (writtenWithoutSpaces(cp) ? ALONE : 0)) >>> 0;
  }
  if (group === CLASS.symbol) return BETWEEN | keptOfSymbol(cp);
  if (group === CLASS.punctuation) return BETWEEN | keptOfPunctuation(cp);
  return cp < 128 ? BETWEEN | GAP : 0;
}

/** Accents that stand alone (most of category Sk), and the skin of emoji. */
const ACCENTS = ranges(
  [0x60, 0x60],
  [0xa8, 0xa8],
  [0xaf, 0xaf],
  [0xb4, 0xb4],
  [0xb8, 0xb8],
  [0x2c2, 0x2ff],
  [0x1f3fb, 0x1f3ff],
);

const keptOfSymbol = (cp: number): number => (isIn(cp, ACCENTS) || isIn(cp, LAYOUT) ? GAP : cp);

/** ASCII punctuation keeps its code point: `keptBetween` looks at what stands beside it. */
function keptOfPunctuation(cp: number): number {
  if (JOINING.has(cp)) return 0;
  return isIn(cp, COUNTED) || (cp < 128 && cp !== QUOTE && cp !== QUESTION) ? cp : GAP;
}

const QUOTE = 0x22;
const QUESTION = 0x3f;
const code = (c: string): number => c.charCodeAt(0);
const OPENING = new Set([...'([{'].map(code));
const CLOSING = new Set([...')]}'].map(code));
/** Left out wherever they stand, in ASCII. */
const LEFT_OUT = new Set([...";'"].map(code));
/** What is looked past, for the operator beside a bracket and the number after a sign. */
const SKIPPED = new Set([0, GAP, ...[...",:;'"].map(code)]);
/** What makes a bracket beside it count. */
const OPERATORS = new Set([...'%&*+-/<=>^|'].map(code));

const isWord = (v: number): boolean => v !== 0 && (v & BETWEEN) === 0;
const isNumber = (v: number): boolean => isWord(v) && (v & NUMBER) !== 0;
const isLetter = (v: number): boolean => isWord(v) && (v & NUMBER) === 0;
const isSkipped = (v: number): boolean => (v & BETWEEN) !== 0 && SKIPPED.has(v & CODE_POINT);
const isThe = (c: number, v: number): boolean => (v & BETWEEN) !== 0 && (v & CODE_POINT) === c;
const isOperator = (v: number): boolean =>
  (v & BETWEEN) !== 0 && ((v & CODE_POINT) >= 128 || OPERATORS.has(v & CODE_POINT));

/**
 * What is kept of the code point `at(0)`, which stands between words: 0 (nothing, the words are joined), `GAP`, or
 * itself. A point, comma or colon between numbers, a sign before a word or number, `!=`, `!x`, `C#`, and brackets
 * beside operators are kept; the comma of thousands is not.
 * @param at folded code points, counted from this one; OUTSIDE beyond the text
 */
export function keptBetween(at: (step: number) => number): number {
  const c = at(0) & CODE_POINT;
  if (c === GAP || c === 0) return c;
  if (c === MINUS) return code('-');
  if (c >= 128) return c;
  if (LEFT_OUT.has(c)) return 0;
  if (OPENING.has(c)) return isOperator(beyond(at, -1)) ? c : GAP;
  if (CLOSING.has(c)) return isOperator(beyond(at, 1)) ? c : GAP;
  if (c === code('.')) return isNumber(at(1)) && !isLetter(at(-1)) ? c : 0;
  if (c === code(',')) {
    const thousands = isNumber(at(2)) && isNumber(at(3)) && !isNumber(at(4));
    return isNumber(at(-1)) && isNumber(at(1)) && !thousands ? c : 0;
  }
  if (c === code(':')) return isNumber(at(-1)) && isNumber(at(1)) ? c : 0;
  if (c === code('-')) return isMinus(at) ? c : GAP;
  if (c === code('!'))
    return isThe(code('='), at(1)) || (!isWord(at(-1)) && (isWord(at(1)) || isThe(code('('), at(1)))) ? c : GAP;
  if (c === code('#')) return isWord(at(-1)) || isWord(at(1)) ? c : GAP;
  return c;
}

/** The first value in a direction that is not looked past. */
function beyond(at: (step: number) => number, direction: number): number {
  let step = direction;
  while (isSkipped(at(step))) step += direction;
  return at(step);
}

/** `-5`, `-x`, `10-20`, `12 - 7`, `-=` and `->`; not `well-known`, `word - word`, `--`. */
function isMinus(at: (step: number) => number): boolean {
  if (isNumber(at(-1)) && isNumber(at(1))) return true;
  if (isThe(code('='), at(1)) || isThe(code('>'), at(1))) return true;
  if (isWord(at(-1)) || isThe(code('-'), at(-1))) return false;
  return isWord(at(1)) || (isThe(GAP, at(1)) && isNumber(beyond(at, 1)));
}

let table: FoldingTable | null = null;

/** The class of all 128 code points from one on, or null when they differ. */
function uniformClass(first: number): number | null {
  const { index, blocks } = classTable();
  const at = index[first >> 7] << 7;
  for (let i = at + 1; i < at + 128; i++) if (blocks[i] !== blocks[at]) return null;
  return blocks[at];
}

/** The folding of all code points, once per thread: from the build, or made. */
export function sameTextFolding(): FoldingTable {
  table ??= builtTable(new URL('./same-text.table', import.meta.url)) ?? makeSameTextFolding();
  return table;
}

/** Made of the Unicode tables; code points that become several lie behind the blocks. */
export function makeSameTextFolding(): FoldingTable {
  const several: number[] = [];
  const foldingOf = (cp: number): number => {
    if (partsOf(cp) === null) return foldedOne(cp);
    const folded = foldedCodePoints(cp);
    if (folded.length === 0) return 0;
    if (folded.length === 1) return folded[0];
    several.push(folded.length, ...folded);
    return SEVERAL | (several.length - folded.length - 1);
  };
  const nothing = new Uint32Array(128);
  const two = inTwoStages((first) => {
    const cls = first < 128 ? null : uniformClass(first);
    // Most code points are unassigned or private: all of a block is left out.
    if (cls === CLASS.other) return nothing;
    const block = new Uint32Array(128);
    if (cls === CLASS.letter && IDEOGRAPHS.some(([from, to]) => first >= from && first <= to)) {
      for (let i = 0; i < 128; i++) block[i] = (first | i | ALONE) >>> 0;
    } else {
      for (let i = 0; i < 128; i++) block[i] = foldingOf(first | i);
    }
    return block;
  });
  const begin = two.blocks.length;
  const blocks = new Uint32Array(begin + several.length);
  blocks.set(two.blocks.map((v) => ((v & SEVERAL) !== 0 ? v + begin : v)));
  blocks.set(several, begin);
  return { index: two.index, blocks };
}
