import { concat, from, lastValueFrom, NEVER, of, take, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { select } from '../../../src/operators/index.ts';
import { seededRandom } from '../../../src/random.ts';
import type { DocumentBatch } from '../../../src/streams/batch.ts';
import { batchOf } from '../../helpers/batches.ts';

const batch = (values: readonly (number | null)[], sequence = 0, domain = 'web'): DocumentBatch =>
  batchOf(
    values.map(() => ({ text: 'x', domain })),
    { sequence, annotations: { ppl: values } },
  );

const run = (
  batches: readonly DocumentBatch[],
  options: Parameters<typeof select.streaming>[0],
): Promise<DocumentBatch[]> => lastValueFrom(from(batches).pipe(select.streaming(options), toArray()));

const alive = (batches: readonly DocumentBatch[]): string => batches.map((b) => b.alive.join('')).join(' ');

describe('select.streaming()', () => {
  it('judges the warm-up when it is over, and then each batch by all before it', async () => {
    const batches = [batch([1, 2, 3]), batch([4, 5, 6], 1), batch([0, 9], 2)];
    const low = await run(batches, { column: 'ppl', keep: 'low', rate: 0.5, warmUp: 6 });
    expect(alive(low)).toBe('111 000 10');
    expect([...low[1].verdicts[0].threshold!]).toEqual([4, 4, 4]);
    expect(alive(await run(batches, { column: 'ppl', keep: 'high', rate: 0.5, warmUp: 6 }))).toBe('000 111 01');
    // Shares 1/4 to 3/4 of 1 ... 6 are 2 to 4; with 0 and 9, 2 to 5.
    expect(alive(await run(batches, { column: 'ppl', keep: 'medium', rate: 0.5, warmUp: 6 }))).toBe('011 100 00');
    expect(alive(await run(batches, { column: 'ppl', keep: 'low', rate: 1 }))).toBe('111 111 11');
  });

  it('does not wait for the end of the stream', async () => {
    const endless = concat(of(batch([1, 2, 3, 4])), NEVER);
    const [first] = await lastValueFrom(
      endless.pipe(select.streaming({ column: 'ppl', keep: 'low', rate: 0.5, warmUp: 4 }), take(1), toArray()),
    );
    expect([...first.alive]).toEqual([1, 1, 0, 0]);
  });

  it('keeps about the share that was asked for, the same at every time', async () => {
    const { normal } = seededRandom(9);
    const batches = Array.from({ length: 200 }, (_, i) =>
      batch(
        Array.from({ length: 100 }, () => Math.exp(normal())),
        i,
      ),
    );
    for (const keep of ['low', 'medium', 'high'] as const) {
      const out = await run(batches, { column: 'ppl', keep, rate: 0.25 });
      const share = out.reduce((n, b) => n + b.aliveRows().length, 0) / 20_000;
      expect(Math.abs(share - 0.25)).toBeLessThan(0.015);
      expect(alive(await run(batches, { column: 'ppl', keep, rate: 0.25 }))).toBe(alive(out));
    }
  });

  it('keeps or drops equal values as comes nearer to the rate', async () => {
    const scores = [0, 0, 0, 0, 0, 0, 1, 1, 1, 2];
    const kept = async (keep: 'low' | 'medium' | 'high', rate: number, values = scores) =>
      alive(await run([batch(values)], { column: 'ppl', keep, rate }));
    expect(await kept('low', 0.5)).toBe('1111110000');
    expect(await kept('low', 0.2)).toBe('0000000000');
    expect(await kept('high', 0.5)).toBe('0000001111');
    expect(await kept('high', 0.8)).toBe('1111111111');
    expect(await kept('medium', 0.6)).toBe('1111111110');
    expect(await kept('low', 0.9, [5, 5, 5, 5])).toBe('1111');
    expect(await kept('high', 0.1, [5, 5, 5, 5])).toBe('0000');
    expect(await kept('low', 0.9, [1, 2, Infinity, Infinity])).toBe('1111');
  });

  it('does not hold back what has nothing to wait for', async () => {
    const endless = concat(of(batch([null, Number.NaN]), batch([null], 1)), NEVER);
    const options = { column: 'ppl', keep: 'low', rate: 0.5, nulls: 'drop' } as const;
    expect(alive(await lastValueFrom(endless.pipe(select.streaming(options), take(2), toArray())))).toBe('00 0');
  });

  it('gives an error of its own to the subscriber', async () => {
    await expect(run([batch([1])], { column: 'nope', keep: 'low', rate: 0.5 })).rejects.toThrow(
      'expected a column nope',
    );
  });

  it('takes NaN for no value, as byRank does', async () => {
    const options = { column: 'ppl', keep: 'low', rate: 0.5, warmUp: 4, nulls: 'drop' } as const;
    const batches = await run([batch([1, Number.NaN, 2, 3, 4])], options);
    expect(alive(batches)).toBe('10100');
    expect(batches[0].verdicts[0].nulls).toEqual([1, 1]);
  });

  it('ranks domains apart, and leaves what has no value or is out of scope', async () => {
    const batches = [batch([1, 2, null], 0, 'web'), batch([10, 20, null], 1, 'code')];
    const options = { column: 'ppl', keep: 'low', rate: 0.5, warmUp: 4 } as const;
    expect(alive(await run(batches, options))).toBe('111 001');
    expect(alive(await run(batches, { ...options, within: 'domain', nulls: 'drop' }))).toBe('100 100');
    const scoped = await run(batches, { ...options, where: { domain: ['web'] } });
    expect(alive(scoped)).toBe('101 111');
    expect(scoped.map((b) => b.verdicts[0].nulls)).toEqual([[1], [0]]);
  });
});
