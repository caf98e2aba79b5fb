import * as z from 'zod';
import type { Kernel } from '../../../kernels/kernel.ts';
import { parseOptions } from '../../../options.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import type { Operator, Scope, StepDescriptor } from '../../../streams/operator.ts';
import { dedupStep } from '../dedup-step.ts';
import { pieceBarrier, pieceOptions, splitLines, splitParagraphs } from './pieces.ts';
import { spanRules } from './span-rules.ts';

export const boilerplateOptions = pieceOptions.extend({
  /** What is compared: paragraphs (between blank lines) or lines. */
  unit: z.enum(['paragraphs', 'lines']).default('paragraphs'),
  /** Cut what stands in more documents of a domain than this. */
  moreThan: z.int().min(1).default(10),
  /** The first document in input order keeps it. */
  keepFirst: z.boolean().default(false),
});

/**
 * Removal of boilerplate, as a barrier: a paragraph that stands in more than `moreThan` documents of its domain
 * (navigation, consent and licence texts) is cut from all of them. Documents are counted, not copies: what one says
 * twice counts once. Domains are apart: what is usual in one may be content in another. By 128-bit hashes of paragraph
 * and domain: two are taken for one with a chance of 10^-17 among 10^11; no defence against forged texts. Cuts:
 * `boilerplate`. Drops: `boilerplate_nothing_left`, `boilerplate_min_words_left`. Never cut: pieces under `minBytes`.
 * Memory: what is given, in partitions. Disk: the text once and 32 bytes a paragraph; 36 more while deciding where they
 * do not fit the memory.
 */
export function boilerplate({
  step = 'boilerplate',
  where,
  ...rest
}: z.input<typeof boilerplateOptions> & { step?: string; where?: Scope } = {}): Operator {
  const options = parseOptions(boilerplateOptions, rest, 'dedup.boilerplate()');
  return dedupStep(
    options,
    {
      step,
      module: 'sluice:dedup-boilerplate',
      export: 'boilerplateBarrier',
      versions: ['boilerplate@1'],
      where,
      rules: spanRules('boilerplate', options.minWordsLeft),
      rewrites: true,
    },
    boilerplate,
  );
}

/** The barrier behind `dedup.boilerplate()`. */
export function boilerplateBarrier(descriptor: StepDescriptor, kernel: Kernel): Promise<Barrier> {
  const { unit, moreThan, keepFirst } = descriptor.options as unknown as z.infer<typeof boilerplateOptions>;
  return pieceBarrier(descriptor, kernel, {
    split: unit === 'lines' ? splitLines : splitParagraphs,
    together: 1,
    byDomain: true,
    moreThan,
    keepFirst,
    cut: 'boilerplate',
  });
}
