import { expect, it } from 'vitest';
import { atOnce } from '../../../src/files/stores/at-once.ts';

it('begins nothing more after an error', async () => {
  const begun: number[] = [];
  const work = async (n: number): Promise<number> => {
    begun.push(n);
    await Promise.resolve();
    if (n === 1) throw new Error('gone');
    return n;
  };
  await expect(atOnce([0, 1, 2, 3, 4, 5, 6, 7], 2, work)).rejects.toThrow('gone');
  // What the other one had begun meanwhile, and nothing behind it.
  await new Promise((resolve) => setImmediate(resolve));
  expect(begun.length).toBeLessThan(5);
  expect(await atOnce([3, 2, 5], 2, async (n) => 2 * n)).toEqual([6, 4, 10]);
});
