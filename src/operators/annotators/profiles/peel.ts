import { isLetter, isMark } from '../../../unicode.ts';
import { comesOffBehind, comesOffInFront, stopComesOff } from './splits.ts';
import { tableOf } from './units.ts';

const STOP = 0x2e;

export function isAsciiLetter(unit: number): boolean {
  return (unit | 32) >= 97 && (unit | 32) <= 122;
}

export function isAsciiDigit(unit: number): boolean {
  return unit >= 48 && unit <= 57;
}

/** Bits of units that words are made of. */
export const DIGIT = 1;
export const LETTER = 2;
const COMBINING = 4;

/** By UTF-16 unit. */
interface UnitTables {
  /** 1: comes off in front of a word. */
  readonly front: Uint8Array;
  readonly behind: Uint8Array;
  /** ASCII digits, letters of any script and combining marks; halves of surrogate pairs are none. */
  readonly plain: Uint8Array;
}

let tables: UnitTables | null = null;

/** Made when the first word is looked at: they take 0.1 s of CPU, and few recipes have this profile. */
const makeTables = (): UnitTables => ({
  front: tableOf((unit) => (comesOffInFront(String.fromCharCode(unit)) ? 1 : 0)),
  behind: tableOf((unit) => (comesOffBehind(String.fromCharCode(unit)) ? 1 : 0)),
  plain: tableOf((unit) => (isAsciiDigit(unit) ? DIGIT : isLetter(unit) ? LETTER : isMark(unit) ? COMBINING : 0)),
});

/** What `peel` found: where the word within the marks is, and which bits its units have. */
export const core = { start: 0, end: 0, bits: 0 };

/**
 * Finds the word within the marks of a token, for the tokens that most texts are made of: single marks around ASCII
 * digits, around letters (and digits behind a letter), or around nothing. Each mark is a word, and so is what is
 * between them (in `core`).
 * @returns false for every other token, which goes through `punctuatedParts`
 */
export function peel(units: Int32Array, start: number, end: number): boolean {
  tables ??= makeTables();
  const { front: inFront, behind, plain } = tables;
  let front = start;
  while (front < end && inFront[units[front]] === 1) front++;
  let back = end;
  for (; back > front; back--) {
    const unit = units[back - 1];
    if (behind[unit] === 1) continue;
    if (unit !== STOP || back - 2 < front || units[back - 2] === STOP) break;
    const before = String.fromCharCode(units[back - 2]);
    if (!stopComesOff(before, back - 3 >= front ? String.fromCharCode(units[back - 3]) : undefined)) break;
  }
  let bits = 0;
  for (let i = front; i < back; i++) {
    const own = plain[units[i]];
    // A digit in front may begin a number with its unit.
    if (own === 0 || (bits === DIGIT && own !== DIGIT)) return false;
    bits |= own;
  }
  core.start = front;
  core.end = back;
  core.bits = bits;
  return true;
}
