import { describe, expect, it } from 'vitest';
import { expectationOf, type Tried } from '../../../src/cli/plan/expectation.ts';
import { type Counters, domainCounters, emptyCounters, ruleCounters } from '../../../src/streams/commits/counters.ts';

/** A batch of one domain in which `kept` of `read` documents of 10 bytes are kept. */
function batch(domain: string, read: number, kept: number): Counters {
  const c = emptyCounters();
  const d = domainCounters();
  for (const own of [c, d]) {
    own.read = { documents: read, bytes: 10 * read, tokens: 2 * read };
    own.kept = { documents: kept, bytes: 10 * kept, tokens: 2 * kept };
  }
  c.domains[domain] = d;
  c.steps.quality = { short: { ...ruleCounters(5), dropped: read - kept } };
  return c;
}

let files = 0;
/** A file with one stretch. */
const stretch = (weight: number, read: number, ...batches: Counters[]): Tried => ({
  file: files++,
  weight,
  read,
  drawn: false,
  batches,
});

describe('expectationOf', () => {
  it('counts every document as often as it stands for others', () => {
    const e = expectationOf([
      stretch(1, 1, batch('noise', 100, 0)),
      stretch(9, 1 / 9, batch('books', 50, 50), batch('books', 50, 45)),
    ]);
    expect(e.all).toMatchObject({ documents: 1000, textBytes: 10000, share: 0.855 });
    expect(e.domains.books).toMatchObject({ documents: 900, textBytes: 9000, share: 0.95 });
    expect(e.domains.noise).toEqual({ documents: 100, textBytes: 1000, share: 0, low: 0, high: 0 });
    expect(e.kept).toEqual({ documents: 855, bytes: 8550, tokens: 1710 });
    expect(e.reasons).toEqual([{ step: 'quality', rule: 'short', share: expect.closeTo(0.145, 12) }]);
  });

  it('has no range where all was read', () => {
    const { all } = expectationOf([stretch(1, 1, batch('a', 10, 5)), stretch(1, 1, batch('b', 30, 30))]);
    expect(all).toEqual({ documents: 40, textBytes: 400, share: 0.875, low: 0.875, high: 0.875 });
  });

  it('is less sure when the batches of a stretch differ, and never sure that all is kept', () => {
    const even = expectationOf([stretch(100, 0.01, ...[80, 80, 80, 80].map((k) => batch('a', 100, k)))]).all;
    const uneven = expectationOf([stretch(100, 0.01, ...[20, 100, 100, 100].map((k) => batch('a', 100, k)))]).all;
    expect([even.share, uneven.share]).toEqual([0.8, 0.8]);
    expect(even.high - even.low).toBeLessThan(0.14);
    expect(uneven.high - uneven.low).toBeGreaterThan(0.4);
    const clean = expectationOf([stretch(100, 0.01, batch('a', 100, 100), batch('a', 100, 100))]).all;
    expect(clean).toMatchObject({ share: 1, high: 1 });
    expect(clean.low).toBeLessThan(0.99);
  });

  it('counts how stretches differ where others might have been drawn', () => {
    const tried = [100, 60, 100, 60].map((k) => ({ ...stretch(10, 1, batch('a', 100, k)), drawn: true }));
    const { all } = expectationOf(tried, 0.1);
    expect(all.share).toBe(0.8);
    expect([all.low < 0.62, all.high > 0.9]).toEqual([true, true]);
    expect(expectationOf(tried, 1).all.low).toBeGreaterThan(all.low);
  });
});

it('covers what a run keeps in about 95 of 100 inputs whose stretches differ', () => {
  let state = 7;
  const random = (): number => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    return state / 2 ** 32;
  };
  let covered = 0;
  for (let trial = 0; trial < 400; trial++) {
    // 60 batches a file, each with a share of its own; six of them are read.
    const files = [0.9, 0.7, 0.4].map((base) =>
      Array.from({ length: 60 }, () => {
        const share = Math.min(1, Math.max(0, base + 0.4 * (random() - 0.5)));
        return Array.from({ length: 40 }, () => (random() < share ? 1 : 0)).reduce<number>((a, b) => a + b, 0);
      }),
    );
    const truth = files.flat().reduce((a, b) => a + b, 0) / (3 * 60 * 40);
    const tried = files.map((f) =>
      stretch(10, 0.1, ...Array.from({ length: 6 }, () => batch('a', 40, f[Math.floor(random() * 60)]))),
    );
    const { low, high } = expectationOf(tried).all;
    if (low <= truth && truth <= high) covered++;
  }
  expect(covered / 400).toBeGreaterThan(0.93);
  expect(covered / 400).toBeLessThan(0.995);
});
