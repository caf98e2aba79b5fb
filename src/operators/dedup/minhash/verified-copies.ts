import { isSpace } from '../space.ts';
import { COPY_WORDS, VERIFIED } from '../spans/span-log.ts';
import type { KeyTables } from '../tables/key-tables.ts';
import { SpilledTexts } from '../tables/spilled-texts.ts';

/** Whether two stretches are equal. */
export type SameStretch = (a: Uint8Array, b: Uint8Array) => boolean;

export const sameBytes: SameStretch = (a, b) => a.length === b.length && Buffer.compare(a, b) === 0;

/** The same words, whatever white space lies between them. */
export const sameWords: SameStretch = (a, b) => {
  if (sameBytes(a, b)) return true;
  for (let i = 0, j = 0; ; ) {
    const [gapA, gapB] = [gap(a, i), gap(b, j)];
    i += gapA;
    j += gapB;
    if (i === a.length || j === b.length) return i === a.length && j === b.length;
    if (gapA > 0 !== gapB > 0 || a[i++] !== b[j++]) return false;
  }
};

/** Start and end of each word, in bytes. */
export function wordBounds(bytes: Uint8Array): Int32Array {
  const bounds: number[] = [];
  for (let at = gap(bytes, 0); at < bytes.length; at += gap(bytes, at)) {
    bounds.push(at);
    while (at < bytes.length && space(bytes, at) === 0) at++;
    bounds.push(at);
  }
  return Int32Array.from(bounds);
}

/** Bytes of white space from `at` on. */
function gap(bytes: Uint8Array, at: number): number {
  const from = at;
  for (let step = space(bytes, at); step > 0; step = space(bytes, at)) at += step;
  return at - from;
}

/** Bytes of the white space at a place, or 0: that of Unicode, as the substring kernel sees it. */
function space(bytes: Uint8Array, at: number): number {
  const byte = bytes[at];
  if (byte <= 32) return isSpace(byte) ? 1 : 0;
  if (byte < 0xc2 || byte > 0xe3) return 0;
  const [d, e] = [bytes[at + 1], bytes[at + 2]];
  if (byte === 0xc2) return d === 0xa0 || d === 0x85 ? 2 : 0;
  if (byte === 0xe1) return d === 0x9a && e === 0x80 ? 3 : 0;
  if (byte === 0xe3) return d === 0x80 && e === 0x80 ? 3 : 0;
  if (byte !== 0xe2) return 0;
  if (d === 0x80) return (e >= 0x80 && e <= 0x8a) || e === 0xa8 || e === 0xa9 || e === 0xaf ? 3 : 0;
  return d === 0x81 && e === 0x9f ? 3 : 0;
}

/**
 * Copies that follow each other in a text as what they repeat does there, joined: a page that stands twice is compared
 * once, not anchor by anchor. Those compared before (VERIFIED) are left out.
 * @param copies as `SpanLog.take`
 */
export function joinedCopies(copies: Uint32Array): Uint32Array {
  const out = new Uint32Array(copies.length);
  let to = 0;
  for (let at = 0; at < copies.length; at += COPY_WORDS) {
    if (copies[at + 3] === VERIFIED) continue;
    const last = to - COPY_WORDS;
    if (last >= 0 && goesOn(out, last, copies, at)) {
      if (copies[at + 2] > out[last + 2]) {
        out[last + 2] = copies[at + 2];
        out[last + 5] = copies[at + 5];
      }
      continue;
    }
    for (let w = 0; w < COPY_WORDS; w++) out[to + w] = copies[at + w];
    to += COPY_WORDS;
  }
  return out.subarray(0, to);
}

/** Whether copy `b` begins within copy `a` of the same text, and what it repeats as far within what that repeats. */
function goesOn(a: Uint32Array, i: number, b: Uint32Array, j: number): boolean {
  return a[i] === b[j] && a[i + 3] === b[j + 3] && b[j + 1] <= a[i + 2] && b[j + 1] - a[i + 1] === b[j + 4] - a[i + 4];
}

/**
 * Reads copies of one split and what they repeat, and compares them: those of the split in order, up to `memoryBytes`
 * at once, then the others in order, so that no file is read to and fro.
 * @param copies as `SpanLog.take`
 */
export function copiesHold(
  tables: KeyTables,
  split: number,
  copies: Uint32Array,
  same: SameStretch,
  memoryBytes: number,
): boolean {
  const texts = new SpilledTexts(tables.splits.map((s) => s.spill));
  try {
    for (let from = 0; from < copies.length; ) {
      let bytes = 0;
      let to = from;
      for (; to < copies.length && (to === from || bytes < memoryBytes); to += COPY_WORDS)
        bytes += copies[to + 2] - copies[to + 1];
      if (!chunkHolds(tables, split, copies.subarray(from, to), bytes, same, texts)) return false;
      from = to;
    }
    return true;
  } finally {
    texts.close();
  }
}

function chunkHolds(
  tables: KeyTables,
  split: number,
  copies: Uint32Array,
  bytes: number,
  same: SameStretch,
  texts: SpilledTexts,
): boolean {
  const count = copies.length / COPY_WORDS;
  const held = new Uint8Array(bytes);
  const offsets = new Uint32Array(count + 1);
  const own = Uint32Array.from({ length: count }, (_, i) => i);
  const place = (k: number, w: number): number => copies[k * COPY_WORDS + w];
  eachPlace(
    tables,
    own,
    (k) => tables.first[split] + place(k, 0),
    (k, start) => {
      const length = place(k, 2) - place(k, 1);
      offsets[k + 1] = offsets[k] + length;
      held.set(texts.text(split, start + place(k, 1), length), offsets[k]);
    },
  );
  const order = own.slice().sort((a, b) => place(a, 3) - place(b, 3) || place(a, 4) - place(b, 4));
  let holds = true;
  let before = -1;
  let source = new Uint8Array(0);
  eachPlace(
    tables,
    order,
    (k) => place(k, 3),
    (k, start) => {
      if (!holds) return;
      const known = before >= 0 && [3, 4, 5].every((w) => place(before, w) === place(k, w));
      if (!known)
        source = texts.text(
          tables.splitOf(place(k, 3)),
          start + place(k, 4),
          place(k, 5) - place(k, 4),
        ) as Uint8Array<ArrayBuffer>;
      before = k;
      holds = same(held.subarray(offsets[k], offsets[k + 1]), source);
    },
  );
  return holds;
}

/** Calls with each item and where its document begins in its spill. @param items by ascending document */
function eachPlace(
  tables: KeyTables,
  items: Uint32Array,
  documentOf: (item: number) => number,
  visit: (item: number, start: number) => void,
): void {
  let next = 0;
  tables.scan(
    ['start'],
    ([buffer], from, rows) => {
      const starts = new Float64Array(buffer, 0, rows);
      for (; next < items.length; next++) {
        const document = documentOf(items[next]);
        if (document >= from + rows) break;
        visit(items[next], starts[document - from]);
      }
    },
    (from, to) => {
      if (next === items.length) return false;
      const document = documentOf(items[next]);
      return document >= from && document < to;
    },
  );
}
