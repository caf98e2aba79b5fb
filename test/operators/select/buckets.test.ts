import { describe, expect, it } from 'vitest';
import { buckets } from '../../../src/operators/select/index.ts';
import { stringAt, type Utf8Column } from '../../../src/streams/batch/columns.ts';
import { decisionsOf, type ValuedDocument } from './decisions.ts';

const bucketsOf = async (...args: Parameters<typeof decisionsOf>): Promise<(string | null)[][]> =>
  (await decisionsOf(...args)).map((d) => {
    const column = [...(d.columns?.values() ?? [])][0] as Utf8Column;
    return Array.from({ length: d.keep.length }, (_, i) => stringAt(column, i));
  });

describe('select.buckets()', () => {
  it('cuts each domain at its 30th and 60th percentile, and drops nothing', async () => {
    const web = [9, 8, 7, 6, 5, 4, 3, 2, 1, 0].map((ppl): ValuedDocument => ({ ppl, domain: 'web' }));
    const code = [100, 200, null, 300, 400, 500].map((ppl): ValuedDocument => ({ ppl, domain: 'code' }));
    const operator = buckets();
    expect(operator.descriptor.writes).toEqual([{ name: 'ppl_bucket', type: 'utf8' }]);
    expect((await decisionsOf(operator, [web, code])).flatMap((d) => [...d.keep])).toEqual(new Array(16).fill(1));
    expect(await bucketsOf(operator, [web, code])).toEqual([
      ['tail', 'tail', 'tail', 'tail', 'middle', 'middle', 'middle', 'head', 'head', 'head'],
      ['head', 'middle', null, 'middle', 'tail', 'tail'],
    ]);
  });

  it('refuses a middle that is not above the head: no document would be in it', () => {
    expect(() => buckets({ head: 0.7 })).toThrow(
      'select.buckets(): expected head: a share less than middle, the percentile below which a document is ' +
        'in one of both, got head 0.7, middle 0.6.',
    );
  });

  it('puts equal values into one bucket', async () => {
    const rows = [5, 5, 5, 5, 6].map((ppl) => ({ ppl }));
    expect(await bucketsOf(buckets({ within: 'all' }), [rows])).toEqual([['tail', 'tail', 'tail', 'tail', 'tail']]);
    expect(await bucketsOf(buckets({ within: 'all', middle: 0.9 }), [rows])).toEqual([
      ['middle', 'middle', 'middle', 'middle', 'tail'],
    ]);
  });
});
