import { endsTerminal } from './terminal.ts';
import { laterCopies, lengthOf, linesOf, ratio, sum, wordsOf } from './words.ts';

/**
 * Statistics behind the FineWeb rules (Penedo et al. 2024, section 3.6), profile `sluice`, over non-blank trimmed
 * lines.
 * - fineweb_line_punct_ratio: lines that end in a terminal mark (see `endsTerminal`).
 * - fineweb_short_line_ratio: lines of at most 30 code points.
 * - fineweb_char_dup_ratio: code points in 2nd and later copies of lines, per code point in lines.
 * - fineweb_newline_ratio: '\n' per word.
 */
export function fineweb(text: string): Record<string, number> {
  const lines = linesOf(text);
  return {
    fineweb_line_punct_ratio: ratio(lines.filter(endsTerminal).length, lines.length),
    fineweb_short_line_ratio: ratio(lines.filter((l) => lengthOf(l) <= 30).length, lines.length),
    fineweb_char_dup_ratio: ratio(sum(laterCopies(lines).map(lengthOf)), sum(lines.map(lengthOf))),
    fineweb_newline_ratio: ratio(text.split('\n').length - 1, wordsOf(text).length),
  };
}
