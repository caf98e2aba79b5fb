import { type Grams, gramsOf } from './grams.ts';
import { hasLetter, lengthOf, ratio, splitSpace } from './python-text.ts';

/**
 * The statistics of dolma's `gopher_v1` and `gopher_v2` taggers (1.2), by its definitions. Words are split at white
 * space, so nothing is needed from outside.
 */
const STOP_WORDS = new Set(['the', 'be', 'to', 'of', 'and', 'that', 'have', 'with']);

/** Half-way between the two middle values of an even number of them; null (NaN) of none. */
function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  if (sorted.length === 0) return Number.NaN;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/** How a text falls into lines: blank lines are lines for `v1` of the tagger, and collapsed by `v2`. */
export type DolmaTagger = 'v1' | 'v2';

const linesOf = (text: string, tagger: DolmaTagger): string[] => text.split(tagger === 'v1' ? '\n' : /\n+/);

/**
 * Stop words are counted as often as they occur, in lower case only; bullets are `*` and `-` without white space before
 * them.
 */
export function dolmaGopherQuality(text: string, tagger: DolmaTagger = 'v1'): Record<string, number> {
  const words = splitSpace(text);
  const lines = linesOf(text, tagger);
  const lineShare = (test: (line: string) => boolean): number =>
    text === '' ? Number.NaN : lines.filter(test).length / lines.length;
  return {
    gopher_word_count: words.length,
    gopher_median_word_length: median(words.map(lengthOf)),
    gopher_symbol_word_ratio: ratio(words.filter((w) => w.includes('#') || w.includes('…')).length, words.length),
    gopher_bullet_line_ratio: lineShare((l) => l.startsWith('*') || l.startsWith('-')),
    gopher_ellipsis_line_ratio: lineShare((l) => l.endsWith('…')),
    gopher_alpha_word_ratio: ratio(words.filter(hasLetter).length, words.length),
    gopher_stop_word_count: words.filter((w) => STOP_WORDS.has(w)).length,
  };
}

function counted(items: readonly string[]): Map<string, number> {
  const counts = new Map<string, number>();
  for (const item of items) counts.set(item, (counts.get(item) ?? 0) + 1);
  return counts;
}

function countedGrams(grams: Grams, n: number): Map<string, { count: number; readonly chars: number }> {
  const counts = new Map<string, { count: number; readonly chars: number }>();
  for (let i = 0; i < grams.count(n); i++) {
    const gram = grams.at(i, n);
    const known = counts.get(gram);
    // Words hold no spaces, so the n - 1 joining ones are all there are.
    if (known) known.count++;
    else counts.set(gram, { count: 1, chars: grams.lengthAt(i, n) - (n - 1) });
  }
  return counts;
}

/**
 * All copies count, the first one too. Characters of lines are divided by those of words (so white space within a line
 * can bring the ratio over 1), a top n-gram by those of words, duplicate n-grams by those of all n-grams. No
 * paragraphs.
 */
export function dolmaGopherRepetition(text: string, tagger: DolmaTagger = 'v1'): Record<string, number> {
  const words = splitSpace(text);
  const chars = words.reduce((sum, w) => sum + lengthOf(w), 0);
  const lines = linesOf(text, tagger);
  const copies = Array.from(counted(lines)).filter(([, count]) => count > 1);
  const some = text !== '';
  const out: Record<string, number> = {
    gopher_duplicate_line_ratio: some ? copies.reduce((sum, [, count]) => sum + count, 0) / lines.length : Number.NaN,
    gopher_duplicate_line_char_ratio: ratio(
      copies.reduce((sum, [line, count]) => sum + lengthOf(line) * count, 0),
      chars,
    ),
  };
  const grams = gramsOf(words, ' ');
  for (const n of [2, 3, 4]) {
    let top = 0;
    let most = 0;
    for (const { count, chars: own } of countedGrams(grams, n).values()) {
      if (count <= most) continue;
      most = count;
      top = own;
    }
    out[`gopher_top_${n}_gram_char_ratio`] = words.length < n ? Number.NaN : ratio(most * top, chars);
  }
  for (const n of [5, 6, 7, 8, 9, 10]) {
    let [all, repeated] = [0, 0];
    for (const { count, chars: own } of countedGrams(grams, n).values()) {
      all += count * own;
      if (count > 1) repeated += count * own;
    }
    out[`gopher_duplicate_${n}_gram_char_ratio`] = ratio(repeated, all);
  }
  return out;
}
