import { ALNUM, BYTE, CLASS, has, runEnd } from './bytes.ts';
import { withoutZeroWidthBytes, zeroWidthAt, zeroWidthBefore } from './zero-width.ts';

/** Longest local part and domain (RFC 5321, section 4.5.3.1). */
const LOCAL = 64;
const DOMAIN = 255;

/** Ends of file names, which stand behind an `@2x` and the like. */
const FILES = new Set(
  'png jpg jpeg gif svg webp bmp ico css js jsx ts tsx html htm php json xml yml yaml txt exe dll class'.split(' '),
);

/** First byte of the two of U+00C0 to U+017F: letters with marks of Latin alphabets. */
const latin = (b: number): boolean => b >= 0xc3 && b <= 0xc5;

export interface Span {
  readonly start: number;
  readonly end: number;
}

/** The address around the `@` at `at`. @param from nothing before is looked at */
export function emailAt(text: Uint8Array, from: number, at: number, to: number): Span | null {
  const end = domainEnd(text, overZeroWidth(text, at + 1), to);
  if (end < 0) return null;
  const start = localStart(text, Math.max(from, at - LOCAL), at);
  if (start === at) return null;
  // git@host:path is an address of a repository.
  const isGit = at - start === 3 && text[start] === 0x67 && text[start + 1] === 0x69 && text[start + 2] === 0x74;
  return isGit && text[end] === 0x3a ? null : { start, end };
}

/**
 * The address around `%40`, the `@` of addresses in URLs, or around `%2540`, which was escaped twice. A letter must be
 * in front: 20%40 is a number.
 */
export function escapedEmailAt(text: Uint8Array, from: number, at: number, to: number): Span | null {
  const sign = escapedSign(text, at);
  if (sign === 0) return null;
  const end = domainEnd(text, at + sign, to);
  if (end < 0) return null;
  let start = localStart(text, Math.max(from, at - LOCAL), at);
  // The two digits of an escape whose % was no part of a name.
  if (start - 1 >= from && escapeAt(text, start - 1) >= 0) start += 2;
  let letters = false;
  for (let p = start; p < at; p++) {
    const escaped = escapeAt(text, p);
    if (escaped < 0) letters ||= has(text, p, BYTE.upper | BYTE.lower) || text[p] >= 0x80;
    else {
      p += 2;
      // %26, %3D and the like stand between names and values of a query.
      if (escaped === 0x25 || escaped >= 0x80 || (CLASS[escaped] & BYTE.local) === 0) {
        start = p + 1;
        letters = false;
      }
    }
  }
  return letters ? { start, end } : null;
}

/** Bytes of an escaped `@`; 0: there is none. */
function escapedSign(text: Uint8Array, at: number): number {
  const next = text[at + 1] === 0x32 && text[at + 2] === 0x35 ? 3 : 1;
  return text[at + next] === 0x34 && text[at + next + 1] === 0x30 ? next + 2 : 0;
}

/** The byte that a `%` and two hexadecimal digits stand for; -1: there are none. */
function escapeAt(text: Uint8Array, at: number): number {
  if (text[at] !== 0x25 || !has(text, at + 1, BYTE.hex) || !has(text, at + 2, BYTE.hex)) return -1;
  return Number.parseInt(String.fromCharCode(text[at + 1], text[at + 2]), 16);
}

function overZeroWidth(text: Uint8Array, at: number): number {
  let p = at;
  for (let n = zeroWidthAt(text, p); n > 0; n = zeroWidthAt(text, p)) p += n;
  return p;
}

function localStart(text: Uint8Array, from: number, at: number): number {
  let p = at;
  while (p > from) {
    const b = text[p - 1];
    const hidden = zeroWidthBefore(text, from, p);
    if (hidden > 0) {
      p -= hidden;
      continue;
    }
    if ((CLASS[b] & BYTE.local) !== 0) {
      if (b === 46 && (p === at || text[p] === 46)) break;
      p--;
    } else if (b >= 0x80 && b < 0xc0 && p - 1 > from && latin(text[p - 2])) p -= 2;
    else break;
  }
  // Marks in front belong to the sentence.
  while (p < at && !has(text, p, ALNUM) && text[p] !== 95 && !latin(text[p])) p++;
  return p;
}

/** Where a domain with a dot and a name as its last label ends; -1: there is none. */
function domainEnd(text: Uint8Array, start: number, to: number): number {
  if (text[start] === 0x5b) {
    const end = runEnd(text, start + 1, to, BYTE.digit | BYTE.local, 16);
    return text[end] === 0x5d && has(text, start + 1, BYTE.digit) ? end + 1 : -1;
  }
  const limit = Math.min(to, start + DOMAIN);
  let end = -1;
  for (let p = start, labels = 0; p < limit; labels++) {
    let label = p;
    for (let n = 1; label < limit && n > 0; label += n)
      n = has(text, label, BYTE.domain) ? 1 : latin(text[label]) ? 2 : zeroWidthAt(text, label);
    let last = label;
    for (let n = 1; last > p && n > 0; last -= n) n = text[last - 1] === 45 ? 1 : zeroWidthBefore(text, p, last);
    if (last === p || text[p] === 45) break;
    if (labels > 0 && isName(text, p, last)) end = last;
    if (text[label] !== 46 || text[label - 1] === 45) break;
    p = overZeroWidth(text, label + 1);
  }
  return end;
}

/** A label that may come last: two letters or more, and no end of a file's name. */
function isName(text: Uint8Array, from: number, to: number): boolean {
  if (to - from < 2) return false;
  const bytes = Buffer.from(text.buffer, text.byteOffset + from, to - from).toString('latin1');
  const name = withoutZeroWidthBytes(bytes).toLowerCase();
  if (name.length < 2) return false;
  if (name.startsWith('xn--')) return true;
  return /^[a-z\u00c3-\u00c5\u0080-\u00bf]+$/.test(name) && !FILES.has(name);
}

const AT = /^ ?(?:\[at\]|\(at\)|\{at\}|<at>| AT ) ?/;

/**
 * An address that is written out: `name [at] host [dot] org`, `name AT host DOT org`. @param at its bracket, or the
 * space before `AT`
 */
export function spelledEmailAt(text: Uint8Array, from: number, at: number, to: number): Span | null {
  const head = Buffer.from(text.buffer, text.byteOffset + at, Math.min(to, at + 120) - at).toString('latin1');
  const sign = AT.exec(head[0] === ' ' ? head : ` ${head}`);
  if (!sign) return null;
  const local = text[at] === 32 ? at : text[at - 1] === 32 ? at - 1 : at;
  const start = localStart(text, Math.max(from, local - LOCAL), local);
  if (start === local) return null;
  const rest = head.slice(sign[0].length - (head[0] === ' ' ? 0 : 1));
  const host = /^[A-Za-z0-9-]{1,63}(?:(?:\.| ?(?:\[dot\]|\(dot\)|\{dot\}|<dot>| DOT ) ?)[A-Za-z0-9-]{1,63}){1,5}/.exec(
    rest,
  );
  if (!host || !/[A-Za-z][A-Za-z]$/.test(host[0])) return null;
  return { start, end: at + (head.length - rest.length) + host[0].length };
}
