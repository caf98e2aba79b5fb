import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { normalized } from '../../../src/operators/dedup/normalized.ts';
import { batchOf } from '../../helpers/batches.ts';

describe('dedup.normalized()', () => {
  it('drops texts with the same letters and numbers', async () => {
    const texts = [
      'Café, at 24,000 feet',
      'CAFE AT\n24000 FEET!',
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
