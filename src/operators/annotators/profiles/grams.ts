import { BASE, SpanNumbers } from './spans.ts';
import { roomFor } from './units.ts';
import { vocabulary, type Words } from './vocabulary.ts';

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
let [ends, hashes, places, groups, counts, joined, starts] = Array.from({ length: 7 }, () => new Int32Array(0));

/** Code points of the words up to each word: `ends[i + n] - ends[i]` are those of n words from word i on. Borrowed. */
export function pointEnds({ ids, count }: Words): Int32Array {
  const { points } = vocabulary();
  ends = roomFor(ends, count + 1);
  ends[0] = 0;
  for (let i = 0; i < count; i++) ends[i + 1] = ends[i] + points[ids[i]];
  return ends;
}

/**
 * n-grams of words joined by a space, for n from 2 on: equal when their words are, for no word holds a space. Only places where both
 * (n-1)-grams occur more than once are looked at, for no other n-gram can.
 * @returns one for each n from 2 to `longest`
 */
export function spacedGrams(words: Words, longest: number): GramsOfLength[] {
  const { ids, count } = words;
  const points = pointEnds(words);
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
      const gram = grams.numberOf(hashes[i], ids, i, i + n);
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

/** Puts the places of words that occur more than once into `places`, their hashes into `hashes`. */
function repeatedWords({ ids, count }: Words): number {
  counts = roomFor(counts, vocabulary().points.length);
  for (let i = 0; i < count; i++) counts[ids[i]] = 0;
  for (let i = 0; i < count; i++) counts[ids[i]]++;
  let found = 0;
  for (let i = 0; i < count; i++) {
    hashes[i] = ids[i];
    if (counts[ids[i]] > 1) places[found++] = i;
  }
  return found;
}

/**
 * Code points of n-grams seen before, their words joined without a space ('ab' 'c' is 'a' 'bc'), read from the left; a hit is jumped over,
 * so no word counts twice.
 * @returns one for each n from `shortest` to `longest`
 */
export function rereadGrams(words: Words, shortest: number, longest: number): number[] {
  const { ids, count } = words;
  const points = pointEnds(words);
  join(words);
  const { power, entries } = vocabulary();
  const { hash } = entries;
  const out: number[] = [];
  for (let n = 2; n <= longest; n++) {
    const last = count - n;
    for (let i = 0; i <= last; i++) {
      const id = ids[i + n - 1];
      hashes[i] = (Math.imul(hashes[i], power[id]) + hash[id]) | 0;
    }
    if (n < shortest) continue;
    grams.reset(joined, Math.max(0, last + 1));
    let reread = 0;
    for (let i = 0; i <= last; ) {
      const before = grams.size;
      const hit = grams.numberOf(hashes[i], joined, starts[i], starts[i + n]) !== before;
      if (hit) reread += points[i + n] - points[i];
      i += hit ? n : 1;
    }
    out.push(reread);
  }
  return out;
}

/** All words one after the other in `joined`, where each starts in `starts`, their hashes in `hashes`. */
function join({ ids, count }: Words): void {
  const { pool, entries } = vocabulary();
  starts = roomFor(starts, count + 1);
  hashes = roomFor(hashes, count);
  let length = 0;
  for (let i = 0; i < count; i++) {
    starts[i] = length;
    hashes[i] = entries.hash[ids[i]];
    length += entries.end[ids[i]] - entries.start[ids[i]];
  }
  starts[count] = length;
  joined = roomFor(joined, length);
  for (let i = 0; i < count; i++) {
    const from = entries.start[ids[i]];
    for (let at = starts[i], k = from; at < starts[i + 1]; at++, k++) joined[at] = pool[k];
  }
}
