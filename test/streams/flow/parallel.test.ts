import {
  bufferCount,
  filter,
  firstValueFrom,
  from,
  lastValueFrom,
  map,
  mergeMap,
  of,
  share,
  take,
  toArray,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import type { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { ByteBudget } from '../../../src/streams/flow/budget.ts';
import { parallel } from '../../../src/streams/flow/parallel.ts';
import { pulled } from '../../../src/streams/flow/source.ts';
import { batchOf } from '../../helpers/batches.ts';

const COUNT = 50;
const TEXT = 'x'.repeat(1_000_000);
const LIMIT = 3 * 2 * 1024 * 1024;

/** Batches made on demand; `ahead()` tells how many were pulled so far. */
function countedSource(budget: ByteBudget) {
  let pulledSoFar = 0;
  const source = pulled(async function* () {
    for (let i = 0; i < COUNT; i++) {
      pulledSoFar++;
      yield batchOf([TEXT], { sequence: i });
    }
  }, budget);
  return { source, pulled: () => pulledSoFar };
}

/** Asynchronous work that ends in turn, without a clock. */
const slow = (batch: DocumentBatch): Promise<DocumentBatch> =>
  new Promise((resolve) => setImmediate(() => resolve(batch)));

const sequences = (batches: readonly DocumentBatch[]): number[] => batches.map((b) => b.sequence);
const all = Array.from({ length: COUNT }, (_, i) => i);

describe('parallel under a byte budget', () => {
  it('never lets the source run ahead of the budget', async () => {
    const budget = new ByteBudget(LIMIT, { stallMs: 0 });
    const { source } = countedSource(budget);
    const out = await lastValueFrom(
      source.pipe(parallel('a', slow, { concurrency: 2 }), parallel('b', slow, { concurrency: 1 }), toArray()),
    );
    expect(sequences(out)).toEqual(all);
    expect(budget.peak).toBeLessThan(LIMIT + 2 * 2 * 1024 * 1024);
    expect(budget.used).toBe(0);
  });

  it('keeps the input order when asked, and only then', async () => {
    const release: (() => void)[] = [];
    const work = (b: DocumentBatch): Promise<DocumentBatch> => new Promise((resolve) => release.push(() => resolve(b)));
    const run = async (ordered: boolean): Promise<number[]> => {
      release.length = 0;
      const done = lastValueFrom(
        from([0, 1, 2].map((i) => batchOf(['t'], { sequence: i }))).pipe(
          parallel('p', work, { concurrency: 3, ordered }),
          toArray(),
        ),
      );
      for (const r of [...release].reverse()) r();
      return sequences(await done);
    };
    expect(await run(true)).toEqual([0, 1, 2]);
    expect(await run(false)).toEqual([2, 1, 0]);
  });

  const plain: readonly (readonly [string, (s: ReturnType<typeof countedSource>['source']) => Promise<number>])[] = [
    [
      'filter',
      async (s) =>
        (
          await lastValueFrom(
            s.pipe(
              filter((b) => b.sequence % 2 === 0),
              parallel('p', slow),
              toArray(),
            ),
          )
        ).length,
    ],
    [
      'map',
      async (s) =>
        (
          await lastValueFrom(
            s.pipe(
              parallel('p', slow),
              map((b) => b.with({})),
              parallel('q', slow),
              toArray(),
            ),
          )
        ).length,
    ],
    [
      'bufferCount',
      async (s) => (await lastValueFrom(s.pipe(parallel('p', slow), bufferCount(7), toArray()))).flat().length,
    ],
    [
      'mergeMap 1 to 2',
      async (s) =>
        (
          await lastValueFrom(
            s.pipe(
              parallel('p', slow),
              mergeMap((b) => of(b, b)),
              parallel('q', slow),
              toArray(),
            ),
          )
        ).length,
    ],
    ['take', async (s) => (await lastValueFrom(s.pipe(parallel('p', slow), take(3), toArray()))).length],
    [
      'share',
      async (s) => {
        const shared = s.pipe(parallel('p', slow), share());
        const [a, b] = await Promise.all([
          lastValueFrom(shared.pipe(toArray())),
          lastValueFrom(
            shared.pipe(
              map((x) => x.rows),
              toArray(),
            ),
          ),
        ]);
        return a.length + b.length;
      },
    ],
  ];
  const expected: Record<string, number> = {
    filter: 25,
    map: 50,
    bufferCount: 50,
    'mergeMap 1 to 2': 100,
    take: 3,
    share: 100,
  };
  it.each(plain)('plain rxjs %s neither stalls nor leaks', async (name, use) => {
    const budget = new ByteBudget(LIMIT, { stallMs: 0 });
    const { source, pulled: soFar } = countedSource(budget);
    expect(await use(source)).toBe(expected[name]);
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(budget.used).toBe(0);
    if (name === 'take') expect(soFar()).toBeLessThan(15);
  });

  it('hands an error down once and gives all credit back', async () => {
    const budget = new ByteBudget(LIMIT, { stallMs: 0 });
    const { source } = countedSource(budget);
    const failing = parallel('p', async (b) => {
      if (b.sequence === 4) throw new Error('broken at 4');
      return b;
    });
    await expect(lastValueFrom(source.pipe(failing))).rejects.toThrow('broken at 4');
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(budget.used).toBe(0);
  });

  it('gives all credit back to a subscriber that leaves when the source has ended already', async () => {
    const budget = new ByteBudget(LIMIT, { stallMs: 0 });
    let asked = 0;
    const source = pulled(async function* () {
      for (let i = 0; i < 5; i++) yield batchOf(['text'], { sequence: i });
    }, budget);
    const work = (b: DocumentBatch): Promise<DocumentBatch> =>
      new Promise((resolve) => {
        if (++asked === 1) setImmediate(() => setImmediate(() => resolve(b)));
      });
    expect((await firstValueFrom(source.pipe(parallel('p', work, { concurrency: 2 })))).sequence).toBe(0);
    for (let i = 0; i < 5; i++) await new Promise(setImmediate);
    expect([asked, budget.used]).toEqual([2, 0]);
  });

  it('ends the generator when the subscriber leaves', async () => {
    let ended = false;
    const source = pulled(
      async function* () {
        try {
          for (let i = 0; ; i++) yield batchOf([TEXT], { sequence: i });
        } finally {
          ended = true;
        }
      },
      new ByteBudget(LIMIT, { stallMs: 0 }),
    );
    expect((await firstValueFrom(source)).sequence).toBe(0);
    await new Promise(setImmediate);
    expect(ended).toBe(true);
  });
});
