import {
  bufferCount,
  concatMap,
  filter,
  from,
  lastValueFrom,
  map,
  mergeMap,
  type OperatorFunction,
  of,
  pipe,
} from 'rxjs';
import { describe, expect, it } from 'vitest';
import * as dedup from '../../../src/operators/dedup/index.ts';
import { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { ByteBudget, chargeOf, retain } from '../../../src/streams/flow/budget.ts';
import { parallel } from '../../../src/streams/flow/parallel.ts';
import { pulled } from '../../../src/streams/flow/source.ts';
import { batchOf } from '../../helpers/batches.ts';

const COUNT = 60;
const TEXT = 'x'.repeat(500_000);
/** Room for six batches of 0.7 MB, when 2 MB of it are asked for before the next one is read. */
const LIMIT = 6e6;

type Plain = OperatorFunction<DocumentBatch, DocumentBatch>;

/** How far the source is ahead of a slow step at most, in batches. */
async function readAhead(step: Plain, batches = COUNT): Promise<{ ahead: number; done: number; budget: ByteBudget }> {
  const budget = new ByteBudget(LIMIT, { stallMs: 0 });
  let made = 0;
  let done = 0;
  let ahead = 0;
  const source = pulled(async function* () {
    for (; made < batches; ) yield batchOf([`${made} ${TEXT}`], { sequence: made++ });
  }, budget);
  const slow = parallel(
    'slow',
    async (batch) => {
      for (let i = 0; i < 20; i++) await new Promise(setImmediate);
      ahead = Math.max(ahead, made - batch.sequence);
      done++;
      return batch;
    },
    { concurrency: 1 },
  );
  await lastValueFrom(source.pipe(step, slow));
  return { ahead, done, budget };
}

const fromNothing = (b: DocumentBatch): DocumentBatch => new DocumentBatch(b.parts());

const steps: readonly (readonly [string, Plain, number])[] = [
  ['nothing', pipe(), COUNT],
  ['map, withColumns', map((b) => b.withColumns([])), COUNT],
  ['map, with', map((b) => b.with({ sequence: b.sequence })), COUNT],
  ['map, compact', map((b) => b.compact()), COUNT],
  ['map, made from nothing', map(fromNothing), COUNT],
  ['filter', filter((b) => b.sequence % 2 === 0), COUNT / 2],
  ['concatMap', concatMap((b) => of(b.withColumns([]))), COUNT],
  ['concatMap, made from nothing', concatMap((b) => [fromNothing(b)]), COUNT],
  ['mergeMap, two for one', mergeMap((b) => of(b, b.with({}))), 2 * COUNT],
];

describe('how far a source reads ahead of a slow step', () => {
  it.each(steps)('behind %s: no further than without', async (_, step, count) => {
    const { ahead, done, budget } = await readAhead(step);
    expect(done).toBe(count);
    expect(ahead).toBeGreaterThan(2);
    // Of what a filter leaves, six are twice as far apart.
    expect(ahead).toBeLessThanOrEqual(count < COUNT ? 14 : 7);
    expect(budget.used).toBe(0);
  });

  it('behind bufferCount: by what one buffer holds', async () => {
    const seven: Plain = pipe(
      bufferCount(7),
      mergeMap((batches) => from(batches)),
    );
    const { ahead, done, budget } = await readAhead(seven);
    expect(done).toBe(COUNT);
    expect(ahead).toBeLessThanOrEqual(7 + 7);
    expect(budget.used).toBe(0);
  });

  it('behind a barrier: which is held back while it writes, and when it hands on', async () => {
    let handedOn = 0;
    let ahead = 0;
    const budget = new ByteBudget(LIMIT, { stallMs: 0 });
    const source = pulled(async function* () {
      for (let i = 0; i < COUNT; i++) yield batchOf([`${i} ${TEXT}`], { sequence: i });
    }, budget);
    let done = 0;
    const slow = parallel(
      'slow',
      async (batch) => {
        for (let i = 0; i < 20; i++) await new Promise(setImmediate);
        ahead = Math.max(ahead, handedOn - done++);
        return batch;
      },
      { concurrency: 1 },
    );
    const counted = map((b: DocumentBatch) => {
      handedOn++;
      return b;
    });
    await lastValueFrom(source.pipe(dedup.exact(), counted, slow));
    expect(done).toBe(COUNT);
    expect(ahead).toBeGreaterThan(0);
    expect(ahead).toBeLessThanOrEqual(7);
    expect(budget.used).toBe(0);
    expect(budget.peak).toBeLessThanOrEqual(LIMIT + chargeOf(batchOf([TEXT])));
  });
});

describe('the credit of a batch', () => {
  const budget = new ByteBudget(1e9, { stallMs: 0 });
  const batch = batchOf(['some text', 'and more']).withCredit(budget);

  it('goes to what is made from it, and not to another thread', () => {
    for (const made of [batch.with({}), batch.withColumns([]), batch.compact(), batch.withCredit(budget)])
      expect(made.credit).toBe(budget);
    expect(Object.keys(batch.parts())).not.toContain('credit');
    expect(new DocumentBatch(structuredClone(batch.parts())).credit).toBe(null);
  });

  it(
    'is charged while somebody retains it; a batch made from nothing, while no source hands on, charges ' + 'nobody',
    () => {
      const { lease, credit } = retain(batch, 'me');
      expect([credit, budget.used]).toEqual([budget, chargeOf(batch)]);
      lease.release();
      expect(budget.used).toBe(0);
      expect(retain(batchOf(['x']), 'me').credit).toBe(null);
    },
  );
});
