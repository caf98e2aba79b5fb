import { describe, expect, it, vi } from 'vitest';
import { InvariantError } from '../../../src/errors.ts';
import { ByteBudget } from '../../../src/streams/flow/budget.ts';

describe('ByteBudget', () => {
  it('lets a source wait until there is room, first come first served', async () => {
    const budget = new ByteBudget(100, { stallMs: 0 });
    const first = await budget.acquire(80, 'a');
    const order: string[] = [];
    const second = budget.acquire(30, 'b').then((l) => {
      order.push('b');
      return l;
    });
    const third = budget.acquire(10, 'c').then((l) => {
      order.push('c');
      return l;
    });
    expect(budget.used).toBe(80);
    first.release();
    (await second).release();
    (await third).release();
    expect(order).toEqual(['b', 'c']);
    expect(budget.used).toBe(0);
  });

  it('grants more than the limit when nothing else is out, so a huge document never blocks', async () => {
    const budget = new ByteBudget(100, { stallMs: 0 });
    const lease = await budget.acquire(5000, 'huge');
    expect(budget.used).toBe(5000);
    lease.release();
    lease.release();
    expect(budget.used).toBe(0);
    expect(budget.peak).toBe(5000);
  });

  it('lets operators overdraw and counts a resize', async () => {
    const budget = new ByteBudget(100, { stallMs: 0 });
    const lease = budget.charge(90, 'op');
    lease.resize(150);
    expect(budget.used).toBe(150);
    const waiting = budget.acquire(50, 'source');
    lease.resize(40);
    (await waiting).release();
    lease.release();
    lease.resize(10);
    expect(budget.used).toBe(0);
  });

  it('rejects a waiter whose signal aborts and forgets it', async () => {
    const budget = new ByteBudget(10, { stallMs: 0 });
    const lease = await budget.acquire(10, 'a');
    const abort = new AbortController();
    const waiting = budget.acquire(5, 'b', abort.signal);
    abort.abort(new Error('left'));
    await expect(waiting).rejects.toThrow('left');
    lease.release();
    expect(budget.used).toBe(0);
  });

  it('names the holder when the stream stalls', async () => {
    vi.useFakeTimers();
    try {
      const budget = new ByteBudget(10, { stallMs: 1000 });
      budget.charge(10, 'minhash');
      const waiting = expect(budget.acquire(5, 'jsonl')).rejects.toThrow(
        /jsonl: expected memory to be released within 1 s.*held by minhash \(1 held/,
      );
      await vi.advanceTimersByTimeAsync(1000);
      await waiting;
      await expect(
        budget.acquire(5, 'jsonl', AbortSignal.abort(new InvariantError({ expected: 'a', got: 'b' }))),
      ).rejects.toThrow(InvariantError);
    } finally {
      vi.useRealTimers();
    }
  });
});
