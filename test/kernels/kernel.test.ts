import { describe, expect, it } from 'vitest';
import { kernelModule, openArena } from '../../src/kernels/arena.ts';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { FAMILY } from '../../src/kernels/statistics.ts';
import { installTables } from '../../src/kernels/tables.ts';

it('places its function words at once: to look for a multiplier takes each thread 0.1 s of CPU', async () => {
  expect(installTables(openArena(await kernelModule()))).toBe(true);
});

describe('memory of a kernel', () => {
  it('is given back after a giant document, and the numbers stay the same', async () => {
    const kernel = await loadKernel();
    const small = Buffer.from('The wheel of the mill turns, and the miller has that to do.');
    const giant = Buffer.from('the river and the mill of the miller '.repeat(250_000));
    const statistics = (text: Buffer): string =>
      String(kernel.statistics(text, Int32Array.of(0, text.length), 1, null, FAMILY.all));
    const before = statistics(small);
    const held = kernel.memoryBytes();
    statistics(giant);
    expect(kernel.memoryBytes()).toBeGreaterThan(32 * 2 ** 20);
    for (let i = 0; i < 8; i++) expect(statistics(small)).toBe(before);
    expect(kernel.memoryBytes()).toBeLessThanOrEqual(held);
  });
});
