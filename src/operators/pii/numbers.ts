import { ALNUM, BYTE, CLASS, has } from './bytes.ts';

/** Groups of digits of a number that is written with marks between them; made anew for each number. */
export interface Groups {
  /** Where each group begins and ends. */
  readonly start: number[];
  readonly end: number[];
  /** What stands before each group but the first: a byte of ` -./`, or `)` with whatever is beside it. */
  readonly mark: number[];
  readonly plus: boolean;
  readonly bracket: boolean;
}

const MOST_GROUPS = 8;
const MOST_DIGITS = 20;

/** Reads the groups from a `+`, a `(` or a digit on. */
export function groupsAt(text: Uint8Array, at: number, to: number): Groups {
  let p = at;
  const plus = text[p] === 43;
  if (plus) p++;
  const bracket = text[p] === 40;
  if (bracket) p++;
  const groups: Groups = { start: [], end: [], mark: [], plus, bracket };
  let mark = 0;
  while (p < to && groups.start.length < MOST_GROUPS && has(text, p, BYTE.digit)) {
    const start = p;
    while (p < to && p - start <= MOST_DIGITS && has(text, p, BYTE.digit)) p++;
    groups.start.push(start);
    groups.end.push(p);
    groups.mark.push(mark);
    if (p - start > MOST_DIGITS) break;
    mark = 0;
    let q = p;
    // A bracket that opens behind a space begins another number, but after a country or an area.
    if ((groups.start.length > 1 || p - start >= 7) && text[p] === 32 && text[p + 1] === 40) break;
    // A bracket may close here, or open around the next group, as in +44 (0)20.
    while (q < to && q - p < 3 && marks(text[q])) {
      if (text[q] === 41 || text[q] === 40) mark = 41;
      else if (mark === 0) mark = text[q];
      else if (mark !== 41) break;
      q++;
    }
    if (mark === 0) break;
    p = q;
  }
  return groups;
}

const marks = (b: number): boolean => b === 32 || b === 45 || b === 46 || b === 47 || b === 40 || b === 41;

const lengths = ({ start, end }: Groups): number[] => start.map((s, k) => end[k] - s);

/** Whether a number may begin here: not within a word, a path, an address or another number. */
export function mayBegin(text: Uint8Array, from: number, at: number): boolean {
  if (at === from) return true;
  const b = text[at - 1];
  if ((CLASS[b] & BYTE.word) !== 0) return false;
  return !'/=-.#%&@,+\\$~'.includes(String.fromCharCode(b)) || (b === 44 && !has(text, at - 2, BYTE.digit));
}

/** Whether a number may end here. */
export function mayEnd(text: Uint8Array, at: number, to: number): boolean {
  if (at >= to) return true;
  const b = text[at];
  if ((CLASS[b] & BYTE.word) !== 0 || b === 64 || b === 37) return false;
  return !((b === 46 || b === 44 || b === 45 || b === 47) && at + 1 < to && has(text, at + 1, ALNUM));
}

/** End of a card's number: 13 to 19 digits of a known range that pass Luhn's test; -1: there is none. */
export function cardEnd(text: Uint8Array, groups: Groups, to: number): number {
  if (groups.plus || groups.bracket) return -1;
  const all = lengths(groups);
  let count = 0;
  for (let k = 0; k < all.length && count < 19; k++) {
    const mark = groups.mark[k];
    if (k > 0 && ((mark !== 32 && mark !== 45) || mark !== groups.mark[1])) break;
    count += all[k];
    const shape = k === 0 || all.slice(0, k).every((n, i) => n === 4 || (i === 1 && n === 6));
    if (!shape) break;
    if (count < 13 || count > 19 || (k > 0 && all[k] > 5)) continue;
    const digits = digitsOf(text, groups.start[0], groups.end[k]);
    if (inRange(digits) && luhn(digits) && mayEnd(text, groups.end[k], to)) return groups.end[k];
  }
  return -1;
}

function digitsOf(text: Uint8Array, from: number, to: number): number[] {
  const digits: number[] = [];
  for (let p = from; p < to; p++) if (has(text, p, BYTE.digit)) digits.push(text[p] - 48);
  return digits;
}

function luhn(digits: readonly number[]): boolean {
  const sum = digits.reduceRight((total, d, i) => {
    const twice = (digits.length - i) % 2 === 0 ? 2 * d : d;
    return total + (twice > 9 ? twice - 9 : twice);
  }, 0);
  return sum % 10 === 0 && digits.some((d) => d !== digits[0]);
}

/** Ranges of the large networks, by the first four digits, and how many digits their cards have. */
const RANGES: readonly (readonly [from: number, to: number, digits: readonly number[]])[] = [
  [4000, 4999, [13, 16, 19]],
  [5100, 5599, [16]],
  [2221, 2720, [16]],
  [3400, 3499, [15]],
  [3700, 3799, [15]],
  [6011, 6011, [16, 19]],
  [6440, 6599, [16, 19]],
  [3528, 3589, [16]],
  [3000, 3059, [14]],
  [3600, 3699, [14]],
  [3800, 3999, [14]],
  [6200, 6299, [16, 17, 18, 19]],
];

function inRange(digits: readonly number[]): boolean {
  const head = digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3];
  return RANGES.some(([from, to, lengths]) => head >= from && head <= to && lengths.includes(digits.length));
}

/** Whether four digits or more stand before a number and a space, or behind it: then it is a part of a longer one. */
function inFours(text: Uint8Array, from: number, start: number, end: number, to: number): boolean {
  const four = (at: number): boolean => {
    for (let k = 0; k < 4; k++) if (at + k < from || at + k >= to || !has(text, at + k, BYTE.digit)) return false;
    return true;
  };
  let whole = true;
  for (let p = start; p < end && whole; p++) whole = (p - start) % 5 === 4 ? text[p] === 32 : has(text, p, BYTE.digit);
  // Groups of four all through, and another one on either side.
  return whole && ((text[start - 1] === 32 && four(start - 5)) || (text[end] === 32 && has(text, end + 1, BYTE.digit)));
}

/** End of a telephone number that begins at `at`; -1: there is none. */
export function phoneEnd(text: Uint8Array, groups: Groups, from: number, to: number): number {
  const end = plainPhoneEnd(text, groups, to);
  return end >= 0 && inFours(text, from, groups.start[0], end, to) ? -1 : end;
}

function plainPhoneEnd(text: Uint8Array, groups: Groups, to: number): number {
  if (groups.plus) return internationalEnd(text, groups, to);
  const all = lengths(groups);
  const american = americanGroups(text, groups, all);
  if (american > 0) return closed(text, groups, american, to);
  return text[groups.start[0]] === 48 ? trunkEnd(text, groups, all, to) : -1;
}

/** `+` and 8 to 15 digits (E.164). */
function internationalEnd(text: Uint8Array, groups: Groups, to: number): number {
  if (text[groups.start[0]] === 48) return -1;
  let digits = 0;
  let last = -1;
  for (let k = 0; k < groups.start.length; k++) {
    const length = groups.end[k] - groups.start[k];
    // A digit alone is no group, but for the country and the 0 in brackets.
    if (k > 0 && length === 1 && groups.mark[k] !== 41) break;
    // Nor is what stands behind a space, where the number has other marks.
    if (k > 1 && digits >= 10 && groups.mark[k] === 32 && groups.mark[k - 1] !== 32) break;
    digits += length;
    if (digits > 15) break;
    if (digits >= 8) last = k;
  }
  for (; last >= 0 && !mayEnd(text, groups.end[last], to); last--);
  if (last < 0) return -1;
  const total = groups.end.slice(0, last + 1).reduce((n, e, k) => n + e - groups.start[k], 0);
  return total >= 8 ? groups.end[last] : -1;
}

/** Groups of a number of the North American plan, with or without its 1; 0: it is none. */
function americanGroups(text: Uint8Array, groups: Groups, all: readonly number[]): number {
  const first = all[0] === 1 && text[groups.start[0]] === 49 ? 1 : 0;
  if (all[first] !== 3 || all[first + 1] !== 3 || all[first + 2] !== 4) return 0;
  const [one, two] = [groups.mark[first + 1], groups.mark[first + 2]];
  if (one !== 41 && one !== two) return 0;
  if (one === 47 || two === 47 || two === 41) return 0;
  const [area, exchange] = [text[groups.start[first]], text[groups.start[first + 1]]];
  return area >= 50 && exchange >= 50 ? first + 3 : 0;
}

/** The end after some groups, unless the number goes on with the same mark. */
function closed(text: Uint8Array, groups: Groups, count: number, to: number): number {
  const end = groups.end[count - 1];
  const goesOn = groups.start.length > count && groups.mark[count] === groups.mark[count - 1];
  return goesOn || !mayEnd(text, end, to) ? -1 : end;
}

/** A national number with the 0 in front, or 00 and the country: 9 to 11 or 11 to 15 digits in two groups or more. */
function trunkEnd(text: Uint8Array, groups: Groups, all: readonly number[], to: number): number {
  const abroad = text[groups.start[0] + 1] === 48;
  const [least, most] = abroad ? [11, 15] : [9, 11];
  let digits = 0;
  let end = -1;
  for (let k = 0; k < all.length && k < 6; k++) {
    if (k > 0 && (groups.mark[k] === 46 || (groups.mark[k] === 47 && k > 1) || all[k] < 2)) break;
    digits += all[k];
    if (digits > most) break;
    const even = all.slice(0, k + 1).every((n) => n === 2);
    if (groups.mark[k] === 45 && all[k] < 3 && !even) continue;
    if (k > 0 && digits >= least) end = groups.end[k];
  }
  if (all[0] < 2 || all[0] > 5 || end < 0) return -1;
  // Of groups of two there must be five: 06 12 34 56 78. What is not so long is a date and a time.
  if (all[0] === 2 && all[1] === 2 && digits < 10) return -1;
  return mayEnd(text, end, to) ? end : -1;
}

/** End of a number of US social security, three, two and four digits with `-`; -1: there is none. */
export function ssnEnd(text: Uint8Array, groups: Groups, to: number): number {
  const all = lengths(groups);
  if (groups.plus || groups.bracket || all[0] !== 3 || all[1] !== 2 || all[2] !== 4) return -1;
  if (groups.mark[1] !== 45 || groups.mark[2] !== 45) return -1;
  const [area, group, serial] = [0, 1, 2].map((k) => digitsOf(text, groups.start[k], groups.end[k]).join(''));
  if (area === '000' || area === '666' || group === '00' || serial === '0000') return -1;
  return closed(text, groups, 3, to);
}
