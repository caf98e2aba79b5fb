import * as z from 'zod';
import type { Kernel } from '../../../kernels/kernel.ts';
import { parseOptions } from '../../../options.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import type { Operator, Scope, StepDescriptor } from '../../../streams/operator.ts';
import { dedupStep } from '../dedup-step.ts';
import { pieceBarrier, pieceOptions, splitSentences } from './pieces.ts';
import { isSpace } from './span-decision.ts';
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
export function sentences({
  step = 'sentence_dedup',
  where,
  ...rest
}: z.input<typeof sentenceOptions> & { step?: string; where?: Scope } = {}): Operator {
  const options = parseOptions(sentenceOptions, rest, 'dedup.sentences()');
  return dedupStep(
    options,
    {
      step,
      module: 'sluice:dedup-sentences',
      export: 'sentencesBarrier',
      versions: ['duplicate_sentences@1'],
      where,
      rules: spanRules('sentences', options.minWordsLeft, options.minSentencesLeft),
      rewrites: true,
    },
    sentences,
  );
}

/** Bytes in which most texts have as many sentences as must be left. */
const BEGINNING = 2048;

/** The barrier behind `dedup.sentences()`. */
export function sentencesBarrier(descriptor: StepDescriptor, kernel: Kernel): Promise<Barrier> {
  return pieceBarrier(descriptor, kernel, {
    split: splitSentences,
    together: (descriptor.options as unknown as z.infer<typeof sentenceOptions>).sentences,
    byDomain: false,
    moreThan: 0,
    keepFirst: true,
    cut: 'duplicate_sentences',
    countSentences: sentencesOf,
  });
}

/** Sentences that are not blank, of a text's beginning if they are enough there. */
function sentencesOf(text: Uint8Array, enough: number): number {
  const begun = text.length > BEGINNING ? sentencesOf(text.subarray(0, BEGINNING), enough) : 0;
  if (begun >= enough && begun > 0) return begun;
  const bounds: number[] = [];
  splitSentences(text, 0, text.length, bounds);
  let count = 0;
  for (let b = 0; b + 1 < bounds.length; b++) {
    let at = bounds[b];
    while (at < bounds[b + 1] && isSpace(text[at])) at++;
    if (at < bounds[b + 1]) count++;
  }
  return count;
}
