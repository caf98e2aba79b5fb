import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { cachedSum } from '../../../src/models/scorers/document-cache.ts';

const VOCABULARY = 300;
const even = (ids: Int32Array, vocabulary = VOCABULARY): Float32Array =>
  new Float32Array(ids.length - 1).fill(Math.log(vocabulary));

/** Length, discount and strength of a context. */
type Context = readonly [number, number, number];

/** The same by counting everything again for every token. */
function slowSum(ids: Int32Array, nll: Float32Array, contexts: readonly Context[]): number {
  let [sum, share] = [0, 0.5];
  for (let i = 1; i < ids.length; i++) {
    const model = Math.exp(-nll[i - 1]);
    let p = model;
    for (const [length, discount, strength] of contexts) {
      if (length > i) break;
      const before = ids.subarray(i - length, i).join();
      const after = [...ids.keys()]
        .filter((k) => k >= Math.max(1, length) && k < i && ids.subarray(k - length, k).join() === before)
        .map((k) => ids[k]);
      if (after.length === 0) continue;
      const often = after.filter((id) => id === ids[i]).length;
      const left = (strength + discount * new Set(after).size) * p;
      p = (Math.max(0, often - discount) + left) / (after.length + strength);
    }
    const chance = share * p + (1 - share) * model;
    sum -= Math.log(chance);
    share = 0.0005 + (0.999 * share * p) / chance;
  }
  return sum;
}

const WORDS: readonly Context[] = [
  [0, 0.93, 9400],
  [1, 0.73, 10],
  [2, 0.65, 1.6],
  [3, 0.45, 0.35],
];
const BYTES: readonly Context[] = [
  [3, 0.8, 15],
  [6, 0.6, 2],
  [9, 0.4, 0.3],
];

describe('likelihood with a cache of the document', () => {
  const documents = fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 2, maxLength: 40 });
  const nllOf = (ids: Int32Array): Float32Array => Float32Array.from(ids.subarray(1), (id, i) => 0.1 + ((id + i) % 5));

  it.each([
    ['words', VOCABULARY, WORDS],
    ['bytes', 257, BYTES],
  ] as const)('is the one that counting everything again gives: %s', (_, vocabulary, contexts) => {
    fc.assert(
      fc.property(documents, (list) => {
        const ids = Int32Array.from(list);
        expect(cachedSum(ids, nllOf(ids), vocabulary)).toBeCloseTo(slowSum(ids, nllOf(ids), contexts), 9);
      }),
      { seed: 11, numRuns: 100 },
    );
  });

  it.each([VOCABULARY, 257])('costs hardly more than the model alone, whatever the document: %i ids', (vocabulary) => {
    const any = fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 2, maxLength: 2000 });
    fc.assert(
      fc.property(any, fc.double({ min: 0.01, max: 9, noNaN: true }), (list, scale) => {
        const ids = Int32Array.from(list);
        const nll = nllOf(ids).map((x) => x * scale);
        const model = nll.reduce((a, b) => a + b, 0);
        const most = model + Math.LN2 - (ids.length - 1) * Math.log(1 - 0.0005) + 1e-6;
        expect(cachedSum(ids, nll, vocabulary)).toBeLessThan(most);
      }),
      { seed: 12, numRuns: 60 },
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
