import { isLetter } from '../../../unicode.ts';

/**
 * White space and line ends as Python's `str` sees them (`isspace`, `split`, `strip`, `splitlines`), which is what
 * datatrove and dolma work on: more than JavaScript's and than White_Space, for it takes U+001C to U+001F in.
 */
export const SPACES = new Set([
  9, 10, 11, 12, 13, 28, 29, 30, 31, 32, 0x85, 0xa0, 0x1680, 0x2028, 0x2029, 0x202f, 0x205f, 0x3000,
]);
for (let cp = 0x2000; cp <= 0x200a; cp++) SPACES.add(cp);

export const LINE_ENDS = new Set([10, 11, 12, 13, 28, 29, 30, 0x85, 0x2028, 0x2029]);

export const isSpace = (unit: number): boolean => SPACES.has(unit);
export const isLineEnd = (unit: number): boolean => LINE_ENDS.has(unit);

/** Length in code points, as Python's `len`. */
export function lengthOf(s: string): number {
  let n = s.length;
  for (let i = 0; i < s.length - 1; i++) {
    const high = s.charCodeAt(i);
    if (high < 0xd800 || high > 0xdbff) continue;
    const low = s.charCodeAt(i + 1);
    if (low >= 0xdc00 && low <= 0xdfff) {
      n--;
      i++;
    }
  }
  return n;
}

/** First and one past the last unit that is no white space; start === end for a blank string. */
export function stripped(s: string): { readonly start: number; readonly end: number } {
  let start = 0;
  let end = s.length;
  while (start < end && isSpace(s.charCodeAt(start))) start++;
  while (end > start && isSpace(s.charCodeAt(end - 1))) end--;
  return { start, end };
}

export function strip(s: string): string {
  const { start, end } = stripped(s);
  return s.slice(start, end);
}

/** Maximal runs that are not white space. */
export function splitSpace(s: string): string[] {
  const out: string[] = [];
  let start = -1;
  for (let i = 0; i <= s.length; i++) {
    const space = i === s.length || isSpace(s.charCodeAt(i));
    if (!space && start < 0) start = i;
    if (space && start >= 0) {
      out.push(s.slice(start, i));
      start = -1;
    }
  }
  return out;
}

/** Lines with their place in `s`, without their ends; a line end at the very end of `s` starts no further line. */
export function lineSpans(s: string): { readonly start: number; readonly end: number }[] {
  const out: { start: number; end: number }[] = [];
  let start = 0;
  for (let i = 0; i < s.length; i++) {
    const unit = s.charCodeAt(i);
    if ((unit > 30 && unit < 0x85) || !LINE_ENDS.has(unit)) continue;
    out.push({ start, end: i });
    if (unit === 13 && s.charCodeAt(i + 1) === 10) i++;
    start = i + 1;
  }
  if (start < s.length) out.push({ start, end: s.length });
  return out;
}

export const splitLines = (s: string): string[] => lineSpans(s).map(({ start, end }) => s.slice(start, end));

/** Whether a word has a letter (general category L). */
export function hasLetter(word: string): boolean {
  for (const c of word) if (isLetter(c.codePointAt(0)!)) return true;
  return false;
}

/**
 * Lower case as far as it matters for finding an ASCII phrase: ASCII letters and U+212A (the Kelvin sign), the only
 * other character that Python lowers to an ASCII one. Length and offsets stay: lower-casing by the full rules makes `İ`
 * two characters and shifts every offset after it, which is how dolma's c4_v2 cuts the wrong places.
 */
export const lowerAscii = (s: string): string =>
  s.replace(/[A-Z\u212a]/g, (c) => (c === '\u212a' ? 'k' : String.fromCharCode(c.charCodeAt(0) + 32)));

export const ratio = (a: number, b: number): number => (b === 0 ? Number.NaN : a / b);

export function countOf(text: string, part: string): number {
  let n = 0;
  for (let at = text.indexOf(part); at >= 0; at = text.indexOf(part, at + part.length)) n++;
  return n;
}
