import { operator } from '../../operator.ts';
import { pieceOptions } from './piece-options.ts';
import { spanRules } from './span-rules.ts';

/**
 * Deduplication of lines, as a barrier: a line that stood before, in the same or an earlier document, is cut with its
 * line end; the first in input order stays. What Dolma calls paragraphs (Soldaini et al. 2024), and DCLM's removal of
 * repeated lines within a page. By 128-bit hashes: two different lines are taken for one with a chance of 10^-17 among
 * 10^11; no defence against forged texts. Cuts: `duplicate_line`. Drops: `lines_nothing_left`, `lines_min_words_left`.
 * Never cut: lines under `minBytes`; code needs its repeated lines, so leave it out by `where`. Memory: what is given,
 * in partitions. Disk: the text once and 32 bytes a line; 36 more while deciding where they do not fit the memory.
 */
export const lines = operator({
  call: 'dedup.lines()',
  name: 'line_dedup',
  stage: 'dedup/lines',
  options: pieceOptions,
  versions: ['duplicate_line@2'],
  effects: { rewrites: true, drops: 'copies', barrier: true },
  describe: ({ minWordsLeft }) => ({ rules: spanRules('lines', minWordsLeft) }),
});
