import { isLetter } from '../../unicode.ts';
import { STOP_WORDS } from '../function-words.ts';
import { codePoints, lengthOf, linesOf, ratio, sum, tokensOf, wordsOf } from './words.ts';

const stopWords = new Set(STOP_WORDS);

/** Lower case of ASCII letters only; everything else stays. */
export const asciiLower = (s: string): string =>
  Array.from(s, (c) => (c >= 'A' && c <= 'Z' ? String.fromCharCode(c.charCodeAt(0) + 32) : c)).join('');

const countOf = (text: string, part: string): number => text.split(part).length - 1;

/** A bullet glyph first, or '-' or '*' as a token of its own: "-5 degrees" and "*emphasis*" are no bullets. */
function isBullet(line: string): boolean {
  if (['•', '‣', '●', '◦', '▪'].includes(Array.from(line)[0])) return true;
  const first = tokensOf(line)[0];
  return first === '-' || first === '*';
}

/**
 * Statistics behind the Gopher quality rules (Rae et al. 2021, appendix A.1), profile `sluice`.
 * - gopher_word_count: words. gopher_mean_word_length: code points per word.
 * - gopher_hash_ratio: '#' per token. gopher_ellipsis_ratio: '...' (not overlapping) and U+2026 per token.
 * - gopher_bullet_line_ratio: non-blank lines that start with • ‣ ● ◦ ▪, or with '-' or '*' as a token of its own.
 * - gopher_ellipsis_line_ratio: non-blank lines that end in '...' or U+2026.
 * - gopher_alpha_word_ratio: tokens with at least one letter.
 * - gopher_stop_word_count: how many different ones of the/be/to/of/and/that/have/with are among the words, ASCII case
 *   ignored. A ratio with nothing to divide by is NaN.
 */
export function gopherQuality(text: string): Record<string, number> {
  const tokens = tokensOf(text);
  const words = wordsOf(text);
  const lines = linesOf(text);
  return {
    gopher_word_count: words.length,
    gopher_mean_word_length: ratio(sum(words.map(lengthOf)), words.length),
    gopher_hash_ratio: ratio(countOf(text, '#'), tokens.length),
    gopher_ellipsis_ratio: ratio(countOf(text, '...') + countOf(text, '…'), tokens.length),
    gopher_bullet_line_ratio: ratio(lines.filter(isBullet).length, lines.length),
    gopher_ellipsis_line_ratio: ratio(lines.filter((l) => l.endsWith('...') || l.endsWith('…')).length, lines.length),
    gopher_alpha_word_ratio: ratio(tokens.filter((t) => codePoints(t).some(isLetter)).length, tokens.length),
    gopher_stop_word_count: new Set(words.map(asciiLower).filter((w) => stopWords.has(w))).size,
  };
}
