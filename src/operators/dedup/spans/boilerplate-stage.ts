import type { Kernel } from '../../../kernels/kernel.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import type { StepDescriptor } from '../../../streams/operator.ts';
import { pieceBarrier, splitLines, splitParagraphs } from './pieces.ts';

interface BoilerplateOptions {
  readonly unit: 'paragraphs' | 'lines';
  readonly moreThan: number;
  readonly keepFirst: boolean;
}

/** The barrier behind `dedup.boilerplate()`. */
export function barrier(descriptor: StepDescriptor, kernel: Kernel): Promise<Barrier> {
  const { unit, moreThan, keepFirst } = descriptor.options as unknown as BoilerplateOptions;
  return pieceBarrier(descriptor, kernel, {
    split: unit === 'lines' ? splitLines : splitParagraphs,
    together: 1,
    byDomain: true,
    moreThan,
    keepFirst,
    cut: 'boilerplate',
  });
}
