import { inTwoStages, type TwoStageTable } from '../unicode/two-stage.ts';
import { CLASS, classOf, decompose, foldCase, isMark } from '../unicode.ts';

/** What stands between words. */
export const SEPARATOR = 0xffffffff;
/** Set on a code point of a script that is written without spaces: a word of its own. */
export const ALONE = 0x80000000;

/**
 * Scripts without spaces between words: Thai and Lao, Tibetan to Myanmar, Khmer, Han and Kana, the ideographs of the
 * higher planes.
 */
const WITHOUT_SPACES: readonly (readonly [number, number])[] = [
  [0x0e00, 0x109f],
  [0x1780, 0x17ff],
  [0x2e80, 0xa4cf],
  [0xf900, 0xfaff],
  [0x20000, 0x3ffff],
];

export function writtenWithoutSpaces(cp: number): boolean {
  for (let i = 0; i < WITHOUT_SPACES.length; i++)
    if (cp >= WITHOUT_SPACES[i][0] && cp <= WITHOUT_SPACES[i][1]) return true;
  return false;
}

/**
 * A code point as words are compared: letters and numbers case folded and without accents, `SEPARATOR` for white space,
 * 0 for what is left out (punctuation, symbols, marks, control and format characters).
 */
export function foldedForWords(cp: number): number {
  const cls = classOf(cp);
  if ((cls & CLASS.whiteSpace) !== 0) return SEPARATOR;
  const group = cls & CLASS.groupMask;
  if (group !== CLASS.letter && group !== CLASS.number) return 0;
  const parts = decompose(cp);
  const plain = parts?.slice(1).every(isMark) ? parts[0] : cp;
  const folded = foldCase(plain);
  return writtenWithoutSpaces(cp) ? (folded | ALONE) >>> 0 : folded;
}

/** Folded code points. */
export type FoldingTable = TwoStageTable<Uint32Array<ArrayBuffer>>;

let table: FoldingTable | null = null;

/** `foldedForWords` of all code points, built once per thread. */
export function wordFolding(): FoldingTable {
  table ??= tabulated(foldedForWords);
  return table;
}

/** Values of a function of all code points; it takes a fraction of a second. */
export const tabulated = (foldedOf: (cp: number) => number): FoldingTable =>
  inTwoStages((first) => {
    const block = new Uint32Array(128);
    for (let i = 0; i < 128; i++) block[i] = foldedOf(first | i);
    return block;
  });
