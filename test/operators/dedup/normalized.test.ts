import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { minhash } from '../../../src/operators/dedup/minhash/minhash.ts';
import { normalized } from '../../../src/operators/dedup/normalized.ts';
import { batchOf } from '../../helpers/batches.ts';

describe('dedup.normalized()', () => {
  it('keeps texts that differ in what carries meaning, and folds code as code', async () => {
    const pairs = [
      ['वह लड़का घर में है', 'वह लड़की घर में है'],
      ['はしをわたる人', 'ばしをわたる人'],
      ['ma', 'mạ'],
      ['ม้า', 'มา'],
      ['Compute 12 + 7 and write the result.', 'Compute 12 - 7 and write the result.'],
      ['The dose is 1.27 grams a day.', 'The dose is 12.7 grams a day.'],
      ['if (a > b) { return a - b; }', 'if (a < b) { return a + b; }'],
      ['int *p = &x;', 'int p = x;'],
      ['I like C++ more than Java.', 'I like C# more than Java.'],
    ].flat();
    for (const step of [normalized(), minhash()]) {
      const [out] = await lastValueFrom(from([batchOf(pairs)]).pipe(step, toArray()));
      expect([...out.alive]).toEqual(pairs.map(() => 1));
    }
    const code = batchOf(['A = 1\n', 'a = 1', 'A = 1  \r\n\r\n']);
    const domain = batchOf(['code', 'code', 'code']).utf8('text');
    for (const step of [normalized(), minhash()]) {
      const [out] = await lastValueFrom(from([code.withColumns([['domain', domain]])]).pipe(step, toArray()));
      expect([...out.alive]).toEqual([1, 1, 0]);
    }
    const [prose] = await lastValueFrom(from([code]).pipe(normalized(), toArray()));
    expect([...prose.alive]).toEqual([1, 0, 0]);
  });

  it('drops texts that a reader would call the same', async () => {
    const texts = [
      'Café, at 24,000 feet',
      'CAFÉ AT\n24000 FEET!',
      'cafe at 24001 feet',
      '...',
      '!',
      'feet at 24000 cafe',
    ];
    const [out] = await lastValueFrom(from([batchOf(texts)]).pipe(normalized(), toArray()));
    expect([...out.alive]).toEqual([1, 0, 1, 1, 1, 1]);
    expect(out.verdicts[0].rules[out.verdicts[0].rule[1]].name).toBe('exact_normalized_duplicate');
    expect(out.verdicts[0].duplicateOf![1]).toBe('test.jsonl#0.0');
    expect(out.verdicts[0].similarity![1]).toBe(1);
  });

  it('lets the newest survive', async () => {
    const batch = batchOf(['One two', 'one, two', 'ONE TWO']);
    const metadata = ['{"date":"2019-05"}', '{"date":"2021"}', '{"date":"2020-12-31T23:59:59Z"}'];
    const dated = batch.withColumns([['metadata', batchOf(metadata).utf8('text')]]);
    const [out] = await lastValueFrom(from([dated]).pipe(normalized({ priority: 'metadata.date' }), toArray()));
    expect([...out.alive]).toEqual([0, 1, 0]);
  });
});
