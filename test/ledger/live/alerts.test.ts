import { describe, expect, it } from 'vitest';
import { alertsOf } from '../../../src/ledger/live/alerts.ts';
import { seededRandom } from '../../../src/random.ts';
import type { DropWindow } from '../../../src/streams/commits/windows.ts';

/** Windows of 500 documents, ten to a file; the share of dropped ones by file. */
function windows(shares: readonly number[], seed = 1): DropWindow[] {
  const random = seededRandom(seed, 'alerts');
  return shares.flatMap((share, f) =>
    Array.from({ length: 10 }, (_, i) => {
      let dropped = 0;
      for (let k = 0; k < 500; k++) if (random.below(1_000_000) < share * 1_000_000) dropped++;
      const file = `crawl/part-${String(f).padStart(3, '0')}.jsonl`;
      return {
        from: `${file}#0.${i * 1000}`,
        to: file,
        documents: 500,
        quarantined: 0,
        dropped: { 'q.short': dropped },
      };
    }),
  );
}

describe('drift', () => {
  it('names the file where a drop rate changes, and where in it, once', () => {
    const shares = Array(12).fill(0.1);
    shares[7] = 0.6;
    const found = alertsOf([windows(shares)]);
    expect(found).toHaveLength(1);
    expect(found[0]).toMatchObject({
      type: 'drift',
      of: 'q.short',
      from: 'crawl/part-007.jsonl#0.0',
      to: 'crawl/part-007.jsonl',
      source: 'crawl/part-#.jsonl',
      documents: 5000,
    });
    expect(found[0].share).toBeCloseTo(0.6, 1);
    expect(found[0].usual).toBeCloseTo(0.1, 1);
    expect(found[0].sentence).toMatch(
      /^In crawl\/part-007\.jsonl, from 0\.0 on, q\.short drops \d+(\.\d)? % of the documents, \d+(\.\d)? % before\.$/,
    );
  });

  it('that begins in the middle of a window lies between two places, and is not diluted by it', () => {
    const all = windows([0.1, 0.1, 0.1, 0.6]);
    all[30] = { ...all[30], dropped: { 'q.short': 150 } };
    const [found, ...more] = alertsOf([all]);
    expect([found.from, found.until, found.documents]).toEqual([
      'crawl/part-003.jsonl#0.0',
      'crawl/part-003.jsonl#0.1000',
      4500,
    ]);
    expect(found.share).toBeCloseTo(0.6, 1);
    expect(found.sentence).toMatch(/^In crawl\/part-003\.jsonl, from somewhere between 0\.0 and 0\.1000 on, q\.short /);
    expect(more).toEqual([]);
  });

  it('sees a rate that falls as well', () => {
    const [found, ...more] = alertsOf([windows([0.5, 0.5, 0.5, 0.1])]);
    expect(found.from).toBe('crawl/part-003.jsonl#0.0');
    expect(more).toEqual([]);
  });

  it('is not found where nothing changes, in 400 runs', () => {
    const alerts = Array.from({ length: 400 }, (_, seed) => alertsOf([windows(Array(10).fill(0.2), seed)]));
    expect(alerts.flat()).toEqual([]);
  });

  it('compares a source with itself only', () => {
    const web = windows(Array(5).fill(0.5));
    const books = windows(Array(5).fill(0.05)).map((w) => ({ ...w, from: w.from.replace('crawl', 'books') }));
    expect(alertsOf([web.flatMap((w, i) => [w, books[i]])])).toEqual([]);
  });
});

describe('bursts of quarantine', () => {
  it('are named with file and offset', () => {
    const all = windows(Array(6).fill(0.1));
    for (let i = 43; i < 47; i++) {
      const firstQuarantined = all[i].from.replace(/000$/, '777');
      all[i] = { ...all[i], quarantined: 300, firstQuarantined };
    }
    const found = alertsOf([all]);
    expect(found.map((a) => [a.type, a.from, a.hits])).toEqual([['quarantine', 'crawl/part-004.jsonl#0.3777', 1200]]);
    expect(found[0].sentence).toBe(
      'In crawl/part-004.jsonl, from 0.3777 on, 1,200 records could not be read, 0 % before.',
    );
  });
});
