import { expect, it } from 'vitest';
import { renewed } from '../../../src/run/split/renewed.ts';

it('opens one new pool for all tasks of a dead one, and destroys every pool it has opened', async () => {
  const opened: { threads: number[]; destroyed: number; destroy(): Promise<void> }[] = [];
  const pools = renewed(() => {
    const pool = {
      threads: [1, 2],
      destroyed: 0,
      async destroy() {
        await null;
        pool.destroyed++;
      },
    };
    opened.push(pool);
    return pool;
  });
  const first = pools.current;
  first.threads.pop();
  await pools.died(first);
  // A thread is left to work with, and the dead one is replaced by the pool itself.
  expect(opened.length).toBe(1);
  first.threads.pop();
  await Promise.all([pools.died(first), pools.died(first)]);
  await pools.died(first);
  expect(opened.length).toBe(2);
  expect(pools.current).toBe(opened[1]);
  await pools.close();
  expect(opened.map((p) => p.destroyed)).toEqual([1, 1]);
});
