import { isPlainMark, isTerminalMark } from '../../../src/operators/annotators/profiles/marks.ts';
import { type Grams, gramsOf } from './grams.ts';
import { countOf, hasLetter, lengthOf, ratio, splitLines, strip } from './python-text.ts';

/**
 * The statistics of datatrove 0.10 (`GopherQualityFilter`, `GopherRepetitionFilter`, `FineWebQualityFilter`), by its
 * definitions, for words given from outside. Equal to that tool when given its words (spaCy, blank English pipeline).
 */
const STOP_WORDS = new Set(['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with']);

const isSymbols = (word: string): boolean => Array.from(word).every((c) => isPlainMark(c) || isTerminalMark(c));

/**
 * Words of marks alone are left out of the count and the mean and stay in every other ratio; blank lines are lines;
 * stop words are counted once each and in lower case only.
 */
export function datatroveGopherQuality(text: string, words: readonly string[]): Record<string, number> {
  const own = words.filter((w) => !isSymbols(w));
  const lines = splitLines(text).map(strip);
  const share = (test: (line: string) => boolean): number => ratio(lines.filter(test).length, lines.length);
  const seen = new Set(words);
  return {
    gopher_word_count: own.length,
    gopher_mean_word_length: ratio(
      own.reduce((sum, w) => sum + lengthOf(w), 0),
      own.length,
    ),
    gopher_hash_ratio: ratio(countOf(text, '#'), words.length),
    gopher_ellipsis_ratio: ratio(countOf(text, '...') + countOf(text, '…'), words.length),
    gopher_bullet_line_ratio: share((l) => l.startsWith('•') || l.startsWith('-')),
    gopher_ellipsis_line_ratio: share((l) => l.endsWith('...') || l.endsWith('…')),
    gopher_alpha_word_ratio: ratio(words.filter(hasLetter).length, words.length),
    gopher_stop_word_count: Array.from(STOP_WORDS).filter((w) => seen.has(w)).length,
  };
}

/** The second and later copies in a list: how many, and their code points. */
function laterCopies(items: readonly string[]): { readonly count: number; readonly chars: number } {
  const seen = new Set<string>();
  let count = 0;
  let chars = 0;
  for (const item of items) {
    if (seen.has(item)) {
      count++;
      chars += lengthOf(item);
    }
    seen.add(item);
  }
  return { count, chars };
}

/**
 * Code points, joining spaces included, of all copies of the most frequent n-gram (of several, the first). 0 without
 * n-grams.
 */
function topGramChars(spaced: Grams, n: number): number {
  const counts = new Map<string, number>();
  for (let i = 0; i < spaced.count(n); i++) {
    const gram = spaced.at(i, n);
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

/** Code points of n-grams seen before, read from the left; a hit is jumped over, so no word counts twice. */
function repeatedGramChars(unspaced: Grams, n: number): number {
  const seen = new Set<string>();
  let chars = 0;
  for (let i = 0; i < unspaced.count(n); ) {
    const gram = unspaced.at(i, n);
    const hit = seen.has(gram);
    if (hit) chars += unspaced.lengthAt(i, n);
    else seen.add(gram);
    i += hit ? n : 1;
  }
  return chars;
}

/**
 * Lines split at runs of line feeds and paragraphs at two or more, neither trimmed within; all characters and n-grams
 * are divided by the code points of the whole text, white space included.
 */
export function datatroveGopherRepetition(text: string, words: readonly string[]): Record<string, number> {
  const chars = lengthOf(text);
  const paragraphs = strip(text).split(/\n{2,}/);
  const lines = text.split(/\n+/);
  const [p, l] = [laterCopies(paragraphs), laterCopies(lines)];
  const out: Record<string, number> = {
    gopher_chars: chars,
    gopher_duplicate_line_ratio: ratio(l.count, chars === 0 ? 0 : lines.length),
    gopher_duplicate_line_char_ratio: ratio(l.chars, chars),
    gopher_duplicate_paragraph_ratio: ratio(p.count, chars === 0 ? 0 : paragraphs.length),
    gopher_duplicate_paragraph_char_ratio: ratio(p.chars, chars),
  };
  const spaced = gramsOf(words, ' ');
  const unspaced = gramsOf(words, '');
  for (const n of [2, 3, 4]) out[`gopher_top_${n}_gram_char_ratio`] = ratio(topGramChars(spaced, n), chars);
  for (const n of [5, 6, 7, 8, 9, 10])
    out[`gopher_duplicate_${n}_gram_char_ratio`] = ratio(repeatedGramChars(unspaced, n), chars);
  return out;
}

/** Non-blank lines, not trimmed: a terminal mark counts only as the very last character. */
export function datatroveFineweb(text: string, words: readonly string[]): Record<string, number> {
  const lines = text.split('\n').filter((l) => strip(l) !== '');
  const newlines = countOf(text, '\n');
  const some = lines.length > 0;
  return {
    fineweb_lines: lines.length,
    fineweb_line_punct_ratio: ratio(lines.filter(endsInTerminal).length, lines.length),
    fineweb_short_line_ratio: ratio(lines.filter((l) => lengthOf(l) <= 30).length, lines.length),
    fineweb_char_dup_ratio: some ? ratio(laterCopies(lines).chars, lengthOf(text) - newlines) : Number.NaN,
    fineweb_newline_ratio: some ? ratio(newlines, words.length) : Number.NaN,
  };
}

/** The last character, which may be two UTF-16 units. */
function endsInTerminal(line: string): boolean {
  return isTerminalMark(line.slice(-1)) || isTerminalMark(line.slice(-2));
}
