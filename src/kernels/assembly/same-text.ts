// The folding of texts that are compared, and what is kept between two words; the definition is ../same-text.ts and
// `readWords` of ../reference/minhash.ts.
import { arenaAlloc } from './arena';
import { decode, lengthOfLead, previous } from './unicode';

export const ALONE: u32 = 0x80000000;
export const BETWEEN: u32 = 1 << 30;
export const SEVERAL: u32 = 1 << 29;
export const MARK: u32 = 1 << 28;
export const NUMBER: u32 = 1 << 27;
export const CODE_POINT: u32 = 0x1fffff;
export const GAP: u32 = 0x20;
const OUTSIDE: u32 = BETWEEN | 1;
const MINUS: u32 = 0x2212;

let indexAt: usize = 0;
export let blocksAt: usize = 0;
let textStart: usize = 0;
let textEnd: usize = 0;

/**
 * Room for the folding table; the caller fills `index` (u16 x 8,704) at the address that comes back and `blocks` (u32),
 * with what code points become several after it, right after it.
 */
export function minhashTable(blockBytes: u32): usize {
  indexAt = arenaAlloc(8704 * 2 + blockBytes);
  blocksAt = indexAt + 8704 * 2;
  return indexAt;
}

/** The text that `kept` looks around in. */
export function openFolded(start: usize, end: usize): void {
  textStart = start;
  textEnd = end;
}

// @ts-ignore: decorator
@inline
export function folded(cp: u32): u32 {
  return load<u32>(blocksAt + (((<usize>load<u16>(indexAt + ((cp >> 7) << 1)) << 7) + (cp & 127)) << 2));
}

/** Address of the number of code points that a value with SEVERAL stands for; they follow it. */
// @ts-ignore: decorator
@inline
export function severalAt(v: u32): usize {
  return blocksAt + (<usize>(v & CODE_POINT) << 2);
}

/** The first value of the code point at an address; outside of the text, a gap. */
function valueAt(at: usize): u32 {
  if (at < textStart || at >= textEnd) return OUTSIDE;
  const v = folded(decode(at));
  return v & SEVERAL ? load<u32>(severalAt(v), 4) : v;
}

// @ts-ignore: decorator
@inline
function before(at: usize): usize {
  return at > textStart && at <= textEnd ? previous(textStart, at) : 0;
}

// @ts-ignore: decorator
@inline
function after(at: usize): usize {
  return at >= textStart && at < textEnd ? at + lengthOfLead(<u32>load<u8>(at)) : 0;
}

// @ts-ignore: decorator
@inline
function isWord(v: u32): bool {
  return v != 0 && !(v & BETWEEN);
}

// @ts-ignore: decorator
@inline
function isNumber(v: u32): bool {
  return isWord(v) && (v & NUMBER) != 0;
}

// @ts-ignore: decorator
@inline
function isThe(c: u32, v: u32): bool {
  return (v & BETWEEN) != 0 && (v & CODE_POINT) == c;
}

/** `% & * + - / < = > ^ |` and all symbols beyond ASCII. */
function isOperator(v: u32): bool {
  if (!(v & BETWEEN)) return false;
  const c = v & CODE_POINT;
  if (c >= 128) return true;
  if (c >= 0x3c && c <= 0x3e) return true;
  return c == 0x25 || c == 0x26 || c == 0x2a || c == 0x2b || c == 0x2d || c == 0x2f || c == 0x5e || c == 0x7c;
}

/** Looked past: gaps, joining punctuation, and `, : ; '`. */
function isSkipped(v: u32): bool {
  if (!(v & BETWEEN)) return false;
  const c = v & CODE_POINT;
  return c == 0 || c == GAP || c == 0x2c || c == 0x3a || c == 0x3b || c == 0x27;
}

// What an ASCII byte is to a bracket beside it, and between words: looked past, an operator, and kept wherever it is.
const PAST: u32 = 1;
const OPERATOR: u32 = 2;
const ALWAYS: u32 = 4;
const ASCII = memory.data<u8>([
  1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, // control
  1, 0, 1, 0, 4, 6, 6, 1, 0, 0, 6, 6, 1, 2, 0, 6, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 6, 6, 6, 1, // space to ?
  4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 6, 0, // @ to _
  1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 6, 0, 4, 1, // ` to delete
]);

// @ts-ignore: decorator
@inline
function isAsciiLetter(b: u32): bool {
  return (b | 0x20) - 0x61 < 26;
}

// @ts-ignore: decorator
@inline
function isAsciiDigit(b: u32): bool {
  return b - 0x30 < 10;
}

/** A letter, a digit or `_`. */
// @ts-ignore: decorator
@inline
function isAsciiWord(b: u32): bool {
  return isAsciiLetter(b) || isAsciiDigit(b) || b == 0x5f;
}

/** Whether the first value before an address that is not looked past is an operator. */
function operatorBefore(at: usize): bool {
  for (let p = at; p > textStart; p--) {
    const b = <u32>load<u8>(p - 1);
    if (b >= 0x80) return isOperator(leftOf(p));
    const c = <u32>load<u8>(ASCII + <usize>b);
    if (!(c & PAST)) return (c & OPERATOR) != 0;
  }
  return false;
}

/** Whether the first value after the code point at an address that is not looked past is an operator. */
function operatorAfter(at: usize): bool {
  for (let p = after(at); p < textEnd; at = p++) {
    const b = <u32>load<u8>(p);
    if (b >= 0x80) return isOperator(rightOf(at));
    const c = <u32>load<u8>(ASCII + <usize>b);
    if (!(c & PAST)) return (c & OPERATOR) != 0;
  }
  return false;
}

function leftOf(at: usize): u32 {
  let v: u32;
  do {
    at = before(at);
    v = valueAt(at);
  } while (isSkipped(v));
  return v;
}

function rightOf(at: usize): u32 {
  let v: u32;
  do {
    at = after(at);
    v = valueAt(at);
  } while (isSkipped(v));
  return v;
}

function isMinus(at: usize): bool {
  const left = valueAt(before(at));
  const right = valueAt(after(at));
  if (isNumber(left) && isNumber(right)) return true;
  if (isThe(0x3d, right) || isThe(0x3e, right)) return true;
  if (isWord(left) || isThe(0x2d, left)) return false;
  return isWord(right) || (isThe(GAP, right) && isNumber(rightOf(at)));
}

function isDecimalComma(at: usize): bool {
  const first = after(at);
  if (!isNumber(valueAt(before(at))) || !isNumber(valueAt(first))) return false;
  const second = after(first);
  const third = after(second);
  return !(isNumber(valueAt(second)) && isNumber(valueAt(third)) && !isNumber(valueAt(after(third))));
}

/** What is kept of the code point at an address that has the value v: 0, GAP, or an operator. */
export function kept(at: usize, v: u32): u32 {
  const c = v & CODE_POINT;
  if (c == GAP || c == 0) return c;
  if (c == MINUS) return 0x2d;
  if (c >= 128) return c;
  if (c == 0x3b || c == 0x27) return 0;
  if (c == 0x3a) return isNumber(valueAt(before(at))) && isNumber(valueAt(after(at))) ? c : 0;
  if (c == 0x28 || c == 0x5b || c == 0x7b) {
    return operatorBefore(at) ? c : GAP;
  }
  if (c == 0x29 || c == 0x5d || c == 0x7d) {
    return operatorAfter(at) ? c : GAP;
  }
  if (c == 0x2e) {
    const left = valueAt(before(at));
    return isNumber(valueAt(after(at))) && !(isWord(left) && !(left & NUMBER)) ? c : 0;
  }
  if (c == 0x2c) return isDecimalComma(at) ? c : 0;
  if (c == 0x2d) {
    if (at > textStart && isAsciiLetter(<u32>load<u8>(at - 1)) && isAsciiLetter(<u32>load<u8>(at, 1))) return GAP;
    return isMinus(at) ? c : GAP;
  }
  if (c == 0x21) {
    const right = valueAt(after(at));
    if (isThe(0x3d, right)) return c;
    return !isWord(valueAt(before(at))) && (isWord(right) || isThe(0x28, right)) ? c : GAP;
  }
  if (c == 0x23) return isWord(valueAt(before(at))) || isWord(valueAt(after(at))) ? c : GAP;
  return c;
}

/** `kept` of the ASCII character b at an address: by the bytes beside it, where these are ASCII too. */
// @ts-ignore: decorator
@inline
export function keptAscii(at: usize, b: u32): u32 {
  if ((<u32>load<u8>(ASCII + <usize>b) & ALWAYS) != 0) return b;
  if (at == textStart || at + 1 >= textEnd) return kept(at, folded(b));
  const l = <u32>load<u8>(at - 1);
  const r = <u32>load<u8>(at, 1);
  if ((l | r) >= 0x80) return kept(at, folded(b));
  switch (b) {
    case 0x2d: // -
      if (isAsciiLetter(l) && isAsciiLetter(r)) return GAP;
      if ((isAsciiDigit(l) && isAsciiDigit(r)) || r == 0x3d || r == 0x3e) return b;
      if (isAsciiWord(l) || l == 0x2d) return GAP;
      if (isAsciiWord(r)) return b;
      return (<u32>load<u8>(ASCII + <usize>r) & PAST) != 0 ? kept(at, folded(b)) : GAP;
    case 0x28: // ( [ {
    case 0x5b:
    case 0x7b: {
      const c = <u32>load<u8>(ASCII + <usize>l);
      return (c & PAST) != 0 ? (operatorBefore(at - 1) ? b : GAP) : (c & OPERATOR) != 0 ? b : GAP;
    }
    case 0x29: // ) ] }
    case 0x5d:
    case 0x7d: {
      const c = <u32>load<u8>(ASCII + <usize>r);
      return (c & PAST) != 0 ? (operatorAfter(at) ? b : GAP) : (c & OPERATOR) != 0 ? b : GAP;
    }
    case 0x2e: // .
      return isAsciiDigit(r) && (isAsciiDigit(l) || !isAsciiWord(l)) ? b : 0;
    case 0x2c: // ,
      return isAsciiDigit(l) && isAsciiDigit(r) ? kept(at, folded(b)) : 0;
    case 0x3a: // :
      return isAsciiDigit(l) && isAsciiDigit(r) ? b : 0;
    case 0x21: // !
      return r == 0x3d || (!isAsciiWord(l) && (isAsciiWord(r) || r == 0x28)) ? b : GAP;
    case 0x23: // #
      return isAsciiWord(l) || isAsciiWord(r) ? b : GAP;
    default:
      return kept(at, folded(b));
  }
}
