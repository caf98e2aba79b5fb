import { operator } from '../../operator.ts';
import { pieceOptions } from './piece-options.ts';
import { spanRules } from './span-rules.ts';

/**
 * Deduplication of paragraphs (what stands between blank lines), as a barrier: one that stood before, in the same or an
 * earlier document, is cut with the blank lines after it; the first in input order stays. CCNet (Wenzek et al. 2020,
 * section 3.1) and Dolma (Soldaini et al. 2024) do so; `dedup.bloom({ key: 'paragraphs' })` is the one-sided form in
 * fixed memory. By 128-bit hashes: two different paragraphs are taken for one with a chance of 10^-17 among 10^11; no
 * defence against forged texts. Cuts: `duplicate_paragraph`. Drops: `paragraphs_nothing_left`,
 * `paragraphs_min_words_left`. Never cut: pieces under `minBytes`. Memory: what is given, in partitions. Disk: the text
 * once and 32 bytes a paragraph; 36 more while deciding where they do not fit the memory.
 */
export const paragraphs = operator({
  call: 'dedup.paragraphs()',
  name: 'paragraph_dedup',
  stage: 'dedup/paragraphs',
  options: pieceOptions,
  versions: ['duplicate_paragraph@2'],
  effects: { rewrites: true, drops: 'copies', barrier: true },
  describe: ({ minWordsLeft }) => ({ rules: spanRules('paragraphs', minWordsLeft) }),
});
