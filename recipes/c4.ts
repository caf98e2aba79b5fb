import { c4, dedup, parquet, recipe } from 'sluice';

/**
 * C4: Raffel et al. 2020, "Exploring the Limits of Transfer Learning with a Unified Text-to-Text Transformer", section
 * 2.2, with the numbers of its journal version: lines of at least five words that end in a terminal mark, pages of at
 * least three sentences. The list of bad words, the language test and the removal of repeated spans of three sentences
 * are not steps of this version; exact copies go instead.
 */
/** Code and tables, where a document says that it is one, are not judged by rules for prose. */
const where = { domain: ['code', 'table'], not: true };

export default recipe({
  name: 'c4',
  description: 'The line and page rules of C4: cuts bad lines out of each document and says which.',
  steps: [c4({ minWordsPerLine: 5, minSentences: 3, where }), dedup.exact()],
  sinks: [parquet()],
  expected: { all: { max: 0.97 }, rules: { c4_min_sentences: { max: 0.85 } } },
});
