import { InvariantError } from '../../errors.ts';
import { newModel } from '../new-model.ts';
import { floatTensor, intTensor, type Tensor } from '../tensor.ts';
import { trainingGraph, trainingState } from '../training-graph.ts';
import type { Executor } from './executor.ts';

/** Losses of the first steps of two tiny models, by the reference executor. */
export const SELF_CHECK_LOSSES: Readonly<Record<'gpt2' | 'llama', readonly number[]>> = {
  gpt2: [3.201023, 3.169001, 3.064745],
  llama: [3.168494, 2.939996, 2.89421],
};

/** Largest difference to those that is let pass: four decimals. */
const TOLERANCE = 5e-5;

/**
 * Trains two tiny models for three steps and compares the losses; throws where they differ. A run takes milliseconds.
 */
export async function selfCheck(executor: Executor): Promise<void> {
  for (const family of ['gpt2', 'llama'] as const) {
    const losses = await selfCheckLosses(executor, family);
    const expected = SELF_CHECK_LOSSES[family];
    if (losses.every((loss, i) => Math.abs(loss - expected[i]) < TOLERANCE)) continue;
    throw new InvariantError({
      expected: `losses ${expected.map((x) => x.toFixed(4)).join(', ')} of a tiny ${family} model`,
      got: losses.map((x) => x.toFixed(4)).join(', '),
      where: executor.description,
      fix: 'This executor computes wrong results on this machine. Choose another.',
    });
  }
}

export async function selfCheckLosses(executor: Executor, family: 'gpt2' | 'llama'): Promise<number[]> {
  const model = newModel(
    { family, vocabulary: 24, width: 16, layers: 1, heads: 4, kvHeads: family === 'llama' ? 2 : 4, context: 8 },
    5,
  );
  const shape = [2, 8];
  const graph = trainingGraph(model.config, { rows: 2, length: 8 });
  const session = await executor.open(graph, trainingState(model, graph));
  const numbers = (f: (i: number) => number) => Int32Array.from({ length: 16 }, (_, i) => f(i));
  const losses: number[] = [];
  for (let step = 1; step <= 3; step++) {
    const feeds = new Map<string, Tensor>([
      [
        'tokens',
        intTensor(
          shape,
          numbers((i) => (5 * i + step) % 24),
        ),
      ],
      // The second row holds two segments of four.
      [
        'positions',
        intTensor(
          shape,
          numbers((i) => (i < 8 ? i : i % 4)),
        ),
      ],
      [
        'segments',
        intTensor(
          shape,
          numbers((i) => (i < 8 ? 0 : i >> 2)),
        ),
      ],
      [
        'targets',
        intTensor(
          shape,
          numbers((i) => (i === 7 ? -1 : (5 * i + 5 + step) % 24)),
        ),
      ],
      ['target_weights', floatTensor(shape, Float32Array.from(numbers((i) => (i === 7 ? 0 : 1 + (i % 2)))))],
      ['learning_rate', floatTensor([], [0.02])],
      ['step', floatTensor([], [step])],
    ]);
    losses.push((await session.run(feeds)).get('loss')!.data[0]);
  }
  await session.release();
  return losses;
}
