import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { byPerplexity, byRank } from '../../../src/operators/select/index.ts';
import { valuesAtRanks } from '../../../src/operators/select/values-at-ranks.ts';
import { withDecision } from '../../../src/operators/verdicts.ts';
import { seededRandom } from '../../../src/random.ts';
import { batchOf } from '../../helpers/batches.ts';
import { decisionsOf, type ValuedDocument } from './decisions.ts';

const documents = (...values: (number | null)[]): ValuedDocument[] => values.map((ppl) => ({ ppl }));
const keep = async (...args: Parameters<typeof decisionsOf>): Promise<string> =>
  (await decisionsOf(...args)).map((d) => d.keep.join('')).join(' ');

describe('select.byRank()', () => {
  it('keeps the lowest, the middle or the highest ranks over all splits', async () => {
    const splits = [documents(50, 10, 40), documents(30, 20), documents(60, 70, 80, 15, 25)];
    // Sorted: 10 15 20 25 30 40 50 60 70 80.
    expect(await keep(byRank({ column: 'ppl', keep: 'low', rate: 0.3 }), splits)).toBe('010 01 00010');
    expect(await keep(byRank({ column: 'ppl', keep: 'high', rate: 0.3 }), splits)).toBe('000 00 11100');
    // 4 of 10: ranks 3 to 6. 5 of 10: ranks 2 to 6.
    expect(await keep(byRank({ column: 'ppl', keep: 'medium', rate: 0.4 }), splits)).toBe('101 10 00001');
    expect(await keep(byRank({ column: 'ppl', keep: 'medium', rate: 0.5 }), splits)).toBe('101 11 00001');
    expect(await keep(byRank({ column: 'ppl', keep: 'low', rate: 1 }), splits)).toBe('111 11 11111');
    expect(await keep(byRank({ column: 'ppl', keep: 'low', rate: 0.04 }), splits)).toBe('000 00 00000');
  });

  it('writes the value and the cut at which a document would have stayed', async () => {
    const [d] = await decisionsOf(byRank({ column: 'ppl', keep: 'medium', rate: 0.4 }), [documents(5, 1, 3, 2, 4)]);
    expect([...d.keep]).toEqual([0, 0, 1, 1, 0]);
    expect([...(d.value ?? [])]).toEqual([5, 1, 3, 2, 4]);
    expect([...(d.threshold ?? [])]).toEqual([4, 1, Number.NaN, Number.NaN, 4]);
    // Rules in order: below, above.
    expect([...(d.rule ?? [])]).toEqual([1, 0, 0, 0, 1]);
  });

  it('keeps the only value of a ranking, of which no share can be taken', async () => {
    for (const end of ['low', 'medium', 'high'] as const)
      expect(await keep(byRank({ column: 'ppl', keep: end, rate: 0.4 }), [documents(null, 1.593)])).toBe('11');
    const splits = [[{ ppl: 9, domain: 'news' }, ...[1, 2, 3].map((ppl) => ({ ppl, domain: 'web' }))]];
    expect(await keep(byRank({ column: 'ppl', keep: 'medium', rate: 0.4, within: 'domain' }), splits)).toBe('1010');
    expect(await keep(byRank({ column: 'ppl', keep: 'medium', rate: 0.4 }), [documents(2, 2)])).toBe('10');
  });

  it('takes equal values in input order', async () => {
    const splits = [documents(7, 7, 1), documents(7, 7)];
    expect(await keep(byRank({ column: 'ppl', keep: 'low', rate: 0.6 }), splits)).toBe('111 00');
    expect(await keep(byRank({ column: 'ppl', keep: 'high', rate: 0.6 }), splits)).toBe('010 11');
    expect(await keep(byRank({ column: 'ppl', keep: 'medium', rate: 0.2 }), splits)).toBe('010 00');
    expect(await keep(byRank({ column: 'ppl', keep: 'low', rate: 0.5 }), [documents(0, -0, 0, -0)])).toBe('1100');
  });

  it('ranks each domain by itself when asked to', async () => {
    const splits = [
      [1, 2, 3, 4].map((ppl) => ({ ppl, domain: 'web' })),
      [100, 300, 200, 400].map((ppl) => ({ ppl, domain: 'code' })),
    ];
    expect(await keep(byPerplexity({ criterion: 'low', rate: 0.5 }), splits)).toBe('1111 0000');
    expect(await keep(byPerplexity({ criterion: 'low', rate: 0.5, within: 'domain' }), splits)).toBe('1100 1010');
    const web = byPerplexity({ criterion: 'high', rate: 0.5, where: { domain: ['web'] } });
    expect(await keep(web, splits)).toBe('0011 1111');
  });

  it('leaves documents without a value out of the ranking: kept and counted, or dropped', async () => {
    const rows = documents(3, null, 1, 2, null, 4);
    const kept = await decisionsOf(byRank({ column: 'ppl', keep: 'low', rate: 0.5 }), [rows]);
    expect([...kept[0].keep]).toEqual([0, 1, 1, 1, 1, 0]);
    const operator = byRank({ column: 'ppl', keep: 'low', rate: 0.5 });
    const batch = withDecision(batchOf(rows.map(() => 'x')), operator.descriptor, kept[0]);
    expect(batch.verdicts[0].nulls).toEqual([2]);
    expect([...batch.verdicts[0].judged]).toEqual([1, 0, 1, 1, 0, 1]);
    const dropping = byRank({ column: 'ppl', keep: 'low', rate: 0.5, nulls: 'drop' });
    const [dropped] = await decisionsOf(dropping, [rows]);
    expect([...dropped.keep]).toEqual([0, 0, 1, 1, 0, 0]);
    expect(dropping.descriptor.rules.map((r) => r.name)).toEqual(['ppl_rank_above', 'ppl_rank_missing']);
    expect([...(dropped.rule ?? [])]).toEqual([0, 1, 0, 0, 1, 0]);
  });

  it('decides nothing of nothing', async () => {
    expect(await keep(byRank({ column: 'ppl', keep: 'medium', rate: 0.5 }), [[], documents(null)])).toBe(' 1');
  });

  it('keeps what sorting keeps, in any splits, batches and memory', async () => {
    const value = fc.oneof(fc.integer({ min: 0, max: 6 }), fc.double({ noNaN: true }), fc.constant(null));
    await fc.assert(
      fc.asyncProperty(
        fc.array(value, { maxLength: 40 }),
        fc.constantFrom('low', 'medium', 'high'),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.integer({ min: 5, max: 12 }),
        async (values, criterion, rate, size) => {
          const ranked = values
            .map((v, i) => ({ v: v === null ? null : v + 0, i }))
            .filter((x): x is { v: number; i: number } => x.v !== null)
            .sort((a, b) => (a.v < b.v ? -1 : a.v > b.v ? 1 : a.i - b.i));
          const k = ranked.length === 1 ? 1 : Math.round(rate * ranked.length);
          const first = { low: 0, medium: Math.floor((ranked.length - k) / 2), high: ranked.length - k }[criterion];
          const stays = new Set(ranked.slice(first, first + k).map((x) => x.i));
          const expected = values.map((v, i) => (v === null || stays.has(i) ? 1 : 0));
          const splits: ValuedDocument[][] = [];
          for (let at = 0; at < values.length; at += 2 * size)
            splits.push(documents(...values.slice(at, at + 2 * size)));
          const got = await decisionsOf(byRank({ column: 'ppl', keep: criterion, rate }), splits, { rows: size });
          expect(got.flatMap((d) => [...d.keep])).toEqual(expected);
        },
      ),
      { numRuns: 40, seed: 4 },
    );
  });

  it('refuses options that mean nothing', () => {
    expect(() => byRank({ column: 'ppl', keep: 'low', rate: 50 })).toThrow('rate: a share of at most 1, got 50');
    expect(() => byPerplexity({ criterion: 'best' as 'low', rate: 0.5 })).toThrow(
      'criterion: low, medium or high, got "best"',
    );
    expect(() => byPerplexity({ criterion: 'low', rate: 0.5 }).set('rte', 0.2)).toThrow('Did you mean rate?');
  });

  it('changes with --set, and with that its rules', () => {
    const changed = byPerplexity({ criterion: 'low', rate: 0.5 }).set('criterion', 'medium').set('rate', 0.25);
    expect(changed.descriptor.options).toEqual({
      keep: 'medium',
      rate: 0.25,
      column: 'ppl',
      within: 'all',
      nulls: 'keep',
    });
    expect(changed.descriptor.rules.map((r) => r.name)).toEqual(['ppl_rank_below', 'ppl_rank_above']);
  });
});

describe('valuesAtRanks', () => {
  it('finds what sorting finds when next to nothing fits the memory', async () => {
    const number = fc.oneof(fc.double({ noNaN: true }), fc.integer({ min: -3, max: 3 }), fc.constant(1e300));
    await fc.assert(
      fc.asyncProperty(fc.array(number, { minLength: 1100, maxLength: 3000 }), async (values) => {
        const sorted = Float64Array.from(values, (v) => v + 0).sort();
        const wanted = [0, 1, 700, values.length >> 1, values.length - 1].map((rank) => ({ group: 0, rank }));
        const scan = async (visit: (group: number, value: number) => void): Promise<void> => {
          for (const v of values) visit(0, v);
        };
        const got = await valuesAtRanks(wanted, [values.length], scan, 0);
        expect(got).toEqual(wanted.map(({ rank }) => ({ value: sorted[rank], below: sorted.indexOf(sorted[rank]) })));
      }),
      { numRuns: 20, seed: 2 },
    );
  });

  it('stays within the memory with many groups', async () => {
    const [groups, each] = [3000, 40];
    const { uniform } = seededRandom(4);
    const values = Array.from({ length: groups }, () => Float64Array.from({ length: each }, uniform));
    const wanted = values.flatMap((_, group) => [0, 20, 39].map((rank) => ({ group, rank })));
    const before = process.memoryUsage().arrayBuffers;
    let most = 0;
    const scan = async (visit: (group: number, value: number) => void): Promise<void> => {
      most = Math.max(most, process.memoryUsage().arrayBuffers - before);
      values.forEach((list, group) => {
        for (const v of list) visit(group, v);
      });
    };
    const counts = values.map((list) => list.length);
    const got = await valuesAtRanks(wanted, counts, scan, 1e6);
    const sorted = values.map((list) => list.slice().sort());
    expect(got).toEqual(wanted.map(({ group, rank }) => ({ value: sorted[group][rank], below: rank })));
    expect(most).toBeLessThan(20e6);
  });
});
