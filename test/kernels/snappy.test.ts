import fc from 'fast-check';
import { snappyUncompress } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { referenceSnappy } from '../../src/kernels/reference/snappy.ts';
import { generator, prose } from '../helpers/corpus.ts';

const kernel = await loadKernel();

function snappyCompress(bytes: Uint8Array): Uint8Array {
  const compressed = kernel.snappy(bytes).slice();
  expect(Buffer.compare(compressed, referenceSnappy(bytes))).toBe(0);
  return compressed;
}

function roundTrip(bytes: Uint8Array): Uint8Array {
  const out = new Uint8Array(bytes.length);
  snappyUncompress(snappyCompress(bytes), out);
  return out;
}

describe('snappy kernel and its reference', () => {
  it('gives back any bytes', () => {
    const pieces = fc.array(fc.tuple(fc.uint8Array({ minLength: 1, maxLength: 40 }), fc.integer({ min: 1, max: 60 })), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(pieces, (list) => {
        const bytes = Buffer.concat(list.flatMap(([piece, times]) => Array.from({ length: times }, () => piece)));
        expect(Buffer.compare(roundTrip(bytes), bytes)).toBe(0);
      }),
      { seed: 2, numRuns: 300 },
    );
  });

  it('gives back bytes over many blocks, and prose gets smaller than half', () => {
    const text = Buffer.from(prose(generator(4), 60_000));
    expect(text.length).toBeGreaterThan(300_000);
    expect(Buffer.compare(roundTrip(text), text)).toBe(0);
    expect(snappyCompress(text).length).toBeLessThan(text.length / 2);
    const zeros = new Uint8Array(1_000_003);
    expect(Buffer.compare(roundTrip(zeros), zeros)).toBe(0);
    expect(snappyCompress(zeros).length).toBeLessThan(50_000);
  });

  it('makes random bytes hardly longer', () => {
    const random = generator(8);
    const bytes = Uint8Array.from({ length: 200_000 }, () => Math.floor(random() * 256));
    expect(Buffer.compare(roundTrip(bytes), bytes)).toBe(0);
    expect(snappyCompress(bytes).length).toBeLessThan(200_100);
  });

  it('takes nothing at all', () => {
    expect([...snappyCompress(new Uint8Array(0))]).toEqual([0]);
  });
});
