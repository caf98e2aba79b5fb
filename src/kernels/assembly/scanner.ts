// JSON lines to columns: one pass over each line. Text is unescaped in place, into the bytes already read: it starts 64
// bytes before the chunk and an escape never gets longer, so vector stores cannot reach unread input. Whatever is not
// plain sailing is left to JSON.parse.

import { escaped, failAt, keyEnd, makeTables, numberEnd, QUOTE, space, startAt, stringEnd, unescape, valueAfterKey,
  valueEnd, written } from './json';
import { forget, note } from './member-names';

/** Status bits of a row. */
const IRREGULAR: u8 = 1;
const HAS_ID: u8 = 2;
const HAS_DOMAIN: u8 = 4;
const TOO_LONG: u8 = 8;

/** Copies short runs; may write up to 15 bytes more than asked. */
// @ts-ignore: decorator
@inline
function copyRun(to: usize, from: usize, bytes: usize): void {
  if (bytes > 512) {
    memory.copy(to, from, bytes);
    return;
  }
  for (let i: usize = 0; i < bytes; i += 16) v128.store(to + i, v128.load(from + i));
}

// The field names, and what the line at hand gave so far.
let textName: usize = 0;
let textNameBytes: usize = 0;
let idName: usize = 0;
let idNameBytes: usize = 0;
let domainName: usize = 0;
let domainNameBytes: usize = 0;
let innerName: usize = 0;
let innerNameBytes: usize = 0;

const metadataName = memory.data<u8>([0x6d, 0x65, 0x74, 0x61, 0x64, 0x61, 0x74, 0x61]);

/** No bytes: no such field (an empty name is left to JSON.parse). */
// @ts-ignore: decorator
@inline
function named(p: usize, bytes: usize, name: usize, nameBytes: usize): bool {
  return bytes == nameBytes && bytes != 0 && memory.compare(p, name, bytes) == 0;
}

/** Only look whether the lines are regular: nothing is unescaped over the input. */
let dry: bool = false;
let textOut: usize = 0;
let idOut: usize = 0;
let domainOut: usize = 0;
let metadataOut: usize = 0;
/** Members of a `metadata` object, the other members, and the domain found in `metadata`: one line's worth each. */
let insideAt: usize = 0;
let insideBytes: usize = 0;
let othersAt: usize = 0;
let othersBytes: usize = 0;
let innerAt: usize = 0;
let innerBytes: usize = 0;

/** Reads the members of a `metadata` object whose brace is at `p`; returns one past its closing brace, or 0. */
function readMetadata(p: usize): usize {
  p = space(p + 1);
  if (load<u8>(p) == 0x7d) return p + 1;
  const first = p;
  while (true) {
    if (load<u8>(p) != QUOTE) return 0;
    const key = p + 1;
    p = valueAfterKey(key);
    if (p == 0 || escaped || !note(key, keyEnd)) return 0;
    if (named(key, keyEnd - key, innerName, innerNameBytes)) {
      if (load<u8>(p) != QUOTE) return 0;
      p = unescape(p + 1, innerAt);
      innerBytes = written - innerAt;
      if (p == 0 || innerBytes == 0) return 0;
      p++;
    } else {
      p = valueEnd(p, 2);
      if (p == 0) return 0;
    }
    const end = p;
    p = space(p);
    const c: u32 = load<u8>(p);
    if (c == 0x7d) {
      insideBytes = end - first;
      copyRun(insideAt, first, insideBytes);
      return p + 1;
    }
    if (c != 0x2c) return 0;
    p = space(p + 1);
  }
}

/** The member at hand: the end of an irregular line lies behind it, or behind `failAt`. */
let cursor: usize = 0;
/** The newline (or `stop`) of a regular line. */
let newlineAt: usize = 0;

/** Reads the object at `p`; returns the row's status. The out pointers are moved only past what a regular row keeps. */
function readLine(p: usize, stop: usize): u8 {
  cursor = p;
  startAt(p);
  if (load<u8>(p) != 0x7b) return IRREGULAR;
  forget();
  insideBytes = othersBytes = innerBytes = 0;
  let textEnd: usize = 0;
  let idEnd: usize = 0;
  let domainEnd: usize = 0;
  let metadata = false;
  p = space(p + 1);
  // No member, no text.
  while (true) {
    cursor = p;
    if (load<u8>(p) != QUOTE) return IRREGULAR;
    const key = p + 1;
    p = valueAfterKey(key);
    if (p == 0 || escaped) return IRREGULAR;
    const bytes = keyEnd - key;
    if (named(key, bytes, textName, textNameBytes)) {
      if (textEnd != 0 || load<u8>(p) != QUOTE) return IRREGULAR;
      p = dry ? stringEnd(p + 1) : unescape(p + 1, textOut);
      if (p == 0) return IRREGULAR;
      textEnd = dry ? textOut : written;
      p++;
    } else if (named(key, bytes, idName, idNameBytes)) {
      if (idEnd != 0) return IRREGULAR;
      if (load<u8>(p) == QUOTE) {
        p = unescape(p + 1, idOut);
        if (p == 0) return IRREGULAR;
        idEnd = written;
        p++;
      } else {
        const number = numberEnd(p);
        if (number == 0) return IRREGULAR;
        copyRun(idOut, p, number - p);
        idEnd = idOut + (number - p);
        p = number;
      }
    } else if (named(key, bytes, domainName, domainNameBytes)) {
      if (domainEnd != 0 || load<u8>(p) != QUOTE) return IRREGULAR;
      p = unescape(p + 1, domainOut);
      if (p == 0 || written == domainOut) return IRREGULAR;
      domainEnd = written;
      p++;
    } else if (bytes == 8 && load<u64>(key) == load<u64>(metadataName) && load<u8>(p) == 0x7b) {
      if (metadata) return IRREGULAR;
      metadata = true;
      p = readMetadata(p);
      if (p == 0) return IRREGULAR;
    } else {
      if (!note(key, keyEnd)) return IRREGULAR;
      // `metadata` that is no object stands among the others, once.
      if (bytes == 8 && load<u64>(key) == load<u64>(metadataName)) {
        if (metadata) return IRREGULAR;
        metadata = true;
      }
      p = valueEnd(p, 1);
      if (p == 0) return IRREGULAR;
      if (othersBytes != 0) store<u8>(othersAt + othersBytes++, 0x2c);
      const member = p - key + 1;
      copyRun(othersAt + othersBytes, key - 1, member);
      othersBytes += member;
    }
    p = space(p);
    const c: u32 = load<u8>(p);
    if (c == 0x7d) break;
    if (c != 0x2c) return IRREGULAR;
    p = space(p + 1);
  }
  newlineAt = space(p + 1);
  if ((newlineAt != stop && load<u8>(newlineAt) != 10) || textEnd == 0) return IRREGULAR;
  textOut = textEnd;
  let status: u8 = 0;
  if (idEnd != 0) {
    status |= HAS_ID;
    idOut = idEnd;
  }
  if (domainEnd != 0) {
    status |= HAS_DOMAIN;
    domainOut = domainEnd;
  } else if (innerBytes != 0) {
    status |= HAS_DOMAIN;
    copyRun(domainOut, innerAt, innerBytes);
    domainOut += innerBytes;
  }
  putMetadata();
  return status;
}

function putMetadata(): void {
  let out = metadataOut;
  store<u8>(out++, 0x7b);
  copyRun(out, insideAt, insideBytes);
  out += insideBytes;
  if (insideBytes != 0 && othersBytes != 0) store<u8>(out++, 0x2c);
  copyRun(out, othersAt, othersBytes);
  out += othersBytes;
  store<u8>(out++, 0x7d);
  metadataOut = out;
}

/** The next newline from `p` on, or `end`. */
function lineEnd(p: usize, end: usize): usize {
  const newline = i8x16.splat(10);
  while (p < end) {
    const a = i8x16.eq(v128.load(p), newline);
    const b = i8x16.eq(v128.load(p, 16), newline);
    const c = i8x16.eq(v128.load(p, 32), newline);
    const d = i8x16.eq(v128.load(p, 48), newline);
    if (v128.any_true(v128.or(v128.or(a, b), v128.or(c, d)))) {
      const bits =
        <u64>(<u32>i8x16.bitmask(a) | (<u32>i8x16.bitmask(b) << 16)) |
        (<u64>(<u32>i8x16.bitmask(c) | (<u32>i8x16.bitmask(d) << 16)) << 32);
      p += <usize>ctz(bits);
      return p < end ? p : end;
    }
    p += 64;
  }
  return end;
}

/**
 * Reads lines until `maxRows` records or the end; returns the bytes read. `table` holds addresses and sizes as u32:
 * names (text, id, domain, domain inside `metadata`: address, bytes each), then the outputs: start, end, status, text
 * offsets, id offsets, id values, domain offsets, domain values, metadata offsets, metadata values, three scratch
 * areas; the count of rows is written after them. Text values start 64 bytes before the chunk, over what was read; a
 * dry run leaves the chunk as it is and gives no text.
 */
export function scanLines(chunk: usize, bytes: u32, table: usize, maxLine: u32, maxRows: u32, dryRun: u32): u32 {
  makeTables();
  dry = dryRun != 0;
  textName = load<u32>(table);
  textNameBytes = load<u32>(table, 4);
  idName = load<u32>(table, 8);
  idNameBytes = load<u32>(table, 12);
  domainName = load<u32>(table, 16);
  domainNameBytes = load<u32>(table, 20);
  innerName = load<u32>(table, 24);
  innerNameBytes = load<u32>(table, 28);
  const starts: usize = load<u32>(table, 32);
  const ends: usize = load<u32>(table, 36);
  const statuses: usize = load<u32>(table, 40);
  const textOffsets: usize = load<u32>(table, 44);
  const idOffsets: usize = load<u32>(table, 48);
  const idValues: usize = load<u32>(table, 52);
  const domainOffsets: usize = load<u32>(table, 56);
  const domainValues: usize = load<u32>(table, 60);
  const metadataOffsets: usize = load<u32>(table, 64);
  const metadataValues: usize = load<u32>(table, 68);
  insideAt = load<u32>(table, 72);
  othersAt = load<u32>(table, 76);
  innerAt = load<u32>(table, 80);
  const textValues = chunk - 64;
  textOut = textValues;
  idOut = idValues;
  domainOut = domainValues;
  metadataOut = metadataValues;
  const stop = chunk + bytes;
  let rows: usize = 0;
  let p = chunk;
  while (p < stop && rows < <usize>maxRows) {
    const first = space(p);
    if (first >= stop || load<u8>(first) == 10) {
      p = first + 1;
      continue;
    }
    const at = rows << 2;
    store<u32>(starts + at, <u32>(p - chunk));
    store<u32>(textOffsets + at, <u32>(textOut - textValues));
    store<u32>(idOffsets + at, <u32>(idOut - idValues));
    store<u32>(domainOffsets + at, <u32>(domainOut - domainValues));
    store<u32>(metadataOffsets + at, <u32>(metadataOut - metadataValues));
    const text = textOut;
    const id = idOut;
    const domain = domainOut;
    const metadata = metadataOut;
    let status = readLine(first, stop);
    const end = status & IRREGULAR ? lineEnd(max(cursor, failAt), stop) : newlineAt;
    if (end - p > <usize>maxLine) {
      status = TOO_LONG;
      textOut = text;
      idOut = id;
      domainOut = domain;
      metadataOut = metadata;
    }
    store<u32>(ends + at, <u32>(end - chunk));
    store<u8>(statuses + rows, status);
    rows++;
    p = end + 1;
  }
  const at = rows << 2;
  store<u32>(textOffsets + at, <u32>(textOut - textValues));
  store<u32>(idOffsets + at, <u32>(idOut - idValues));
  store<u32>(domainOffsets + at, <u32>(domainOut - domainValues));
  store<u32>(metadataOffsets + at, <u32>(metadataOut - metadataValues));
  store<u32>(table, <u32>rows, 84);
  return <u32>(p < stop ? p - chunk : bytes);
}
