// One pass over the bytes of a page: elements that hold text, blocks of text, and what the page says of itself.
import {
  closed, hints, langEnd, langStart, linkedData, nameStart, nameStop, readAttributes, skipAttributes, valueStart,
  valueStop,
} from './html-attributes';
import { endOfComment, endOfRaw, endsName } from './html-scan';
import {
  A, BR, HTML, HEAD, BODY, PRE, LINK, META, TITLE, SCRIPT, HR, SVG, CUSTOM, closeAll, flushHere, implied, linkHere,
  opened, openStack, popTo, push, tag, unseen,
} from './html-stack';
import {
  E_HINTS, eGet, eSet, facts, find, FNV, isLetter, kindOf, lower, METAS, page, pageEnd, PRIME, TAGS, wordOf,
} from './html-state';
import { addHints, append, lineBreak, setLink } from './html-text';

const BLOCK: i32 = 1;
const EMPTY: i32 = 2;
const RAW: i32 = 4;

/** Places of facts. */
const LANGUAGE: usize = 0;
const TITLE_FACT: usize = 1;
const LINKED_DATE: usize = 6;

export function parse(): void {
  openStack();
  for (let i = page; i < pageEnd; ) {
    const mark = find(0x3c, i, pageEnd);
    if (mark > i && unseen == 0) append(i, mark);
    if (mark >= pageEnd) break;
    i = markup(mark);
  }
  closeAll();
}

function markup(i: usize): usize {
  const c = <u32>load<u8>(i, 1);
  if (isLetter(c)) return startTag(i + 1);
  if (c == 0x2f && isLetter(<u32>load<u8>(i, 2))) return endTag(i + 2);
  if (c == 0x21 && load<u8>(i, 2) == 0x2d && load<u8>(i, 3) == 0x2d) return endOfComment(i + 4);
  if (c == 0x21 || c == 0x3f || c == 0x2f) return min(find(0x3e, i + 1, pageEnd) + 1, pageEnd);
  if (unseen == 0) append(i, i + 1);
  return i + 1;
}

let nameEnd: usize = 0;

/** Number of the tag whose name begins at `from`; its end is in `nameEnd`. */
function tagAt(from: usize): i32 {
  let i = from;
  let hash: u32 = FNV;
  let hyphen = false;
  while (i < pageEnd) {
    const c = <u32>load<u8>(i);
    if (endsName(c)) break;
    hash = (hash ^ (isLetter(c) ? c | 32 : c)) * PRIME;
    hyphen = hyphen || c == 0x2d;
    i++;
  }
  nameEnd = i;
  if (i - from <= 10) {
    const found = wordOf(TAGS, hash);
    if (found >= 0) return found;
  }
  return hyphen ? tag(CUSTOM) : 0;
}

function startTag(from: usize): usize {
  const t = tagAt(from);
  const end = nameEnd;
  if (t == 0) return skipAttributes(end);
  const kind = kindOf(t);
  const next = readAttributes(end, t == tag(META) || t == tag(LINK));
  if (kind == EMPTY) empty(t);
  else if (kind == 0) inline(t);
  else if (t == tag(HTML)) fact(LANGUAGE, langStart, langEnd);
  else if (t == tag(BODY)) eSet(E_HINTS, 0, eGet(E_HINTS, 0) | hints);
  else if (t != tag(HEAD)) {
    implied(t);
    if ((kind & RAW) != 0) return raw(t, from, end, next);
    if (!(closed && (t == tag(CUSTOM) || t == tag(SVG)))) push(t);
    if (t == tag(PRE) && next < pageEnd && load<u8>(next) == 10) return next + 1;
  }
  return next;
}

function empty(t: i32): void {
  if (t == tag(BR)) {
    if (unseen == 0) lineBreak();
  } else if (t == tag(META) || t == tag(LINK)) metaFact();
  else if (t == tag(HR)) flushHere();
}

function inline(t: i32): void {
  if (unseen > 0) return;
  addHints(hints);
  if (t != tag(A)) return;
  linkHere();
}

function metaFact(): void {
  const length = nameStop - nameStart;
  if (nameStop <= nameStart || length > 24 || valueStop <= valueStart) return;
  let hash: u32 = FNV;
  for (let i = nameStart; i < nameStop; i++) hash = (hash ^ lower(<u32>load<u8>(i))) * PRIME;
  const found = wordOf(METAS, hash);
  if (found >= 0) fact(<usize>found, valueStart, valueStop);
}

function endTag(from: usize): usize {
  const t = tagAt(from);
  const next = skipAttributes(nameEnd);
  if (t == tag(A)) setLink(0);
  else if (t == tag(BR)) lineBreak();
  else if ((kindOf(t) & BLOCK) != 0) {
    flushHere();
    if (opened(t) > 0) popTo(t);
  }
  return next;
}

function raw(t: i32, from: usize, end: usize, start: usize): usize {
  const stop = endOfRaw(start, from, end - from);
  if (t == tag(TITLE) && opened(tag(SVG)) == 0) fact(TITLE_FACT, start, stop);
  if (t == tag(SCRIPT) && linkedData) linkedDate(start, stop);
  return stop >= pageEnd ? pageEnd : skipAttributes(stop + 2 + end - from);
}

const KEY = memory.data<u8>([
  0x22, 0x64, 0x61, 0x74, 0x65, 0x50, 0x75, 0x62, 0x6c, 0x69, 0x73, 0x68, 0x65, 0x64, 0x22,
]);
const KEY_BYTES: usize = 15;

/** The string after `"datePublished"` in JSON. */
function linkedDate(from: usize, stop: usize): void {
  for (let i = find(0x22, from, pageEnd); i < pageEnd && i + KEY_BYTES < stop; i = find(0x22, i + 1, pageEnd)) {
    let n: usize = 1;
    while (n < KEY_BYTES && load<u8>(i + n) == load<u8>(KEY + n)) n++;
    if (n < KEY_BYTES) continue;
    let v = i + n;
    while (v < stop && (load<u8>(v) <= 0x20 || load<u8>(v) == 0x3a)) v++;
    if (v >= stop || load<u8>(v) != 0x22) continue;
    const end = find(0x22, v + 1, pageEnd);
    if (end < pageEnd && end <= stop && end - v <= 64) fact(LINKED_DATE, v + 1, end);
    return;
  }
}

function fact(which: usize, start: usize, end: usize): void {
  const place = facts + (which << 3);
  if (load<u32>(place, 4) > 0 || end <= start) return;
  store<u32>(place, <u32>(start - page));
  store<u32>(place, <u32>(end - page), 4);
}
