import { BASE, SpanNumbers } from './spans.ts';
import { roomFor } from './units.ts';
import { HASH, LENGTH, POINTS, TALLY, UNITS, vocabulary, type Words } from './vocabulary.ts';

/** What the n-grams of one n come to; a gram's code points are those of its words, without joiners. */
export interface GramsOfLength {
  /** Copies of the most frequent n-gram; 0 without n-grams. */
  readonly most: number;
  /** Code points of it; of several, of the first. */
  readonly topPoints: number;
  /** Code points of all copies of all n-grams that occur more than once. */
  readonly repeatedPoints: number;
}

const grams = new SpanNumbers();
let [ends, hashes, places, groups, counts] = Array.from({ length: 5 }, () => new Int32Array(0));
let [joined, starts, lastHashes, lastPowers, heads] = Array.from({ length: 5 }, () => new Int32Array(0));
let buckets = new Uint8Array(0);

/** Code points of the words up to each word: `ends[i + n] - ends[i]` are those of n words from word i on. Borrowed. */
export function pointEnds({ ids, count }: Words): Int32Array {
  const { pool } = vocabulary();
  ends = roomFor(ends, count + 1);
  let points = 0;
  ends[0] = 0;
  for (let i = 0; i < count; i++) {
    points += pool[ids[i] + POINTS];
    ends[i + 1] = points;
  }
  return ends;
}

/**
 * n-grams of words joined by a space, for n from 2 on: equal when their words are, for no word holds a space. Only
 * places where both (n-1)-grams occur more than once are looked at, for no other n-gram can.
 * @param points as `pointEnds` gives them
 * @returns one for each n from 2 to `longest`
 */
export function spacedGrams(words: Words, points: Int32Array, longest: number): GramsOfLength[] {
  const { ids, count } = words;
  hashes = roomFor(hashes, count);
  places = roomFor(places, count);
  groups = roomFor(groups, count);
  let found = repeatedWords(words);
  const out: GramsOfLength[] = [];
  for (let n = 2; n <= longest; n++) {
    grams.reset(ids, found);
    counts = roomFor(counts, found);
    let kept = 0;
    for (let k = 0; k + 1 < found; k++) {
      const i = places[k];
      if (i + n > count) break;
      if (places[k + 1] !== i + 1) continue;
      hashes[i] = (Math.imul(hashes[i], BASE) + ids[i + n - 1]) | 0;
      const before = grams.size;
      const gram = grams.numberOf(hashes[i], i, i + n);
      if (gram === before) counts[gram] = 0;
      counts[gram]++;
      groups[kept] = gram;
      places[kept++] = i;
    }
    let most = count < n ? 0 : 1;
    let first = 0;
    for (let gram = 0; gram < grams.size; gram++) {
      if (counts[gram] <= most) continue;
      most = counts[gram];
      first = grams.start[gram];
    }
    found = 0;
    let repeatedPoints = 0;
    for (let k = 0; k < kept; k++) {
      if (counts[groups[k]] < 2) continue;
      const i = places[k];
      repeatedPoints += points[i + n] - points[i];
      places[found++] = i;
    }
    out.push({ most, topPoints: most === 0 ? 0 : points[first + n] - points[first], repeatedPoints });
  }
  return out;
}

/** Puts the places of words that occur more than once into `places`, the hashes of single words into `hashes`. */
function repeatedWords({ ids, count }: Words): number {
  const { pool } = vocabulary();
  for (let i = 0; i < count; i++) pool[ids[i] + TALLY] = 0;
  for (let i = 0; i < count; i++) pool[ids[i] + TALLY]++;
  let found = 0;
  for (let i = 0; i < count; i++) {
    hashes[i] = ids[i];
    if (pool[ids[i] + TALLY] > 1) places[found++] = i;
  }
  return found;
}

/** Units in front of an n-gram by which most are told from all others. */
const HEAD = 12;
const MIX = 0x9e3779b1;

/**
 * Code points of n-grams seen before, their words joined without a space ('ab' 'c' is 'a' 'bc'), read from the left; a
 * hit is jumped over, so no word counts twice. Only places are looked at that another place may be equal to.
 * @param points as `pointEnds` gives them
 * @returns one for each n from `shortest` to `longest`
 */
export function rereadGrams(words: Words, points: Int32Array, shortest: number, longest: number): number[] {
  const { count } = words;
  join(words);
  const found = sharedHeads(count, shortest);
  const shift = openBuckets(found);
  const out: number[] = [];
  for (let n = 2; n <= longest; n++) {
    const last = count - n;
    for (let k = 0; k < found; k++) {
      const i = places[k];
      if (i > last) break;
      hashes[i] = (Math.imul(hashes[i], lastPowers[i + n - 1]) + lastHashes[i + n - 1]) | 0;
    }
    if (n >= shortest) out.push(reread(n, last, found, shift, points));
  }
  return out;
}

function reread(n: number, last: number, found: number, shift: number, points: Int32Array): number {
  buckets.fill(0, 0, 1 << (32 - shift));
  for (let k = 0; k < found && places[k] <= last; k++) mark(Math.imul(hashes[places[k]], MIX) >>> shift);
  grams.reset(joined, 0);
  let sum = 0;
  let next = 0;
  for (let k = 0; k < found && places[k] <= last; k++) {
    const i = places[k];
    const hash = hashes[i];
    if (i < next || buckets[Math.imul(hash, MIX) >>> shift] === 1) continue;
    const before = grams.size;
    if (grams.numberOf(hash, starts[i], starts[i + n]) === before) continue;
    sum += points[i + n] - points[i];
    next = i + n;
  }
  return sum;
}

/**
 * Puts into `places` where an n-gram of `shortest` and more words may start that another one is equal to: one that has
 * fewer than HEAD units with `shortest` words, or shares a bucket of hashes of the first HEAD units with another place.
 */
function sharedHeads(count: number, shortest: number): number {
  const shift = openBuckets(count);
  buckets.fill(0, 0, 1 << (32 - shift));
  heads = roomFor(heads, count);
  const end = starts[count] - HEAD;
  for (let i = 0; i < count && starts[i] <= end; i++) {
    // Three hashes side by side wait for each other less than one.
    const at = starts[i];
    let [a, b, c] = [joined[at], joined[at + 4], joined[at + 8]];
    for (let k = 1; k < 4; k++) {
      a = (Math.imul(a, BASE) + joined[at + k]) | 0;
      b = (Math.imul(b, BASE) + joined[at + 4 + k]) | 0;
      c = (Math.imul(c, BASE) + joined[at + 8 + k]) | 0;
    }
    const head = (Math.imul(a, MIX) + Math.imul(b ^ (b >>> 15), BASE) + c) | 0;
    heads[i] = Math.imul(head ^ (head >>> 15), MIX) >>> shift;
    mark(heads[i]);
  }
  places = roomFor(places, count);
  let found = 0;
  for (let i = 0; i + shortest <= count; i++) {
    if (starts[i + shortest] - starts[i] < HEAD || buckets[heads[i]] > 1) places[found++] = i;
  }
  return found;
}

/** Room for eight buckets and more for each of so many hashes. */
function openBuckets(count: number): number {
  const bits = Math.max(8, 35 - Math.clz32(count));
  if (buckets.length < 1 << bits || (buckets.length > 1 << 22 && bits < 22)) buckets = new Uint8Array(1 << bits);
  return 32 - bits;
}

/** Once or more than once. */
function mark(bucket: number): void {
  buckets[bucket] = buckets[bucket] === 0 ? 1 : 2;
}

/** BASE to the powers 0 to 63. */
const powers = new Int32Array(64).fill(1);
for (let i = 1; i < powers.length; i++) powers[i] = Math.imul(powers[i - 1], BASE);

function powerOf(length: number): number {
  if (length < powers.length) return powers[length];
  const half = powerOf(length >> 1);
  return Math.imul(Math.imul(half, half), length % 2 === 1 ? BASE : 1);
}

/**
 * All words one after the other in `joined`, where each starts in `starts`, their hashes in `hashes` and `lastHashes`,
 * and in `lastPowers` what a hash is multiplied by when the word is joined on.
 */
function join({ ids, count }: Words): void {
  const { pool } = vocabulary();
  starts = roomFor(starts, count + 1);
  hashes = roomFor(hashes, count);
  lastHashes = roomFor(lastHashes, count);
  lastPowers = roomFor(lastPowers, count);
  let length = 0;
  for (let i = 0; i < count; i++) {
    starts[i] = length;
    hashes[i] = pool[ids[i] + HASH];
    lastHashes[i] = hashes[i];
    lastPowers[i] = powerOf(pool[ids[i] + LENGTH]);
    length += pool[ids[i] + LENGTH];
  }
  starts[count] = length;
  joined = roomFor(joined, length);
  for (let i = 0, at = 0; i < count; i++) {
    const end = starts[i + 1];
    for (let k = ids[i] + UNITS; at < end; at++, k++) joined[at] = pool[k];
  }
}
