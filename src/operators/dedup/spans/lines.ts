import type * as z from 'zod';
import type { Kernel } from '../../../kernels/kernel.ts';
import { parseOptions } from '../../../options.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import type { Operator, Scope, StepDescriptor } from '../../../streams/operator.ts';
import { dedupStep } from '../dedup-step.ts';
import { pieceBarrier, pieceOptions, splitLines } from './pieces.ts';
import { spanRules } from './span-rules.ts';

/**
 * Deduplication of lines, as a barrier: a line that stood before, in the same or an earlier document, is cut with its
 * line end; the first in input order stays. What Dolma calls paragraphs (Soldaini et al. 2024), and DCLM's removal of
 * repeated lines within a page. By 128-bit hashes: two different lines are taken for one with a chance of 10^-17 among
 * 10^11; no defence against forged texts. Cuts: `duplicate_line`. Drops: `lines_nothing_left`, `lines_min_words_left`.
 * Never cut: lines under `minBytes`; code needs its repeated lines, so leave it out by `where`. Memory: what is given,
 * in partitions. Disk: the text once and 32 bytes a line; 36 more while deciding where they do not fit the memory.
 */
export function lines({
  step = 'line_dedup',
  where,
  ...rest
}: z.input<typeof pieceOptions> & { step?: string; where?: Scope } = {}): Operator {
  const options = parseOptions(pieceOptions, rest, 'dedup.lines()');
  return dedupStep(
    options,
    {
      step,
      module: 'sluice:dedup-lines',
      export: 'linesBarrier',
      versions: ['duplicate_line@1'],
      where,
      rules: spanRules('lines', options.minWordsLeft),
      rewrites: true,
    },
    lines,
  );
}

/** The barrier behind `dedup.lines()`. */
export function linesBarrier(descriptor: StepDescriptor, kernel: Kernel): Promise<Barrier> {
  return pieceBarrier(descriptor, kernel, {
    split: splitLines,
    together: 1,
    byDomain: false,
    moreThan: 0,
    keepFirst: true,
    cut: 'duplicate_line',
  });
}
