// Supervised fastText models: the rows of a text (words, subwords, word n-grams) in the library's order, their mean,
// and its products with the rows of the output matrix. Sums are taken in the order of the library, in 32 bits: vectors
// run over columns, or over rows of the output, never along a sum. The definition is ../reference/fasttext.ts.
import { arenaAlloc, arenaMark, arenaRelease } from './arena';

const OFFSET: u32 = 2166136261;
const PRIME: u32 = 16777619;
const GRAM: u64 = 116049371;
/** Rows that are summed in one go. */
const PENDING: u32 = 256;

let input: usize = 0;
/** Floats of a row, a multiple of 4. */
let stride: u32 = 0;
let dim: u32 = 0;
let output: usize = 0;
let outputs: u32 = 0;
/** Factors of the rows of a quantised output matrix; 0 = none. */
let norms: usize = 0;

let words: usize = 0;
let starts: usize = 0;
let slots: usize = 0;
let mask: u32 = 0;
let nWords: i32 = 0;
let minn: u32 = 0;
let maxn: u32 = 0;
let bucket: u32 = 0;
let wordNgrams: u32 = 0;
/** -1 all buckets have a row; 0 none has; else those of the table at `kept`. */
let pruned: i32 = -1;
let kept: usize = 0;

let pending: usize = 0;
let nPending: u32 = 0;
let nRows: u32 = 0;
let hidden: usize = 0;
let hashes: usize = 0;
let nHashes: u32 = 0;
/** `</s>`, the token at the end of a line. */
const end4: u32 = 0x3e732f3c;
const endWord = memory.data(16);

// @ts-ignore: decorator
@inline
function hashed(h: u32, p: usize): u32 {
  return (h ^ <u32>(<i32>load<i8>(p))) * PRIME;
}

// @ts-ignore: decorator
@inline
function separates(c: i32): bool {
  return c == 32 || (c >= 9 && c <= 13) || c == 0;
}

/** Sizes; the caller then fills the matrices and calls `fasttextWords`. */
export function fasttextOpen(rowFloats: u32, columns: u32, labels: u32, ngramMin: u32, ngramMax: u32, buckets: u32,
  grams: u32, vocabulary: i32, pruning: i32): void {
  stride = rowFloats;
  dim = columns;
  outputs = labels;
  minn = ngramMin;
  maxn = ngramMax;
  bucket = buckets;
  wordNgrams = grams;
  nWords = vocabulary;
  pruned = pruning;
  pending = arenaAlloc(PENDING * 4);
  hidden = arenaAlloc(rowFloats * 4);
  store<u32>(endWord, end4);
}

/** Where the matrices and the table of kept buckets lie; `scale` and `buckets` may be 0. */
export function fasttextTables(rows: usize, columns: usize, scale: usize, buckets: usize): void {
  input = rows;
  output = columns;
  norms = scale;
  kept = buckets;
}

/** Builds the table of words: `count` of them, of `text[begin[i] .. begin[i + 1])`; `size` slots, a power of 2. */
export function fasttextWords(text: usize, begin: usize, count: u32, table: usize, size: u32): void {
  words = text;
  starts = begin;
  slots = table;
  mask = size - 1;
  memory.fill(table, 0, <usize>size << 3);
  for (let i: u32 = 0; i < count; i++) {
    const from = load<u32>(begin + (<usize>i << 2));
    const bytes = load<u32>(begin + (<usize>i << 2), 4) - from;
    let h = OFFSET;
    for (let k: u32 = 0; k < bytes; k++) h = hashed(h, text + from + k);
    const slot = slotOf(text + from, bytes, h);
    store<u32>(slot, h);
    store<i32>(slot, <i32>i + 1, 4);
  }
}

function slotOf(p: usize, bytes: u32, h: u32): usize {
  let at = h & mask;
  while (true) {
    const slot = slots + (<usize>at << 3);
    const id = load<i32>(slot, 4);
    if (id == 0) return slot;
    if (load<u32>(slot) == h) {
      const from = load<u32>(starts + (<usize>(id - 1) << 2));
      if (load<u32>(starts + (<usize>(id - 1) << 2), 4) - from == bytes && memory.compare(words + from, p, bytes) == 0)
        return slot;
    }
    at = (at + 1) & mask;
  }
}

function flush(): void {
  const all = stride >> 2;
  for (let block: u32 = 0; block < all; block += 4) {
    const left = all - block;
    const at = hidden + (<usize>block << 4);
    const base = input + (<usize>block << 4);
    let a = v128.load(at);
    if (left >= 4) {
      let b = v128.load(at, 16);
      let c = v128.load(at, 32);
      let d = v128.load(at, 48);
      for (let k: u32 = 0; k < nPending; k++) {
        const row = base + <usize>load<u32>(pending + (<usize>k << 2)) * (<usize>stride << 2);
        a = f32x4.add(a, v128.load(row));
        b = f32x4.add(b, v128.load(row, 16));
        c = f32x4.add(c, v128.load(row, 32));
        d = f32x4.add(d, v128.load(row, 48));
      }
      v128.store(at, b, 16);
      v128.store(at, c, 32);
      v128.store(at, d, 48);
      v128.store(at, a);
      continue;
    }
    for (let one: u32 = 0; one < left; one++) {
      a = v128.load(at + (<usize>one << 4));
      for (let k: u32 = 0; k < nPending; k++) {
        const row = base + <usize>load<u32>(pending + (<usize>k << 2)) * (<usize>stride << 2);
        a = f32x4.add(a, v128.load(row + (<usize>one << 4)));
      }
      v128.store(at + (<usize>one << 4), a);
    }
  }
  nRows += nPending;
  nPending = 0;
}

// @ts-ignore: decorator
@inline
function push(row: u32): void {
  store<u32>(pending + (<usize>nPending << 2), row);
  if (++nPending == PENDING) flush();
}

// @ts-ignore: decorator
@inline
function pushBucket(id: u32): void {
  if (pruned < 0) return push(<u32>nWords + id);
  if (pruned == 0) return;
  const row = load<i32>(kept + (<usize>id << 2));
  if (row >= 0) push(<u32>nWords + <u32>row);
}

/** n-grams of `<word>`; the brackets are put in the place of what stands beside the word for as long as it takes. */
function subwords(p: usize, q: usize): void {
  const from = p - 1;
  const to = q + 1;
  const before = load<u8>(from);
  const behind = load<u8>(q);
  store<u8>(from, 0x3c);
  store<u8>(q, 0x3e);
  for (let i = from; i < to; i++) {
    if ((<u32>load<u8>(i) & 0xc0) == 0x80) continue;
    let h = OFFSET;
    let j = i;
    for (let n: u32 = 1; n <= maxn && j < to; n++) {
      h = hashed(h, j++);
      while (j < to && (<u32>load<u8>(j) & 0xc0) == 0x80) h = hashed(h, j++);
      if (n >= minn && !(n == 1 && (i == from || j == to))) pushBucket(h % bucket);
    }
  }
  store<u8>(from, before);
  store<u8>(q, behind);
}

/** Adds a token; true for the one that ends the line. */
function token(p: usize, q: usize, h: u32): bool {
  const bytes = <u32>(q - p);
  const isEnd = bytes == 4 && load<u32>(p) == end4;
  const id = load<i32>(slotOf(p, bytes, h), 4) - 1;
  if (id < 0 ? bytes >= 9 && startsLabel(p) : id >= nWords) return isEnd;
  if (id >= 0) push(<u32>id);
  if (!isEnd && maxn > 0) subwords(p, q);
  if (wordNgrams > 1) {
    store<u32>(hashes + (<usize>nHashes << 2), h);
    nHashes++;
  }
  return isEnd;
}

/** `__label__` */
function startsLabel(p: usize): bool {
  return load<u64>(p) == 0x5f6c6562616c5f5f && load<u8>(p, 8) == 0x5f;
}

function line(from: usize, to: usize): void {
  let p = from;
  let ended = false;
  while (true) {
    while (p < to && separates(load<i8>(p))) p++;
    if (p >= to) break;
    let q = p;
    let h = OFFSET;
    while (q < to && !separates(load<i8>(q))) h = hashed(h, q++);
    if (token(p, q, h)) {
      ended = true;
      break;
    }
    p = q;
  }
  if (!ended) {
    let h = OFFSET;
    for (let k: usize = 0; k < 4; k++) h = hashed(h, endWord + k);
    token(endWord, endWord + 4, h);
  }
  if (wordNgrams > 1) {
    for (let i: u32 = 0; i < nHashes; i++) {
      let h = <u64>(<i64>load<i32>(hashes + (<usize>i << 2)));
      for (let j = i + 1; j < nHashes && j < i + wordNgrams; j++) {
        h = h * GRAM + <u64>(<i64>load<i32>(hashes + (<usize>j << 2)));
        pushBucket(<u32>(h % <u64>bucket));
      }
    }
  }
  flush();
}

/** Products of the mean with the rows of the output matrix, four at a time; it lies column by column. */
function products(out: usize): void {
  const wide = (outputs + 3) & ~3;
  for (let i: u32 = 0; i < outputs; i += 4) {
    let sum = f32x4.splat(0);
    for (let j: u32 = 0; j < dim; j++)
      sum = f32x4.add(sum, f32x4.mul(v128.load(output + (<usize>(j * wide + i) << 2)),
        v128.load32_splat(hidden + (<usize>j << 2))));
    if (norms != 0) sum = f32x4.mul(sum, v128.load(norms + (<usize>i << 2)));
    v128.store(out + (<usize>i << 2), sum);
  }
}

/**
 * For each row of text its products (as many floats as outputs, rounded up to 4) and how many rows of the input matrix
 * they are of; 0 = it has none, or is not alive. A byte before `text` and one behind are written to for a while.
 */
export function fasttextScores(text: usize, offsets: usize, rows: u32, alive: usize, out: usize, counts: usize): void {
  const wide = (outputs + 3) & ~3;
  for (let row: usize = 0; row < <usize>rows; row++) {
    store<u32>(counts + (row << 2), 0);
    if (alive != 0 && load<u8>(alive + row) == 0) continue;
    const from = load<u32>(offsets + (row << 2));
    const to = load<u32>(offsets + (row << 2), 4);
    const mark = arenaMark();
    if (wordNgrams > 1) hashes = arenaAlloc(((to - from) << 1) + 16);
    memory.fill(hidden, 0, <usize>stride << 2);
    nPending = nRows = nHashes = 0;
    line(text + from, text + to);
    store<u32>(counts + (row << 2), nRows);
    if (nRows > 0) {
      const factor = f32x4.splat(<f32>(1.0 / <f64>nRows));
      for (let k: u32 = 0; k < stride; k += 4)
        v128.store(hidden + (<usize>k << 2), f32x4.mul(v128.load(hidden + (<usize>k << 2)), factor));
      products(out + (row * wide << 2));
    }
    arenaRelease(mark);
  }
}
