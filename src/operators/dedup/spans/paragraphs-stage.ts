import type { Kernel } from '../../../kernels/kernel.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import type { StepDescriptor } from '../../../streams/operator.ts';
import { pieceBarrier, splitParagraphs } from './pieces.ts';

/** The barrier behind `dedup.paragraphs()`. */
export function barrier(descriptor: StepDescriptor, kernel: Kernel): Promise<Barrier> {
  return pieceBarrier(descriptor, kernel, {
    split: splitParagraphs,
    together: 1,
    byDomain: false,
    moreThan: 0,
    keepFirst: true,
    cut: 'duplicate_paragraph',
  });
}
