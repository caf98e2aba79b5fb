import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import {
  datatroveParameters,
  datatroveWords,
  openDatatroveSigner,
} from '../../../../src/operators/dedup/minhash/datatrove-minhash.ts';
import { minhash } from '../../../../src/operators/dedup/minhash/minhash.ts';
import { batchOf } from '../../../helpers/batches.ts';

const WORDS = 'the quick brown fox jumps over the lazy dog again'.split(' ');

describe('signatures of datatrove', () => {
  // Made by datatrove with numpy 2.4.
  it('draws its parameters', () => {
    const { a, b } = datatroveParameters(1, 112);
    expect([...a.subarray(0, 3)]).toEqual([775169054918279404n, 1758426461858698313n, 2109959069025162n]);
    expect([...b.subarray(0, 3)]).toEqual([1062448801025099917n, 1324811268927594100n, 1217488311597731462n]);
  });

  it.each([
    [
      'xxh64' as const,
      7797000677988824208n,
      [85330943174081874n, 663359892825767826n, 302227827184868053n],
      3963570588256049n,
    ],
    [
      'sha1' as const,
      12313522834835307089n,
      [585594454516184072n, 284080765670708113n, 594234408324153881n],
      800584869340422436n,
    ],
  ])('are its bits, with %s', async (hash, first, signature, last) => {
    const signer = await openDatatroveSigner(5, 112, 1, hash);
    const hashes = signer.hashes(WORDS);
    expect(hashes).toHaveLength(6);
    expect(hashes[0]).toBe(first);
    const made = signer.signature(hashes);
    expect([...made.subarray(0, 3)]).toEqual(signature);
    expect(made[111]).toBe(last);
  });

  it('sees words without case, numbers, punctuation and marks', () => {
    expect(datatroveWords('Café, NAÏVE: 24.5 and 1,000 of 3½ -- (x)')).toEqual([
      'cafe',
      'naive',
      '0',
      'and',
      '0',
      'of',
      '0',
      'x',
    ]);
    expect(datatroveWords(' \n')).toEqual([]);
  });

  it('finds near copies, and texts without a signature by their letters', async () => {
    const long = Array.from({ length: 60 }, (_, i) => `w${i}`)
      .join(' ')
      .replace(/w(\d+)/g, (_, d) => `w${'abcdefghij'[d % 10]}${'klmnop'[Math.floor(d / 10)]}`);
    const texts = [long, `${long} end`, 'Too short', 'too SHORT', 'another text that has nothing to do with it'];
    const [out] = await lastValueFrom(from([batchOf(texts)]).pipe(minhash({ profile: 'datatrove' }), toArray()));
    expect([...out.alive]).toEqual([1, 0, 1, 0, 1]);
    expect(out.verdicts[0].similarity![1]).toBe(56 / 57);
    expect([...out.verdicts[0].rule]).toEqual([-1, 0, -1, 1, -1]);
    expect(() => minhash({ profile: 'datatrove', unit: 'characters' })).toThrow(/unit: 'words'/);
  });
});
