import { describe, expect, it } from 'vitest';
import { dateOf, ranksOf } from '../../../src/operators/dedup/priority.ts';
import { batchOf } from '../../helpers/batches.ts';

describe('priority', () => {
  it('reads ISO dates, those without a day as the start of their interval', () => {
    expect(dateOf('2021')).toBe(Date.UTC(2021, 0, 1));
    expect(dateOf('2021-03')).toBe(Date.UTC(2021, 2, 1));
    expect(dateOf('2021-03-04T05:06:07.89')).toBe(Date.UTC(2021, 2, 4, 5, 6, 7, 890));
    expect(dateOf('2021-03-04T05:06:07+02:00')).toBe(Date.UTC(2021, 2, 4, 3, 6, 7));
    expect(dateOf('0099-01-01')).toBe(new Date('0099-01-01').getTime());
    expect(['yesterday', '', '21-03-04'].map(dateOf)).toEqual([null, null, null]);
  });

  it('ranks numbers, dates and fields of the metadata; what is missing is the lowest either way', () => {
    const batch = batchOf(['a', 'b', 'c'], { annotations: { score: [2, null, 3] } });
    expect([...ranksOf(batch, { column: 'score', prefer: 'highest' })]).toEqual([2, Number.NEGATIVE_INFINITY, 3]);
    expect([...ranksOf(batch, { column: 'score', prefer: 'lowest' })]).toEqual([-2, Number.NEGATIVE_INFINITY, -3]);
    const metadata = batchOf(['{"a":{"n":4}}', '{"a":{"n":"1970-01-02"}}', 'null']).utf8('text');
    const nested = batch.withColumns([['metadata', metadata]]);
    expect([...ranksOf(nested, { column: 'metadata.a.n', prefer: 'highest' })]).toEqual([
      4,
      86_400_000,
      Number.NEGATIVE_INFINITY,
    ]);
    expect([...ranksOf(batch, { column: null, prefer: 'highest' })]).toEqual([0, 0, 0]);
  });
});
