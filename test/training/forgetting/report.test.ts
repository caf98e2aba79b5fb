import { describe, expect, it } from 'vitest';
import { learnedAndForgotten, type ModelMeasures } from '../../../src/training/forgetting/report.ts';
import { forgettingMarkdown } from '../../../src/training/forgetting/report-markdown.ts';
import { forgettingSvg } from '../../../src/training/forgetting/report-svg.ts';

const bits = (books: number, code: number): ModelMeasures => ({
  bitsPerByte: (books + code) / 2,
  byDomain: { books, code },
});

describe('learned and forgotten', () => {
  it('of three seeds: what every seed has is told, with its spread', () => {
    const after = [bits(2.5, 1.5), bits(2.6, 1.4), bits(2.7, 1.6)];
    const { seeds, domains } = learnedAndForgotten({ before: bits(2, 2), after });
    expect(seeds).toBe(3);
    expect(domains.map((d) => [d.domain, d.judgement])).toEqual([
      ['books', 'forgotten'],
      ['code', 'learned'],
      ['all', 'within the noise'],
    ]);
    expect(domains[0].after.mean).toBeCloseTo(2.6, 12);
    expect(domains[0].after.error).toBeCloseTo(0.1 / Math.sqrt(3), 12);
    expect(domains[0].change.high).toBeCloseTo(0.6 + (4.30265 * 0.1) / Math.sqrt(3), 5);
  });

  it('of one training without its documents nothing is judged', () => {
    const { domains } = learnedAndForgotten({ before: bits(2, 2), after: [bits(3, 1)] });
    expect(domains.map((d) => d.judgement)).toEqual(['not known', 'not known', 'not known']);
    expect(domains[0].change).toEqual({ mean: 1, low: null, high: null, verdict: 'within the noise' });
  });

  it('of one training the documents tell', () => {
    const documents = ['books', 'books', 'books', 'code', 'code'].map((domain) => ({ domain, text: 'x' }));
    const of = (values: number[]): ModelMeasures => ({
      ...bits(values.slice(0, 3).reduce((a, b) => a + b) / 30, values.slice(3).reduce((a, b) => a + b) / 20),
      documents: { bits: values, bytes: [10, 10, 10, 10, 10] },
    });
    const before = of([20, 20, 20, 20, 20]);
    const { domains } = learnedAndForgotten({ before, after: [of([30, 31, 29, 10, 30])], documents });
    expect(domains.map((d) => d.judgement)).toEqual(['forgotten', 'within the noise', 'within the noise']);
    // Differences of 1, 1.1 and 0.9 bits a byte: a standard error of 0.1 / sqrt(3).
    expect(domains[0].change.low).toBeCloseTo(1 - (1.959964 * 0.1) / Math.sqrt(3), 9);
  });

  it('items: likelihood of the right choice, and those that flip', () => {
    const items = [0, 1, 1, 0].map((answer, i) => ({
      question: 'q',
      choices: ['a', 'b'],
      answer,
      domain: `s${i % 2}`,
    }));
    const of = (choices: [number, number][]): ModelMeasures => ({ ...bits(2, 2), items: choices });
    const before = of([
      [-1, -2],
      [-2, -1],
      [-1, -2],
      [-1, -2],
    ]);
    const after = of([
      [-3, -2],
      [-2, -1],
      [-2, -1],
      [-1, -2],
    ]);
    const report = learnedAndForgotten({ before, after: [after], items });
    const all = report.items.find((i) => i.domain === 'all')!;
    expect(all).toMatchObject({ n: 4, before: -1.25, rightBefore: 0.75 });
    expect([all.after.mean, all.rightAfter.mean, all.negativeFlips.mean, all.positiveFlips.mean]).toEqual([
      -1.5, 0.75, 0.25, 0.25,
    ]);
    expect(report.items.find((i) => i.domain === 's1')).toMatchObject({ n: 2, rightBefore: 1 });
    // An item without a likelihood says nothing.
    const gap = learnedAndForgotten({
      before: { ...before, items: [[null, -1], ...before.items!.slice(1)] },
      after: [after],
      items,
    });
    expect(gap.items.find((i) => i.domain === 'all')!.n).toBe(3);
  });

  it('revival steps: their mean, and null where one seed did not come back', () => {
    const of = (steps: number | null): ModelMeasures => ({ ...bits(3, 1), revivalSteps: { books: steps } });
    const change = (...after: ModelMeasures[]) => learnedAndForgotten({ before: bits(2, 2), after }).domains[0];
    expect(change(of(10), of(20)).revivalSteps).toBe(15);
    expect(change(of(10), of(null)).revivalSteps).toBe(null);
    expect(change(bits(3, 1)).revivalSteps).toBe(undefined);
  });

  it('as Markdown and as a picture; names cannot end a cell or begin markup', () => {
    const named = (b: number): ModelMeasures => ({ bitsPerByte: b, byDomain: { 'a|<b>&': b } });
    const report = learnedAndForgotten({ before: named(2), after: [named(2.5), named(2.5)] });
    expect(forgettingMarkdown(report)).toContain(
      '| a\\|&lt;b>& | 2.0000 | 2.5000 ± 0.0000 | +0.5000 (+0.5000 to +0.5000) | forgotten |',
    );
    expect(forgettingMarkdown(report)).toContain("Student's t over 2 seeds");
    expect(forgettingSvg(report)).toContain('a|&lt;b&gt;&amp;</text>');
  });
});
