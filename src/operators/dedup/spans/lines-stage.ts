import type { Kernel } from '../../../kernels/kernel.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import type { StepDescriptor } from '../../../streams/operator.ts';
import { pieceBarrier, splitLines } from './pieces.ts';

/** The barrier behind `dedup.lines()`. */
export function barrier(descriptor: StepDescriptor, kernel: Kernel): Promise<Barrier> {
  return pieceBarrier(descriptor, kernel, {
    split: splitLines,
    together: 1,
    byDomain: false,
    moreThan: 0,
    keepFirst: true,
    cut: 'duplicate_line',
  });
}
