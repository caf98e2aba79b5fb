import type { Kernel } from '../../../kernels/kernel.ts';
import type { Barrier } from '../../../streams/flow/barrier.ts';
import type { StepDescriptor } from '../../../streams/operator.ts';
import { isSpace } from '../space.ts';
import { pieceBarrier, splitSentences } from './pieces.ts';

/** Bytes in which most texts have as many sentences as must be left. */
const BEGINNING = 2048;

/** The barrier behind `dedup.sentences()`. */
export function barrier(descriptor: StepDescriptor, kernel: Kernel): Promise<Barrier> {
  return pieceBarrier(descriptor, kernel, {
    split: splitSentences,
    together: descriptor.options.sentences as number,
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
