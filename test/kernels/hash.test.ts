import fc from 'fast-check';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Kernel, loadKernel } from '../../src/kernels/kernel.ts';
import { referenceContentHash } from '../../src/kernels/reference/hash.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await loadKernel();
});

const hex = (halves: readonly bigint[]): string => halves.map((h) => h.toString(16).padStart(16, '0')).join('');

describe('contentHashes', () => {
  it('gives the pinned values, which are on disk in runs', () => {
    const { values, offsets } = utf8Column([
      '',
      'a',
      'The miller closes the sluice when the river rises in the night.',
    ]);
    const hashes = [...kernel.contentHashes(values, offsets, 3, null)];
    expect([hashes.slice(0, 2), hashes.slice(2, 4), hashes.slice(4, 6)].map(hex)).toEqual(PINNED);
  });

  it('equals the reference for every length around the stripes, with an offset base and rows left out', () => {
    const texts = Array.from({ length: 200 }, (_, n) => 'grain '.repeat(60).slice(0, n));
    const column = utf8Column(['left out', ...texts]);
    const alive = Uint8Array.from(texts, (_, i) => (i % 3 === 0 ? 0 : 1));
    const hashes = kernel.contentHashes(column.values, column.offsets.subarray(1), texts.length, alive);
    texts.forEach((t, i) => {
      const want = i % 3 === 0 ? [0n, 0n] : referenceContentHash(Buffer.from(t));
      expect([hashes[2 * i], hashes[2 * i + 1]]).toEqual(want);
    });
  });

  it('equals the reference on random bytes', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 300 }), { maxLength: 20 }), (texts) => {
        const offsets = new Int32Array(texts.length + 1);
        texts.forEach((t, i) => {
          offsets[i + 1] = offsets[i] + t.length;
        });
        const hashes = kernel.contentHashes(Buffer.concat(texts), offsets, texts.length, null);
        texts.forEach((t, i) => {
          expect(hex([hashes[2 * i], hashes[2 * i + 1]])).toBe(hex(referenceContentHash(t)));
        });
      }),
      { seed: 7 },
    );
  });

  it('spreads: one flipped bit changes about half of both halves', () => {
    const text = Buffer.from(
      'A stone wheel turns slowly while the grain runs down, and nobody counts the hours it takes to fill a sack.',
    );
    const bits = (x: bigint): number => x.toString(2).replaceAll('0', '').length;
    const base = referenceContentHash(text);
    let [fewest, most] = [64, 0];
    for (let bit = 0; bit < text.length * 8; bit++) {
      const flipped = Buffer.from(text);
      flipped[bit >> 3] ^= 1 << (bit & 7);
      const { values, offsets } = { values: flipped, offsets: Int32Array.of(0, flipped.length) };
      const got = kernel.contentHashes(values, offsets, 1, null);
      for (const half of [0, 1]) {
        const changed = bits(got[half] ^ base[half]);
        fewest = Math.min(fewest, changed);
        most = Math.max(most, changed);
      }
    }
    expect(fewest).toBeGreaterThanOrEqual(14);
    expect(most).toBeLessThanOrEqual(50);
  });
});

const PINNED = [
  '61a365998bb8dae713270829397b8b77',
  'f11fdee3d91cf4bb367f18a0e9bb993d',
  '9e94cb00e01bdb2288fceb3a4fe1732d',
];
