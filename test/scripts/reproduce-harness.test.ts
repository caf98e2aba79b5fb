import { describe, expect, it } from 'vitest';
import { claim } from '../../scripts/reproduce/harness/claims.ts';
import { mixedSource } from '../../scripts/reproduce/harness/mixed-source.ts';
import { findingsOf, markdownOf } from '../../scripts/reproduce/harness/report.ts';
import type { Trained } from '../../scripts/reproduce/harness/train.ts';
import { fixed } from '../../src/mixture/schedulers/fixed.ts';

const of = (arm: string, values: number[]): Trained[] =>
  values.map((books, seed) => ({ arm, seed, measures: { books }, seconds: 1 }));

describe('findings of a study', () => {
  const results = [...of('a', [1, 1.1, 1.2]), ...of('b', [2, 2.11, 2.2]), ...of('c', [1.5, 0.6, 1.4])];
  const found = (...given: Parameters<typeof claim>): string =>
    findingsOf({ claims: [claim(...given)], results })[0].found;

  it('are reproduced, not at this scale, or the opposite, by paired intervals', () => {
    expect(found('', 'books', ['b', 'a'], 'higher')).toBe('reproduced');
    expect(found('', 'books', ['b', 'a'], 'lower')).toBe('the opposite at this scale');
    expect(found('', 'books', ['c', 'a'], 'higher')).toBe('not reproduced at this scale');
    expect(found('', 'books', ['b', 'a'], 'no more than', 1.1)).toBe('reproduced');
    expect(found('', 'books', ['b', 'a'], 'no more than', 0.5)).toBe('the opposite at this scale');
    expect(found('', 'books', ['b', 'a'], 'no more than', 1)).toBe('not reproduced at this scale');
  });

  it('stand in a table with the difference', () => {
    const text = markdownOf({
      name: 'n',
      title: 'T',
      about: 'About.',
      reference: 'a',
      measures: ['books'],
      claims: [claim('it is so', 'books', ['b', 'a'], 'higher')],
      results,
      smoke: false,
      command: 'npm run reproduce -- n',
    });
    expect(text).toMatch(/^\| it is so \| books: b less a \| \+1\.0033 \(.*\) \| reproduced \|$/m);
    expect(text).toContain('3 paired seeds');
  });
});

describe('sequences of a study', () => {
  it('come in the shares that were asked for, each block once an epoch', async () => {
    const domain = (name: string, n: number) => ({
      name,
      ids: Uint16Array.from({ length: n * 4 + 1 }, (_, i) => i),
      heldOut: [],
    });
    const options = { scheduler: fixed({ weights: { a: 3, b: 1 } }), steps: 8, rows: 4, context: 4, seed: 1 };
    const source = mixedSource([domain('a', 6), domain('b', 20)], options);
    const drawn: { domain: number; epoch: number; index: number }[] = [];
    for (let step = 0; step < 8; step++)
      for (const s of (await source.pull(step, 1, new AbortController().signal)).steps[0].sequences) drawn.push(s);
    const a = drawn.filter((s) => s.domain === 0);
    expect([a.length, drawn.length]).toEqual([24, 32]);
    for (const epoch of [0, 1, 2, 3])
      expect(
        a
          .filter((s) => s.epoch === epoch)
          .map((s) => s.index)
          .sort(),
      ).toEqual([0, 1, 2, 3, 4, 5]);
  });
});
