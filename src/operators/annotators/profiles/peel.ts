import { comesOffBehind, comesOffInFront, stopComesOff } from './splits.ts';

const STOP = 0x2e;

const ascii = (test: (c: string) => boolean): Uint8Array =>
  Uint8Array.from({ length: 128 }, (_, unit) => (test(String.fromCharCode(unit)) ? 1 : 0));
const FRONT = ascii(comesOffInFront);
const BEHIND = ascii(comesOffBehind);

export const isAsciiLetter = (unit: number): boolean => (unit | 32) >= 97 && (unit | 32) <= 122;
export const isAsciiDigit = (unit: number): boolean => unit >= 48 && unit <= 57;

/** What `peel` found. */
export const core = { start: 0, end: 0 };

/**
 * Finds the word within the marks of a token, for the tokens that most texts are made of: single ASCII marks around ASCII digits, around
 * letters and digits with a letter in front, or around nothing. Each mark is a word, and so is what is between them (in `core`).
 * @returns false for every other token, which goes through `punctuatedParts`
 */
export function peel(units: Int32Array, start: number, end: number): boolean {
  let front = start;
  while (front < end && FRONT[units[front]] === 1) front++;
  let back = end;
  for (; back > front; back--) {
    const unit = units[back - 1];
    if (BEHIND[unit] === 1) continue;
    if (unit !== STOP || back - 2 < front || units[back - 2] === STOP) break;
    const before = String.fromCharCode(units[back - 2]);
    if (!stopComesOff(before, back - 3 >= front ? String.fromCharCode(units[back - 3]) : undefined)) break;
  }
  core.start = front;
  core.end = back;
  return isPlain(units, front, back);
}

function isPlain(units: Int32Array, start: number, end: number): boolean {
  let letters = false;
  for (let i = start; i < end; i++) {
    if (isAsciiLetter(units[i])) {
      if (i > start && !letters) return false;
      letters = true;
    } else if (!isAsciiDigit(units[i])) return false;
  }
  return true;
}
