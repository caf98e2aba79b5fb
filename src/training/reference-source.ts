import { START } from '../models/tokenizers/train-bpe.ts';
import { blockOrder, blocksOfStep, sequenceOf } from './blocks.ts';
import type { TrainingSource, TrainingStep } from './sequences.ts';
import type { TokenFile } from './token-file.ts';

/** Blocks of a file of tokens, each once an epoch, as one domain without a name; it has no end. */
export function blockSource(
  tokens: TokenFile,
  blocks: number,
  { rows, context, seed }: { readonly rows: number; readonly context: number; readonly seed: number },
): TrainingSource {
  const order = blockOrder(blocks, seed);
  const stepOf = async (step: number): Promise<TrainingStep> => {
    const numbers = blocksOfStep(step, rows, blocks, order);
    const ids = await Promise.all(numbers.map((n) => tokens.read(n * context, context + 1)));
    const epochOf = (row: number): number => Math.floor((step * rows + row) / blocks);
    const sequences = ids.map((row, i) => ({
      ...sequenceOf(row, context, START),
      index: numbers[i],
      epoch: epochOf(i),
    }));
    return { step, sequences, weights: [1] };
  };
  return {
    domains: ['text'],
    contextLength: context,
    sequencesPerStep: rows,
    async pull(from, count) {
      const steps: TrainingStep[] = [];
      for (let step = from; step < from + count; step++) steps.push(await stepOf(step));
      return { steps, ended: null };
    },
  };
}
