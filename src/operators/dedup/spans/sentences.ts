import * as z from 'zod';
import { operator } from '../../operator.ts';
import { pieceOptions } from './piece-options.ts';
import { spanRules } from './span-rules.ts';

export const sentenceOptions = pieceOptions.extend({
  normalize: z.enum(['trimmed', 'letters']).default('letters'),
  /** Sentences in a row that must be repeated together. */
  sentences: z.int().min(1).max(100).default(3),
  minWordsLeft: z.int().min(0).default(50),
  /** Fewer sentences left in a document that lost something, and it is dropped. */
  minSentencesLeft: z.int().min(0).default(3),
});

/**
 * Deduplication of spans of three sentences, as a barrier (Raffel et al. 2020, section 2.2: "all but one of any
 * three-sentence span"): every sentence of a span that stood before, in the same or an earlier document, is cut; the
 * first span in input order stays. A text of fewer sentences is one span. Line ends end a sentence. Defaults of
 * datatrove: 3 sentences, case and punctuation not looked at, 50 words and 3 sentences left. Unlike there, digits
 * count, and a first span may share sentences with another that is cut. By 128-bit hashes: two different spans are
 * taken for one with a chance of 10^-17 among 10^11; no defence against forged texts. Cuts: `duplicate_sentences`.
 * Drops: `sentences_nothing_left`, `sentences_min_words_left`, `sentences_min_sentences_left`. Never cut: spans under
 * `minBytes`. Memory: what is given, in partitions. Disk: the text once and 32 bytes a sentence; 36 more while deciding
 * where they do not fit the memory.
 */
export const sentences = operator({
  call: 'dedup.sentences()',
  name: 'sentence_dedup',
  stage: 'dedup/sentences',
  options: sentenceOptions,
  versions: ['duplicate_sentences@2'],
  effects: { rewrites: true, drops: 'copies', barrier: true },
  describe: ({ minWordsLeft, minSentencesLeft }) => ({ rules: spanRules('sentences', minWordsLeft, minSentencesLeft) }),
});
