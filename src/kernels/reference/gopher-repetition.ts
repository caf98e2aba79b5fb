import { laterCopies, lengthOf, linesOf, paragraphsOf, ratio, sum, wordsOf } from './words.ts';

/** n-grams of words, each with its first position; words hold no white space, so a space joins without ambiguity. */
const gramsOf = (words: readonly string[], n: number): string[] =>
  words.slice(0, Math.max(0, words.length - n + 1)).map((_, i) => words.slice(i, i + n).join(' '));

/** Occurrences x word code points of the most frequent n-gram (of several, the longest); 0 when none occurs twice. */
function topGramLength(words: readonly string[], n: number): number {
  const counts = new Map<string, number>();
  for (const gram of gramsOf(words, n)) counts.set(gram, (counts.get(gram) ?? 0) + 1);
  let best = 1;
  let length = 0;
  for (const [gram, count] of counts) {
    if (count < 2 || count < best) continue;
    const own = lengthOf(gram) - (n - 1);
    length = count > best ? own : Math.max(length, own);
    best = count;
  }
  return best === 1 ? 0 : best * length;
}

/** Word code points at positions that a 2nd or later copy of an n-gram covers. */
function coveredLength(words: readonly string[], n: number): number {
  const seen = new Set<string>();
  const covered = new Set<number>();
  gramsOf(words, n).forEach((gram, i) => {
    if (seen.has(gram)) for (let k = i; k < i + n; k++) covered.add(k);
    seen.add(gram);
  });
  return sum(Array.from(covered, (i) => lengthOf(words[i])));
}

/**
 * Statistics behind the Gopher repetition rules (Rae et al. 2021, appendix A.1, table A1), profile `sluice`. Compared
 * byte for byte.
 * - gopher_duplicate_{line,paragraph}_ratio: 2nd and later copies per non-blank line or paragraph; ..._char_ratio:
 *   their code points per
 *   code point of all non-blank (trimmed) lines or paragraphs.
 * - gopher_top_{2,3,4}_gram_char_ratio: the most frequent n-gram of words, occurrences x its word code points per word
 *   code point; the
 *   longest of equally frequent ones; 0 when none occurs twice.
 * - gopher_duplicate_{5..10}_gram_char_ratio: word code points at positions covered by an n-gram seen before, per word
 *   code point.
 */
export function gopherRepetition(text: string): Record<string, number> {
  const lines = linesOf(text);
  const paragraphs = paragraphsOf(text);
  const words = wordsOf(text);
  const chars = sum(words.map(lengthOf));
  const count = (items: readonly string[]): number => ratio(laterCopies(items).length, items.length);
  const length = (items: readonly string[]): number =>
    ratio(sum(laterCopies(items).map(lengthOf)), sum(items.map(lengthOf)));
  const out: Record<string, number> = {
    gopher_duplicate_line_ratio: count(lines),
    gopher_duplicate_line_char_ratio: length(lines),
    gopher_duplicate_paragraph_ratio: count(paragraphs),
    gopher_duplicate_paragraph_char_ratio: length(paragraphs),
  };
  for (const n of [2, 3, 4]) out[`gopher_top_${n}_gram_char_ratio`] = ratio(topGramLength(words, n), chars);
  for (const n of [5, 6, 7, 8, 9, 10]) {
    out[`gopher_duplicate_${n}_gram_char_ratio`] = ratio(coveredLength(words, n), chars);
  }
  return out;
}
