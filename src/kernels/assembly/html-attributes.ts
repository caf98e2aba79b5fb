// Attributes of a tag: where it ends, and what its class, id and the like say.
import { find, FNV, HINTS, isWhite, lower, pageEnd, PRIME, wordOf } from './html-state';

const CONTENT_HINT: i32 = 8;
const STRONG_HINT: i32 = 9;
const HIDDEN: i32 = 1 << 14;

/** Of the attribute that was read last. */
let name: usize = 0;
let nameEnd: usize = 0;
let value: usize = 0;
let valueEnd: usize = 0;
let next: usize = 0;

/** Of the tag that was read last; as `Attributes` of the plain reference. */
export let closed: bool = false;
export let hints: i32 = 0;
export let key: u32 = 0;
export let langStart: usize = 0;
export let langEnd: usize = 0;
export let nameStart: usize = 0;
export let nameStop: usize = 0;
export let valueStart: usize = 0;
export let valueStop: usize = 0;
export let linkedData: bool = false;

function attributeAt(at: usize): void {
  const stop = pageEnd;
  let i = at;
  while (i < stop && (isWhite(<u32>load<u8>(i)) || load<u8>(i) == 0x2f)) i++;
  name = nameEnd = value = valueEnd = i;
  if (i >= stop) {
    next = stop;
    return;
  }
  if (load<u8>(i) == 0x3e) {
    next = i + 1;
    return;
  }
  i++;
  while (i < stop) {
    const c = <u32>load<u8>(i);
    if (c == 0x3d || c == 0x3e || c == 0x2f || isWhite(c)) break;
    i++;
  }
  nameEnd = i;
  while (i < stop && isWhite(<u32>load<u8>(i))) i++;
  if (i >= stop || load<u8>(i) != 0x3d) {
    value = valueEnd = nameEnd;
    next = i;
    return;
  }
  i++;
  while (i < stop && isWhite(<u32>load<u8>(i))) i++;
  const quote = load<u8>(i);
  if (quote == 0x22 || quote == 0x27) {
    value = i + 1;
    valueEnd = find(<i8>quote, i + 1, stop);
    next = min(valueEnd + 1, stop);
    return;
  }
  value = i;
  while (i < stop && !isWhite(<u32>load<u8>(i)) && load<u8>(i) != 0x3e) i++;
  valueEnd = next = i;
}

/** One past a tag whose attributes begin at `at`. */
export function skipAttributes(at: usize): usize {
  for (let i = at; i < pageEnd; ) {
    attributeAt(i);
    if (nameEnd == name) return next;
    i = next;
  }
  return pageEnd;
}

/** First bytes of the name in lower case, as one number. */
function nameKey(): u64 {
  let key: u64 = 0;
  const length = nameEnd - name;
  for (let i: usize = 0; i < length; i++) key = (key << 8) | <u64>lower(<u32>load<u8>(name + i));
  return key;
}

const CLASS: u64 = 0x636c617373;
const ID: u64 = 0x6964;
const ROLE: u64 = 0x726f6c65;
const ITEMPROP: u64 = 0x6974656d70726f70;
const HIDDEN_NAME: u64 = 0x68696464656e;
const STYLE: u64 = 0x7374796c65;
const LANG: u64 = 0x6c616e67;
const TYPE: u64 = 0x74797065;
const NAME: u64 = 0x6e616d65;
const PROPERTY: u64 = 0x70726f7065727479;
const REL: u64 = 0x72656c;
const CONTENT: u64 = 0x636f6e74656e74;
const HREF: u64 = 0x68726566;
/** The last eight letters of names that are longer. */
const ARIA_HIDDEN: u64 = 0x612d68696464656e;
const HTTP_EQUIV: u64 = 0x74702d6571756976;

/** Reads the attributes of a tag, which begin at `at`; returns one past the tag. @param meta of a meta or link */
export function readAttributes(at: usize, meta: bool): usize {
  closed = false;
  hints = 0;
  key = FNV;
  langStart = langEnd = nameStart = nameStop = valueStart = valueStop = 0;
  linkedData = false;
  for (let i = at; i <= pageEnd; ) {
    attributeAt(i);
    i = next;
    const length = nameEnd - name;
    if (length == 0) {
      closed = next >= at + 2 && load<u8>(next - 2) == 0x2f;
      return next;
    }
    if (length > 11 || load<u8>(name) == 0) continue;
    const k = nameKey();
    if (length <= 8) {
      if (k == CLASS) {
        hints |= hintsOf();
        key = keyOf();
      } else if (k == ID || k == ROLE) hints |= hintsOf();
      else if (k == ITEMPROP) {
        hints |= hintsOf();
        if (meta) ownName();
      } else if (k == HIDDEN_NAME) hints |= HIDDEN;
      else if (k == STYLE) {
        if (hides()) hints |= HIDDEN;
      } else if (k == LANG) {
        langStart = value;
        langEnd = valueEnd;
      } else if (k == TYPE) linkedData = valueEnd - value == 19 && load<u8>(value + 12) == 0x6c;
      else if (meta) {
        if (k == NAME || k == PROPERTY || k == REL) ownName();
        else if (k == CONTENT || k == HREF) {
          valueStart = value;
          valueStop = valueEnd;
        }
      }
    } else if (length == 11 && k == ARIA_HIDDEN && lowerIs(name, 0x617269)) {
      if ((load<u8>(value) | 32) == 0x74) hints |= HIDDEN;
    } else if (meta && length == 10 && k == HTTP_EQUIV && lowerIs(name, 0x6874)) ownName();
  }
  return pageEnd;
}

function ownName(): void {
  nameStart = name;
  nameStop = valueEnd;
  nameStart = value;
}

/** Do the letters of `at` begin with those of a number, the first highest? */
function lowerIs(at: usize, letters: u32): bool {
  if (letters > 0xffff)
    return lower(<u32>load<u8>(at)) == letters >> 16 && lower(<u32>load<u8>(at, 1)) == ((letters >> 8) & 255) &&
      lower(<u32>load<u8>(at, 2)) == (letters & 255);
  return lower(<u32>load<u8>(at)) == letters >> 8 && lower(<u32>load<u8>(at, 1)) == (letters & 255);
}

/** Bits of the words of the value: letters, apart where case changes. */
function hintsOf(): i32 {
  let bits: i32 = 0;
  let hash: u32 = FNV;
  let letters: u32 = 0;
  let upper = false;
  for (let i = value; i <= valueEnd; i++) {
    const c: u32 = i < valueEnd ? <u32>load<u8>(i) : 0;
    const capital = c - 0x41 < 26;
    const other = !capital && c - 0x61 >= 26;
    if (other || (capital && !upper)) {
      if (letters > 1) {
        const bit = wordOf(HINTS, hash);
        if (bit >= 0) {
          if (bit == CONTENT_HINT && (bits & (1 << CONTENT_HINT)) != 0) bits |= 1 << STRONG_HINT;
          bits |= 1 << bit;
        }
      }
      hash = FNV;
      letters = 0;
    }
    if (other) {
      upper = false;
      continue;
    }
    upper = capital;
    hash = (hash ^ (c | 32)) * PRIME;
    letters++;
  }
  return bits;
}

/** Hash of the value without digits. */
function keyOf(): u32 {
  let hash: u32 = FNV;
  for (let i = value; i < valueEnd; i++) {
    const c = <u32>load<u8>(i);
    if (c - 0x30 >= 10) hash = (hash ^ c) * PRIME;
  }
  return hash;
}

/** `display: none` in a style. */
function hides(): bool {
  for (let i = value; i + 11 < valueEnd; i++) {
    if ((load<u8>(i) | 32) != 0x64 || (load<u8>(i, 3) | 32) != 0x70 || (load<u8>(i, 6) | 32) != 0x79) continue;
    let at = i + 7;
    while (at < valueEnd && (isWhite(<u32>load<u8>(at)) || load<u8>(at) == 0x3a)) at++;
    if (at + 4 <= valueEnd && (load<u32>(at) | 0x20202020) == 0x656e6f6e) return true;
  }
  return false;
}
