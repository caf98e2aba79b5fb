import { concat, from, lastValueFrom, NEVER, of, take, tap, throwError, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { drop, rule } from '../../../src/operators/drop.ts';
import * as select from '../../../src/operators/select/index.ts';
import { seededRandom } from '../../../src/random.ts';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { ByteBudget, chargeOf } from '../../../src/streams/flow/budget.ts';
import { parallel } from '../../../src/streams/flow/parallel.ts';
import { pulled } from '../../../src/streams/flow/source.ts';
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

  const half = { column: 'ppl', keep: 'low', rate: 0.5 } as const;

  it('ends the warm-up early where its batches would not fit, says so, and judges them by what there is', async () => {
    const said: string[] = [];
    const batches = [batch([1, 2, 3]), batch([4, 5, 6], 1), batch([0, 9], 2)];
    // A batch of three is 218 bytes of columns: the second one is more than fits.
    const options = { ...half, warmUp: 100, warmUpBytes: 300, onWarning: (text: string) => said.push(text) };
    expect(alive(await run(batches, options))).toBe(alive(await run(batches, { ...half, warmUp: 6 })));
    expect(said).toEqual([
      'select_ppl: the warm-up ended after 6 of 100 documents: more would not fit in warmUpBytes (300)',
    ]);
  });

  const domains = (...rows: readonly (readonly [string, number])[]): DocumentBatch =>
    batchOf(
      rows.map(([domain]) => ({ text: 'x', domain })),
      { annotations: { ppl: rows.map(([, value]) => value) } },
    );

  it('waits for each domain by itself, from its first document on', async () => {
    const early = [domains(['web', 1], ['web', 2], ['web', 3], ['web', 4])];
    const late = [domains(['web', 0], ['code', 10]), domains(['web', 5], ['code', 20]), domains(['code', 0.5])];
    const options = { ...half, within: 'domain', warmUp: 4 } as const;
    const endless = concat(from([...early, ...late]), NEVER);
    const first = await lastValueFrom(endless.pipe(select.streaming(options), take(1), toArray()));
    expect(alive(first)).toBe('1100');
    const all = concat(from([...early, ...late, domains(['code', 30])]), NEVER);
    // 10 and 20 are judged beside 0.5 and 30, which came later; the cut of web is 2 by then.
    expect(alive(await lastValueFrom(all.pipe(select.streaming(options), take(5), toArray())))).toBe('1100 11 00 1 0');
  });

  it('waits for a rare domain once, and no longer than its batches fit', async () => {
    const said: string[] = [];
    const rare = (value: number): DocumentBatch => domains(['rare', value]);
    const web = (value: number): DocumentBatch => domains(['web', value]);
    const options = { ...half, within: 'domain', warmUp: 2, warmUpBytes: 300 } as const;
    const order: number[] = [];
    const batches = [web(1), web(2), rare(7), web(3), web(4), web(5), rare(6), web(6)];
    const source = from(batches).pipe(tap((b) => order.push(batches.indexOf(b))));
    const judged = source.pipe(
      select.streaming({ ...options, onWarning: (text) => said.push(text) }),
      tap(() => order.push(-1)),
    );
    expect(alive(await lastValueFrom(judged.pipe(toArray())))).toBe('1 0 0 0 0 0 1 0');
    expect(order).toEqual([0, 1, -1, -1, 2, 3, 4, 5, -1, -1, -1, -1, 6, -1, 7, -1]);
    expect(said).toEqual([
      'select_ppl: the warm-up of domain "rare" ended after 1 of 2 documents: more would not fit in ' +
        'warmUpBytes (300)',
    ]);
  });

  it('names ten domains whose warm-up ended early, and counts the others at the end', async () => {
    const said: string[] = [];
    const batches = Array.from({ length: 30 }, (_, i) => domains([i === 0 ? '\u001b[31m' : `d${i}`, i]));
    const options = { ...half, within: 'domain', warmUp: 2, warmUpBytes: 1 } as const;
    const judged = await run(batches, { ...options, onWarning: (text) => said.push(text) });
    expect(judged.length).toBe(30);
    expect(said.length).toBe(11);
    expect(said[0]).toContain('the warm-up of domain "\\u001b[31m" ended after 1 of 2 documents');
    expect(said[9]).toContain('the warm-up of domain "d9" ended');
    expect(said[10]).toBe('select_ppl: the warm-up of 20 more domains ended early in the same way');
  });

  describe('under the budget of its source', () => {
    const long = (i: number): DocumentBatch =>
      batchOf([{ text: 'x'.repeat(1_000_000) }], { sequence: i, annotations: { ppl: [i] } });
    const source = (budget: ByteBudget, count: number) =>
      pulled(async function* () {
        for (let i = 0; i < count; i++) yield long(i);
      }, budget);
    const options = { ...half, warmUp: 30, warmUpBytes: 4e6, onWarning: () => {} } as const;

    it('charges what it holds, hands it on charged, and gives all of it back', async () => {
      const budget = new ByteBudget(16e6, { stallMs: 0 });
      let most = 0;
      const slow = parallel('slow', async (b) => b, { concurrency: 1 });
      const seen = source(budget, 12).pipe(
        tap(() => {
          most = Math.max(most, budget.used);
        }),
        select.streaming(options),
        slow,
        toArray(),
      );
      expect((await lastValueFrom(seen)).length).toBe(12);
      // Three held, and a fourth that the source has and that makes it end.
      expect(most).toBe(4 * chargeOf(long(0)));
      expect(budget.used).toBe(0);
      expect(budget.peak).toBeLessThanOrEqual(16e6);
    });

    it('gives back what it holds at an error', async () => {
      const budget = new ByteBudget(16e6, { stallMs: 0 });
      const two = concat(
        source(budget, 2),
        throwError(() => new Error('no more')),
      );
      let held = 0;
      const failing = two.pipe(
        tap({
          error: () => {
            held = budget.used;
          },
        }),
        select.streaming(options),
      );
      await expect(lastValueFrom(failing)).rejects.toThrow('no more');
      expect(held).toBeGreaterThanOrEqual(2 * chargeOf(long(0)));
      expect(budget.used).toBe(0);
    });

    it('counts what steps before it have judged, so that the memory it asks for is enough', async () => {
      const values = Array.from({ length: 1000 }, (_, i) => i);
      const short = (budget: ByteBudget) => {
        const batches = pulled(async function* () {
          for (let i = 0; i < 40; i++) yield batch(values, i);
        }, budget);
        const judged = Array.from({ length: 16 }, (_, i) => drop(`step_${i}`, [rule('ppl < 0')]));
        const selected = select.streaming({ ...half, warmUp: 1e6, warmUpBytes: 1e6, onWarning: () => {} });
        return lastValueFrom(judged.reduce((stream, step) => stream.pipe(step), batches).pipe(selected, toArray()));
      };
      const refused = await short(new ByteBudget(3e6, { stallMs: 0 })).catch((error: Error) => error.message);
      const [, enough] = /at least (\d+)/.exec(String(refused))!;
      expect((await short(new ByteBudget(Number(enough), { stallMs: 0 }))).length).toBe(40);
    });

    it('gives back what it holds to a subscriber that leaves in the middle', async () => {
      const budget = new ByteBudget(16e6, { stallMs: 0 });
      const first = source(budget, 12).pipe(select.streaming(options), take(1));
      expect((await lastValueFrom(first)).sequence).toBe(0);
      expect(budget.peak).toBeGreaterThanOrEqual(4 * chargeOf(long(0)));
      expect(budget.used).toBe(0);
    });

    it('says so when the budget has no room for the warm-up: it would never end', async () => {
      const budget = new ByteBudget(6e6, { stallMs: 0 });
      await expect(lastValueFrom(source(budget, 12).pipe(select.streaming(options)))).rejects.toThrow(
        new RegExp(
          '^step select_ppl: expected memory for a warm-up of 4000000 bytes, got a budget of 6000000, ' +
            String.raw`of which \d+ are held and 2097152 are needed to read on\. Give the source more memory \(at ` +
            String.raw`least \d+\), or a smaller warmUpBytes\.$`,
        ),
      );
      expect(budget.used).toBe(0);
    });
  });
});
