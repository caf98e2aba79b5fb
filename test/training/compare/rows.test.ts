import { describe, expect, it } from 'vitest';
import type { ArmResult } from '../../../src/training/compare/arm-training.ts';
import type { ComparedDocument } from '../../../src/training/compare/hold-out.ts';
import { comparedRows } from '../../../src/training/compare/rows.ts';
import { isRight } from '../../../src/training/forgetting/measures.ts';

const long = 'x'.repeat(5000);
const documents: ComparedDocument[] = [
  { domain: 'web', text: long, arms: [0, 1] },
  { domain: 'code', text: long, arms: [0, 1] },
  { domain: 'web', text: 'only b', arms: [1] },
];

const result = (arm: number, seed: number, bits: number[], right: number): ArmResult => ({
  arm,
  seed,
  documents: { bits, bytes: [10, 10, 10] },
  items: [[-5, right]],
  trainLoss: 1,
  executor: 'test',
});

describe('rows of a comparison', () => {
  const results = [
    [result(0, 0, [20, 40, 50], -4), result(0, 1, [22, 42, 50], -4)],
    [result(1, 0, [10, 40, 10], -6), result(1, 1, [12, 42, 10], -6)],
  ];
  const items = [{ question: 'q', choices: ['a', 'b'], answer: 1, domain: 'x' }];
  const rows = comparedRows(results, documents, items, ['A', 'B']);
  const row = (measure: string, scope: string) => rows.find((r) => r.measure === measure && r.scope === scope)!;

  it('documents that every arm has decide; the others have a row that says whose they are', () => {
    expect(row('bits per byte', 'all')).toMatchObject({ headline: true, n: 2, better: 'lower' });
    expect(row('bits per byte', 'all').arms.map((a) => a.mean)).toEqual([3.1, 2.6]);
    expect(row('bits per byte', 'all').differences[0].mean).toBeCloseTo(-0.5, 12);
    expect(row('bits per byte', 'only in B').arms.map((a) => a.mean)).toEqual([5, 1]);
    expect(row('bits per byte', 'code').differences[0]).toMatchObject({ mean: 0, verdict: 'within the noise' });
  });

  it('a difference that every seed and every document has is told; one of few documents is not', () => {
    expect(row('bits per byte', 'web').differences[0]).toMatchObject({ mean: -1, verdict: 'lower' });
    // Half of the documents carry all of it.
    expect(row('bits per byte', 'all').differences[0].verdict).toBe('within the noise');
  });

  it('probes: likelihood of the right choice, and whether it is the highest', () => {
    const likelihood = row('log-likelihood of the right choice, bits', 'all');
    expect(likelihood.arms.map((a) => a.mean)).toEqual([-4, -6]);
    expect(likelihood.differences[0].verdict).toBe('lower');
    expect(row('right choices, %', 'all').arms.map((a) => a.mean)).toEqual([100, 0]);
  });

  it('where too little is shared, all documents decide', () => {
    const apart = documents.map((d, i) => ({ ...d, arms: [i % 2] }));
    const all = comparedRows(results, apart, [], ['A', 'B']);
    expect(all[0]).toMatchObject({ scope: 'all', headline: true, n: 3 });
    expect(all.map((r) => r.scope)).toEqual(['all', 'code', 'web']);
  });

  it('a tie is not right', () => {
    expect([isRight([-1, -1], 0), isRight([-1, -2], 0), isRight([null, -2], 1), isRight([null, -2], 0)]).toEqual([
      false,
      true,
      true,
      false,
    ]);
  });
});
