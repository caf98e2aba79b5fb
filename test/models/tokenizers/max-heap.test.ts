import fc from 'fast-check';
import { expect, it } from 'vitest';
import { MaxHeap } from '../../../src/models/tokenizers/max-heap.ts';

it('gives the greatest value first, of equal ones the smallest key', () => {
  const entry = fc.record({ value: fc.integer({ min: 0, max: 9 }), key: fc.integer({ min: 0, max: 9 }) });
  fc.assert(
    fc.property(fc.array(entry), (entries) => {
      const heap = new MaxHeap();
      for (const { value, key } of entries) heap.push(value, key);
      const sorted = [...entries].sort((a, b) => b.value - a.value || a.key - b.key);
      expect(entries.map(() => heap.pop())).toEqual(sorted);
      expect(heap.pop()).toBeNull();
    }),
    { seed: 3, numRuns: 300 },
  );
});
