import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cachedSum } from '../../../src/models/scorers/document-cache.ts';

const VOCABULARY = 300;
const even = (ids: Int32Array, vocabulary = VOCABULARY): Float32Array =>
  new Float32Array(ids.length - 1).fill(Math.log(vocabulary));

/** The same by counting everything again for every token. */
function slowSum(
  ids: Int32Array,
  nll: Float32Array,
  seen: number,
  contexts: readonly (readonly [number, number])[],
): number {
  let sum = 0;
  for (let i = 1; i < ids.length; i++) {
    const targets = [...ids.subarray(1, i)];
    let p = Math.exp(-nll[i - 1]);
    if (targets.length > 0) p = (1 - seen) * p + (seen * targets.filter((t) => t === ids[i]).length) / targets.length;
    for (const [length, prior] of contexts) {
      if (length > i) break;
      const before = ids.subarray(i - length, i).join();
      const ends = targets
        .map((_, k) => k + 1)
        .filter((k) => k >= length && ids.subarray(k - length, k).join() === before);
      p = (ends.filter((k) => ids[k] === ids[i]).length + prior * p) / (ends.length + prior);
    }
    sum -= Math.log(p);
  }
  return sum;
}

describe('likelihood with a cache of the document', () => {
  const documents = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 40 });
  it.each([
    [
      'words',
      VOCABULARY,
      0.05,
      [
        [1, 20],
        [2, 4],
        [3, 1],
      ],
    ],
    [
      'bytes',
      257,
      0.01,
      [
        [3, 20],
        [6, 4],
        [9, 1],
      ],
    ],
  ] as const)('is the one that counting everything again gives: %s', (_, vocabulary, seen, contexts) => {
    fc.assert(
      fc.property(documents, (list) => {
        const ids = Int32Array.from(list);
        const nll = Float32Array.from(ids.subarray(1), (id, i) => 0.1 + ((id + i) % 5));
        expect(cachedSum(ids, nll, vocabulary)).toBeCloseTo(slowSum(ids, nll, seen, contexts), 9);
      }),
      { seed: 11, numRuns: 100 },
    );
  });

  it('is of a distribution: over all tokens that may come next the chances add up to one', () => {
    const ids = Int32Array.from({ length: 60 }, (_, i) => (i * i) % 7);
    const before = cachedSum(ids, even(ids), VOCABULARY);
    let all = 0;
    for (let next = 0; next < VOCABULARY; next++) {
      const longer = Int32Array.of(...ids, next);
      all += Math.exp(before - cachedSum(longer, even(longer), VOCABULARY));
    }
    expect(all).toBeCloseTo(1, 7);
  });

  it('expects again what was said, and charges a little for what never comes back', () => {
    const once = Int32Array.from({ length: 100 }, (_, i) => 100 + i);
    const twice = Int32Array.of(...once, ...once);
    const first = cachedSum(once, even(once), VOCABULARY);
    const second = cachedSum(twice, even(twice), VOCABULARY) - first;
    const model = 99 * Math.log(VOCABULARY);
    expect(first / model).toBeGreaterThan(1);
    expect(first / model).toBeLessThan(1.01);
    // Each token follows a context of three that was seen once: more than half a chance.
    expect(second).toBeLessThan(101 * Math.log(2) + 20);
  });

  it('takes a likelihood below the smallest number from the model, and is not finite where the model is not', () => {
    const ids = Int32Array.of(1, 2, 3);
    expect(cachedSum(ids, Float32Array.of(1, 800), VOCABULARY)).toBeCloseTo(801, 4);
    expect(cachedSum(ids, Float32Array.of(1, Number.NaN), VOCABULARY)).toBeNaN();
  });

  it('forgets after 65,536 tokens, so that memory stays bounded', () => {
    const ids = new Int32Array(2 * 65_536 + 1).fill(5);
    const half = ids.subarray(0, 65_537);
    expect(cachedSum(ids, even(ids), VOCABULARY)).toBeCloseTo(2 * cachedSum(half, even(half), VOCABULARY), 6);
  });
});
