import { pointEnds, spacedGrams } from './grams.ts';
import { copiesOf, type Spans, splitLineFeeds } from './lines.ts';
import { ratio } from './python-text.ts';
import { readText } from './reading.ts';
import { FLAGS, POINTS, vocabulary, type Words } from './vocabulary.ts';
import { WORD } from './word-flags.ts';

/**
 * The statistics of dolma's `gopher_v1` and `gopher_v2` taggers (1.2), by its definitions. Words are split at white
 * space, so nothing is needed from outside.
 */

/** How a text falls into lines: blank lines are lines for `v1` of the tagger, and collapsed by `v2`. */
export type DolmaTagger = 'v1' | 'v2';

const [STAR, DASH, ELLIPSIS] = [0x2a, 0x2d, 0x2026];

const linesOf = (text: string, tagger: DolmaTagger): Spans =>
  splitLineFeeds(text, 0, text.length, tagger === 'v1' ? 'each' : 'run');

/**
 * Stop words are counted as often as they occur, in lower case only; bullets are `*` and `-` without white space before
 * them.
 */
export function dolmaGopherQuality(text: string, tagger: DolmaTagger = 'v1'): Record<string, number> {
  const { own, words } = readText(text, 'whitespace');
  const { ids, count } = words;
  const { pool } = vocabulary();
  let [withLetter, withHash, stops] = [0, 0, 0];
  for (let i = 0; i < count; i++) {
    const bits = pool[ids[i] + FLAGS];
    if ((bits & WORD.letter) !== 0) withLetter++;
    if ((bits & WORD.hash) !== 0) withHash++;
    if (bits >> WORD.stop !== 0) stops++;
  }
  const { units, length } = own;
  const lines = linesOf(text, tagger);
  let [bullets, trailing] = [0, 0];
  for (let k = 0; k < lines.count; k++) {
    const [start, end] = [lines.start[k], lines.end[k]];
    if (start === end) continue;
    if (units[start] === STAR || units[start] === DASH) bullets++;
    if (units[end - 1] === ELLIPSIS) trailing++;
  }
  const some = length > 0;
  return {
    gopher_word_count: count,
    gopher_median_word_length: medianLength(words),
    gopher_symbol_word_ratio: ratio(withHash, count),
    gopher_bullet_line_ratio: some ? bullets / lines.count : Number.NaN,
    gopher_ellipsis_line_ratio: some ? trailing / lines.count : Number.NaN,
    gopher_alpha_word_ratio: ratio(withLetter, count),
    gopher_stop_word_count: stops,
  };
}

/**
 * Median of the words' code points, half-way between the two middle ones of an even number of words; null (NaN) of
 * none.
 */
function medianLength({ ids, count }: Words): number {
  const { pool } = vocabulary();
  const times = new Map<number, number>();
  const short = new Int32Array(64);
  for (let i = 0; i < count; i++) {
    const length = pool[ids[i] + POINTS];
    if (length < short.length) short[length]++;
    else times.set(length, (times.get(length) ?? 0) + 1);
  }
  const at = (place: number): number => {
    let passed = 0;
    for (let length = 0; length < short.length; length++) {
      passed += short[length];
      if (passed > place) return length;
    }
    for (const [length, n] of Array.from(times).sort(([a], [b]) => a - b)) {
      passed += n;
      if (passed > place) return length;
    }
    return Number.NaN;
  };
  const middle = count >> 1;
  return count % 2 === 1 ? at(middle) : (at(middle - 1) + at(middle)) / 2;
}

/**
 * All copies count, the first one too. Characters of lines are divided by those of words (so white space within a line
 * can bring the ratio over 1), a top n-gram by those of words, duplicate n-grams by those of all n-grams. No
 * paragraphs.
 */
export function dolmaGopherRepetition(text: string, tagger: DolmaTagger = 'v1'): Record<string, number> {
  const { own, words } = readText(text, 'whitespace');
  const lines = linesOf(text, tagger);
  const copies = copiesOf(own.units, lines);
  const { count } = words;
  const points = pointEnds(words);
  const grams = spacedGrams(words, points, 10);
  const chars = points[count];
  const out: Record<string, number> = {
    gopher_duplicate_line_ratio: own.length > 0 ? copies.all / lines.count : Number.NaN,
    gopher_duplicate_line_char_ratio: ratio(copies.allPoints, chars),
  };
  for (const [k, { most, topPoints, repeatedPoints }] of grams.entries()) {
    const n = k + 2;
    if (n <= 4) {
      out[`gopher_top_${n}_gram_char_ratio`] = count < n ? Number.NaN : ratio(most * topPoints, chars);
      continue;
    }
    let all = 0;
    for (let i = 0; i + n <= count; i++) all += points[i + n] - points[i];
    out[`gopher_duplicate_${n}_gram_char_ratio`] = ratio(repeatedPoints, all);
  }
  return out;
}
