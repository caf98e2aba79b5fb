import { GraphBuilder } from '../graph/graph.ts';
import { matmul } from '../graph/ops.ts';
import { floatTensor } from '../tensor.ts';
import type { Executor } from './executor.ts';

/** A first run that takes longer than this is the only one. */
const LONG_MS = 300;

/**
 * Rate of products of float32 matrices of 512 x 512, two in a row, in GFLOP/s of wall time: the best of three after a
 * first.
 */
export async function measureGflops(executor: Executor): Promise<number> {
  const [size, times] = [512, 2];
  const graph = new GraphBuilder();
  const x = graph.input('x', [size, size]);
  const w = graph.input('w', [size, size], 'float32', 'weight');
  let y = x;
  for (let i = 0; i < times; i++) y = matmul(y, w);
  const data = () => Float32Array.from({ length: size * size }, (_, i) => ((i % 7) - 3) / 64);
  const weights = new Map([['w', floatTensor([size, size], data())]]);
  const session = await executor.open(graph.finish('rate', new Map([['y', y]])), weights);
  const feeds = new Map([['x', floatTensor([size, size], data())]]);
  let best = Number.POSITIVE_INFINITY;
  try {
    for (let i = 0; i < 4; i++) {
      const begin = performance.now();
      await session.run(feeds);
      const took = performance.now() - begin;
      if (i > 0 || took > LONG_MS) best = Math.min(best, took);
      if (took > LONG_MS) break;
    }
  } finally {
    await session.release();
  }
  return (2 * size ** 3 * times) / best / 1e6;
}
