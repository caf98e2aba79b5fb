import { isLetter, isNumber } from '../../unicode.ts';

/** A place in a string, in UTF-16 units. */
export interface StringSpan {
  readonly kind: string;
  readonly start: number;
  readonly end: number;
}

const table = (pattern: RegExp): Uint8Array =>
  Uint8Array.from({ length: 128 }, (_, c) => (pattern.test(String.fromCharCode(c)) ? 1 : 0));
const ATOM = table(/[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]/);
const ALNUM = table(/[A-Za-z0-9]/);
const LABEL = table(/[A-Za-z0-9-]/);
const DIGIT = table(/[0-9]/);
const WORD = table(/\w/);
const is = (kind: Uint8Array, text: string, at: number): boolean => kind[text.charCodeAt(at)] === 1;
const DOT = 46;

/** Whether the character that ends before `at` is one of Python's `\w`. */
function isWordBefore(text: string, at: number): boolean {
  const unit = text.charCodeAt(at - 1);
  if (unit < 128) return WORD[unit] === 1;
  const point = unit >= 0xdc00 && unit < 0xe000 && at > 1 ? text.codePointAt(at - 2)! : unit;
  const cp = point > 0xffff ? point : unit;
  return isLetter(cp) || isNumber(cp);
}

/**
 * Addresses that the expression for e-mail in datatrove's `PIIFormatter` matches, in its order, without an expression:
 * at each `@` the longest local part that begins at a boundary of a word, and the longest domain.
 */
export function datatroveEmails(text: string): StringSpan[] {
  const spans: StringSpan[] = [];
  let free = 0;
  for (let at = text.indexOf('@'); at >= 0; at = text.indexOf('@', at + 1)) {
    if (at < free) continue;
    const start = localStart(text, free, at);
    const end = start < 0 ? -1 : domainEnd(text, at + 1);
    if (end < 0) continue;
    spans.push({ kind: 'email', start, end });
    free = end;
  }
  return spans;
}

function localStart(text: string, free: number, at: number): number {
  let p = at;
  while (p > free) {
    if (is(ATOM, text, p - 1)) p--;
    else if (p < at && text.charCodeAt(p - 1) === DOT && p - 1 > free && is(ATOM, text, p - 2) && is(ATOM, text, p))
      p--;
    else break;
  }
  for (; p < at; p++) {
    if (!is(ATOM, text, p)) continue;
    const before = p > 0 && isWordBefore(text, p);
    if (before !== is(WORD, text, p)) return p;
  }
  return -1;
}

function domainEnd(text: string, start: number): number {
  if (text[start] === '[') return literalEnd(text, start + 1);
  let end = -1;
  for (let p = start, whole = 0; is(ALNUM, text, p); whole++) {
    let label = p;
    while (is(LABEL, text, label)) label++;
    let last = label;
    while (!is(ALNUM, text, last - 1)) last--;
    if (whole > 0) end = last;
    if (last !== label || text.charCodeAt(label) !== DOT) break;
    p = label + 1;
  }
  return end;
}

/** `[1.2.3.4]`, and the last of the four may be a tag with a colon. */
function literalEnd(text: string, start: number): number {
  let p = start;
  for (let k = 0; k < 3; k++) {
    let dot = p;
    while (dot < p + 4 && is(DIGIT, text, dot)) dot++;
    if (text.charCodeAt(dot) !== DOT || !isOctet(text, p, dot)) return -1;
    p = dot + 1;
  }
  let q = p;
  while (is(LABEL, text, q)) q++;
  if (isOctet(text, p, q) && text[q] === ']') return q + 1;
  return q > p && is(ALNUM, text, q - 1) && text[q] === ':' && text[q + 1] === ']' ? q + 2 : -1;
}

/** `25[0-5]|2[0-4][0-9]|[01]?[0-9][0-9]?`, all of it. */
function isOctet(text: string, from: number, to: number): boolean {
  const length = to - from;
  if (length < 1 || length > 3) return false;
  for (let p = from; p < to; p++) if (!is(DIGIT, text, p)) return false;
  return length < 3 || Number(text.slice(from, to)) < 256;
}

/** End of the last octet, as the alternatives of the expression take it: the longest that is one. */
function lastOctetEnd(text: string, from: number): number {
  for (let length = 3; length > 0; length--) if (isOctet(text, from, from + length)) return from + length;
  return -1;
}

/** What the expression for IPv4 of datatrove and dolma matches, wherever it stands; `valid` says which are public. */
export function datatroveIps(text: string, from = 0, to = text.length): (StringSpan & { readonly valid: boolean })[] {
  const spans: (StringSpan & { readonly valid: boolean })[] = [];
  for (let p = from; p < to; ) {
    const end = is(DIGIT, text, p) ? quadEnd(text, p) : -1;
    if (end < 0 || end > to) p++;
    else {
      spans.push({ kind: 'ip', start: p, end, valid: isGlobal(text.slice(p, end)) });
      p = end;
    }
  }
  return spans;
}

function quadEnd(text: string, start: number): number {
  let p = start;
  for (let k = 0; k < 3; k++) {
    let q = p;
    while (q < p + 4 && is(DIGIT, text, q)) q++;
    if (text.charCodeAt(q) !== DOT || !isOctet(text, p, q)) return -1;
    p = q + 1;
  }
  return lastOctetEnd(text, p);
}

/** `ipaddress.ip_address(quad).is_global` of Python 3.13; false where it is no address, as with a zero in front. */
function isGlobal(quad: string): boolean {
  const parts = quad.split('.');
  if (parts.some((part) => part.length > 1 && part[0] === '0')) return false;
  const [a, b, c, d] = parts.map(Number);
  if (a === 192 && b === 0 && c === 0) return d === 9 || d === 10;
  const reserved =
    [0, 10, 127].includes(a) ||
    a >= 240 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168) ||
    (a === 192 && b === 0 && c === 2) ||
    (a === 198 && (b === 18 || b === 19 || (b === 51 && c === 100))) ||
    (a === 203 && b === 0 && c === 113);
  return !reserved;
}

/**
 * What `PIIFormatter` of datatrove 0.10 replaces: e-mail addresses, then public IPv4 addresses in what is left.
 */
export function datatrovePii(text: string): StringSpan[] {
  const emails = datatroveEmails(text);
  const between = [0, ...emails.map((s) => s.end)].map((from, i) => [from, emails[i]?.start ?? text.length] as const);
  const ips = between.flatMap(([from, to]) => datatroveIps(text, from, to)).filter((s) => s.valid);
  return [...emails, ...ips].sort((a, b) => a.start - b.start);
}
