import type * as z from 'zod';
import type { Kernel } from '../../../kernels/kernel.ts';
import { parseOptions } from '../../../options.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import type { Operator, Scope, StepDescriptor } from '../../../streams/operator.ts';
import { dedupStep } from '../dedup-step.ts';
import { pieceBarrier, pieceOptions, splitParagraphs } from './pieces.ts';
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
export function paragraphs({
  step = 'paragraph_dedup',
  where,
  ...rest
}: z.input<typeof pieceOptions> & { step?: string; where?: Scope } = {}): Operator {
  const options = parseOptions(pieceOptions, rest, 'dedup.paragraphs()');
  return dedupStep(
    options,
    {
      step,
      module: 'sluice:dedup-paragraphs',
      export: 'paragraphsBarrier',
      versions: ['duplicate_paragraph@1'],
      where,
      rules: spanRules('paragraphs', options.minWordsLeft),
      rewrites: true,
    },
    paragraphs,
  );
}

/** The barrier behind `dedup.paragraphs()`. */
export function paragraphsBarrier(descriptor: StepDescriptor, kernel: Kernel): Promise<Barrier> {
  return pieceBarrier(descriptor, kernel, {
    split: splitParagraphs,
    together: 1,
    byDomain: false,
    moreThan: 0,
    keepFirst: true,
    cut: 'duplicate_paragraph',
  });
}
