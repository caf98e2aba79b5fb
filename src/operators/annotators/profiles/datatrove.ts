import type { SplitName } from '../profile.ts';
import { pointEnds, rereadGrams, spacedGrams } from './grams.ts';
import { copiesOf, pythonLines, type Spans, splitLineFeeds, strip } from './lines.ts';
import { isTerminalMark } from './marks.ts';
import { countOf, lengthOf, ratio } from './python-text.ts';
import { readText, readTraits } from './reading.ts';
import { pointAt, pointsIn } from './units.ts';
import { FLAGS, vocabulary, type Words } from './vocabulary.ts';
import { WORD } from './word-flags.ts';

/**
 * The statistics of datatrove 0.10 (`GopherQualityFilter`, `GopherRepetitionFilter`, `FineWebQualityFilter`), by its
 * definitions, for words given from outside or found by one of our splits. Equal to that tool when given its words
 * (spaCy, blank English pipeline).
 */
export type WordSource = readonly string[] | SplitName;

const [DASH, STOP, BULLET, ELLIPSIS] = [0x2d, 0x2e, 0x2022, 0x2026];

/**
 * Words of marks alone are left out of the count and the mean and stay in every other ratio; blank lines are lines;
 * stop words are counted once each and in lower case only.
 */
export function datatroveGopherQuality(text: string, source: WordSource): Record<string, number> {
  const { own, traits } = readTraits(text, source);
  const { flags, points, count } = traits;
  let [filled, chars, withLetter, stops] = [0, 0, 0, 0];
  for (let i = 0; i < count; i++) {
    const bits = flags[i];
    if ((bits & WORD.symbols) === 0) {
      filled++;
      chars += points[i];
    }
    withLetter += bits & WORD.letter;
    stops |= 1 << (bits >> WORD.stop);
  }
  const { units } = own;
  const lines = pythonLines(own);
  let [bullets, trailing] = [0, 0];
  for (let k = 0; k < lines.count; k++) {
    const [start, end] = strip(units, lines.start[k], lines.end[k]);
    if (start === end) continue;
    if (units[start] === BULLET || units[start] === DASH) bullets++;
    if (units[end - 1] === ELLIPSIS || endsInDots(units, start, end)) trailing++;
  }
  return {
    gopher_word_count: filled,
    gopher_mean_word_length: ratio(chars, filled),
    gopher_hash_ratio: ratio(countOf(text, '#'), count),
    gopher_ellipsis_ratio: ratio(countOf(text, '...') + countOf(text, '…'), count),
    gopher_bullet_line_ratio: ratio(bullets, lines.count),
    gopher_ellipsis_line_ratio: ratio(trailing, lines.count),
    gopher_alpha_word_ratio: ratio(withLetter, count),
    gopher_stop_word_count: bitsIn(stops >> 1),
  };
}

const endsInDots = (units: Int32Array, start: number, end: number): boolean =>
  end - start >= 3 && units[end - 1] === STOP && units[end - 2] === STOP && units[end - 3] === STOP;

function bitsIn(bits: number): number {
  let n = 0;
  for (let rest = bits; rest !== 0; rest &= rest - 1) n++;
  return n;
}

/**
 * Code points, joining spaces included, of all copies of the most frequent n-gram (of several, the first). 0 without
 * n-grams.
 */
function topGramChars(words: Words, points: Int32Array, source: WordSource): number[] {
  if (typeof source !== 'string' && holdsSpace(words)) return [2, 3, 4].map((n) => topJoined(source, n));
  return spacedGrams(words, points, 4).map(({ most, topPoints }, k) => most * (topPoints + k + 1));
}

/** Only words from outside do: then other words may join to the same string. */
function holdsSpace({ ids, count }: Words): boolean {
  const { pool } = vocabulary();
  for (let i = 0; i < count; i++) if ((pool[ids[i] + FLAGS] & WORD.space) !== 0) return true;
  return false;
}

function topJoined(words: readonly string[], n: number): number {
  const counts = new Map<string, number>();
  for (let i = 0; i + n <= words.length; i++) {
    const gram = words.slice(i, i + n).join(' ');
    counts.set(gram, (counts.get(gram) ?? 0) + 1);
  }
  let top = '';
  let most = 0;
  for (const [gram, count] of counts) {
    if (count <= most) continue;
    top = gram;
    most = count;
  }
  return most * lengthOf(top);
}

/**
 * Lines split at runs of line feeds and paragraphs at two or more, neither trimmed within; all characters and n-grams
 * are divided by the code points of the whole text, white space included.
 */
export function datatroveGopherRepetition(text: string, source: WordSource): Record<string, number> {
  const { own, words } = readText(text, source);
  const { units, length, points: chars } = own;
  const ends = pointEnds(words);
  const paragraphs = splitLineFeeds(text, ...strip(units, 0, length), 'blank');
  const paragraphCount = paragraphs.count;
  const p = copiesOf(units, paragraphs);
  const lines = splitLineFeeds(text, 0, length, 'run');
  const l = copiesOf(units, lines);
  const out: Record<string, number> = {
    gopher_chars: chars,
    gopher_duplicate_line_ratio: ratio(l.later, chars === 0 ? 0 : lines.count),
    gopher_duplicate_line_char_ratio: ratio(l.laterPoints, chars),
    gopher_duplicate_paragraph_ratio: ratio(p.later, chars === 0 ? 0 : paragraphCount),
    gopher_duplicate_paragraph_char_ratio: ratio(p.laterPoints, chars),
  };
  for (const [k, top] of topGramChars(words, ends, source).entries())
    out[`gopher_top_${k + 2}_gram_char_ratio`] = ratio(top, chars);
  for (const [k, reread] of rereadGrams(words, ends, 5, 10).entries())
    out[`gopher_duplicate_${k + 5}_gram_char_ratio`] = ratio(reread, chars);
  return out;
}

/** Non-blank lines, not trimmed: a terminal mark counts only as the very last character. */
export function datatroveFineweb(text: string, source: WordSource): Record<string, number> {
  const { own, traits } = readTraits(text, source);
  const words = traits.count;
  const { units, length, points } = own;
  const lines = splitLineFeeds(text, 0, length, 'each');
  const newlines = lines.count - 1;
  keepFilled(units, lines);
  let [ended, short] = [0, 0];
  for (let k = 0; k < lines.count; k++) {
    const [start, end] = [lines.start[k], lines.end[k]];
    if (endsInTerminal(units, start, end)) ended++;
    if (end - start <= 60 && pointsIn(units, start, end) <= 30) short++;
  }
  const some = lines.count > 0;
  return {
    fineweb_lines: lines.count,
    fineweb_line_punct_ratio: ratio(ended, lines.count),
    fineweb_short_line_ratio: ratio(short, lines.count),
    fineweb_char_dup_ratio: some ? ratio(copiesOf(units, lines).laterPoints, points - newlines) : Number.NaN,
    fineweb_newline_ratio: some ? ratio(newlines, words) : Number.NaN,
  };
}

/** Takes blank lines out of the list. */
function keepFilled(units: Int32Array, lines: Spans): void {
  let kept = 0;
  for (let k = 0; k < lines.count; k++) {
    const [start, end] = strip(units, lines.start[k], lines.end[k]);
    if (start === end) continue;
    lines.start[kept] = lines.start[k];
    lines.end[kept++] = lines.end[k];
  }
  lines.count = kept;
}

/** The last character, which may be two units. */
function endsInTerminal(units: Int32Array, start: number, end: number): boolean {
  const unit = units[end - 1];
  // No ASCII character but these three is one.
  if (unit < 0x80) return unit === 0x21 || unit === STOP || unit === 0x3f;
  if (isTerminalMark(String.fromCharCode(unit))) return true;
  const point = end - start > 1 ? pointAt(units, end - 2, end) : 0;
  return point > 0xffff && isTerminalMark(String.fromCodePoint(point));
}
