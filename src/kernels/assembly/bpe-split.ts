// Where a piece ends: the regular expressions of GPT-2, GPT-4 (and Llama 3, Qwen 2) and o200k, by hand. Each function
// gets the place of the first byte of a piece and the end of the text, and returns the end of the piece. The
// expressions are in ../pre-tokenizers.ts.
import { classHere, LETTER, LOWER, NO_SIGN, NUMBER, UPPER, WHITE } from './bpe-tables';
import { lengthOfLead } from './unicode';

const SPACE: u32 = 0x20;
const APOSTROPHE: u32 = 0x27;
const SLASH: u32 = 0x2f;

// @ts-ignore: decorator
@inline
function next(at: usize): usize {
  return at + <usize>lengthOfLead(<u32>load<u8>(at));
}

// @ts-ignore: decorator
@inline
function isBreak(byte: u32): bool {
  return byte == 10 || byte == 13;
}

function letters(at: usize, end: usize): usize {
  while (at < end) {
    const byte = <u32>load<u8>(at);
    if (byte < 0x80) {
      if ((byte | 0x20) - 0x61 >= 26) break;
      at++;
    } else {
      if (!(classHere(at) & LETTER)) break;
      at = next(at);
    }
  }
  return at;
}

/** At most `most` numbers. */
function numbers(at: usize, end: usize, most: u32): usize {
  for (; at < end && most > 0 && classHere(at) & NUMBER; most--) at = next(at);
  return at;
}

/** Neither white space nor letters nor numbers. */
function signs(at: usize, end: usize): usize {
  while (at < end && !(classHere(at) & NO_SIGN)) at = next(at);
  return at;
}

/** `\s*[\r\n]+` where `breaks`, `\s+(?!\S)`, `\s+`: from white space on. */
function whites(at: usize, end: usize, breaks: bool): usize {
  let stop = at;
  let last = at;
  let afterBreak: usize = 0;
  while (stop < end) {
    const byte = <u32>load<u8>(stop);
    if (byte == SPACE) {
      last = stop++;
    } else if (classHere(stop) & WHITE) {
      last = stop;
      stop = next(stop);
      if (isBreak(byte)) afterBreak = stop;
    } else break;
  }
  if (breaks && afterBreak != 0) return afterBreak;
  // The last one stays for what follows, if there is another one before it.
  return stop == end || last == at ? stop : last;
}

/** Length of a contraction at an apostrophe; 0: none. With `folded`, of any case: U+017F folds to s. */
function contraction(at: usize, end: usize, folded: bool): usize {
  const left = end - at;
  if (left < 2) return 0;
  let a = <u32>load<u8>(at, 1);
  if (folded && a - 0x41 < 26) a |= 0x20;
  if (a == 0x73 || a == 0x74 || a == 0x6d || a == 0x64) return 2;
  if (left < 3) return 0;
  let b = <u32>load<u8>(at, 2);
  if (folded) {
    if (a == 0xc5 && b == 0xbf) return 3;
    if (b - 0x41 < 26) b |= 0x20;
  }
  if (a == 0x6c) return b == 0x6c ? 3 : 0;
  return (a == 0x72 || a == 0x76) && b == 0x65 ? 3 : 0;
}

/** GPT-2. */
export function endGpt2(at: usize, end: usize): usize {
  const first = <u32>load<u8>(at);
  let from = at;
  if (first == SPACE) {
    from = at + 1;
    if (from == end) return end;
  } else if (first == APOSTROPHE) {
    const length = contraction(at, end, false);
    if (length > 0) return at + length;
  }
  const kind = classHere(from);
  if (kind & LETTER) return letters(next(from), end);
  if (kind & NUMBER) return numbers(next(from), end, 0xffffffff);
  if (!(kind & WHITE)) return signs(next(from), end);
  return whites(at, end, false);
}

/** What GPT-4 and o200k have in common, once letters are tried: numbers, signs and white space. */
// @ts-ignore: decorator
@inline
function endOfRest(at: usize, end: usize, kind: u32, digits: u32, slashes: bool): usize {
  if (kind & NUMBER) return numbers(next(at), end, digits - 1);
  let from = at;
  if (load<u8>(at) == SPACE) from = at + 1;
  if (from < end && !((from == at ? kind : classHere(from)) & NO_SIGN)) {
    from = signs(next(from), end);
    while (from < end) {
      const byte = <u32>load<u8>(from);
      if (!isBreak(byte) && !(slashes && byte == SLASH)) break;
      from++;
    }
    return from;
  }
  return whites(at, end, true);
}

/** GPT-4 and Llama 3 with up to 3 digits in a piece, Qwen 2 with 1. */
export function endGpt4(at: usize, end: usize, digits: u32): usize {
  const first = <u32>load<u8>(at);
  const kind = classHere(at);
  if (kind & LETTER) return letters(next(at), end);
  if (first == APOSTROPHE) {
    const length = contraction(at, end, true);
    if (length > 0) return at + length;
  }
  if (!(kind & NUMBER) && !isBreak(first)) {
    const from = next(at);
    if (from < end && classHere(from) & LETTER) return letters(next(from), end);
  }
  return endOfRest(at, end, kind, digits, false);
}

/** `[upper]*[lower]+` from `from` on; 0: no match. */
function capitalized(from: usize, end: usize): usize {
  let at = from;
  /** End of the last code point that is of both. */
  let both: usize = 0;
  while (at < end) {
    const kind = classHere(at);
    if (!(kind & UPPER)) {
      if (!(kind & LOWER)) return both;
      at = next(at);
      while (at < end && classHere(at) & LOWER) at = next(at);
      return at;
    }
    at = next(at);
    if (kind & LOWER) both = at;
  }
  return both;
}

/** `[upper]+[lower]*` where `capitalized` found nothing; 0: no match. */
function capitals(from: usize, end: usize): usize {
  let at = from;
  while (at < end && classHere(at) & UPPER) at = next(at);
  return at == from ? 0 : at;
}

/** GPT-4o and others of o200k. */
export function endO200k(at: usize, end: usize): usize {
  const first = <u32>load<u8>(at);
  const kind = classHere(at);
  const prefixed = !(kind & (LETTER | NUMBER)) && !isBreak(first);
  const own = kind & (UPPER | LOWER);
  let stop: usize = 0;
  const from = prefixed ? next(at) : at;
  if (prefixed) stop = capitalized(from, end);
  if (stop == 0 && own) stop = capitalized(at, end);
  if (stop == 0 && prefixed) stop = capitals(from, end);
  if (stop == 0 && own) stop = capitals(at, end);
  if (stop == 0) return endOfRest(at, end, kind, 3, true);
  return stop < end && load<u8>(stop) == APOSTROPHE ? stop + contraction(stop, end, true) : stop;
}
