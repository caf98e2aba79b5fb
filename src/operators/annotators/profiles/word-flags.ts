import { isLetter } from '../../../unicode.ts';
import { isPlainMark, isTerminalMark } from './marks.ts';
import { isAsciiDigit, isAsciiLetter, LETTER } from './peel.ts';
import { isMarkWord } from './splits.ts';
import { pointAt, stringOf } from './units.ts';

/** What is known of a word, as bits. Those from `stop` on: which stop word it is, 1 to 8. */
export const WORD = {
  /** Holds a letter (general category L). */
  letter: 1,
  /** Nothing but plain and terminal marks. */
  symbols: 2,
  /** Holds `#` or `…`. */
  hash: 4,
  /** Is one terminal mark. */
  terminal: 8,
  /** A mark or marks that end no sentence's first word. */
  mark: 16,
  /** Holds U+0020: only words given from outside do. */
  space: 32,
  stop: 8,
} as const;

const STOP_WORDS = ['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with'];

/** Flags of a word as `peel` finds it. */
export const plainFlags = (units: Int32Array, start: number, end: number, bits: number): number =>
  bits & LETTER ? WORD.letter | (end - start <= 4 ? stopBits(units, start, end) : 0) : 0;

/** Letters in base 32: no two of four letters at most have one number. */
const packed = (units: ArrayLike<number>, start: number, end: number): number => {
  let number = 0;
  for (let i = start; i < end; i++) {
    if (units[i] < 97 || units[i] > 122) return -1;
    number = number * 32 + units[i] - 96;
  }
  return number;
};

const STOP_NUMBERS = STOP_WORDS.map((word) =>
  packed(
    Array.from(word, (c) => c.charCodeAt(0)),
    0,
    word.length,
  ),
);

const stopBits = (units: Int32Array, start: number, end: number): number =>
  (STOP_NUMBERS.indexOf(packed(units, start, end)) + 1) << WORD.stop;

/** Flags of each unit as a word; -1 = not asked for. */
const ofUnit = new Int32Array(0x10000).fill(-1);

export function markFlags(unit: number): number {
  if (ofUnit[unit] === -1) ofUnit[unit] = flagsOf(Int32Array.of(unit), 0, 1);
  return ofUnit[unit];
}

/** Flags of any word. */
export function flagsOf(units: Int32Array, start: number, end: number): number {
  let flags = WORD.symbols as number;
  let alphanumeric = false;
  for (let i = start; i < end; i++) {
    const point = pointAt(units, i, end);
    if (point > 0xffff) i++;
    if (isAsciiLetter(point) || isAsciiDigit(point)) {
      alphanumeric = true;
      flags &= ~WORD.symbols;
      if (point > 57) flags |= WORD.letter;
      continue;
    }
    if (isLetter(point)) flags |= WORD.letter;
    if (point === 0x23 || point === 0x2026) flags |= WORD.hash;
    if (point === 0x20) flags |= WORD.space;
    if ((flags & WORD.symbols) !== 0) {
      const mark = String.fromCodePoint(point);
      if (!isPlainMark(mark) && !isTerminalMark(mark)) flags &= ~WORD.symbols;
    }
  }
  if (alphanumeric) {
    return flags | (end - start <= 4 ? stopBits(units, start, end) : 0);
  }
  const word = stringOf(units, start, end);
  if (isTerminalMark(word)) flags |= WORD.terminal;
  if (isMarkWord(word)) flags |= WORD.mark;
  return flags;
}
