import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decisionsOn, type LedgerRow, rescueOf } from '../../src/ledger/decisions.ts';
import { type Comparison, fails, type Rule } from '../../src/streams/batch/outcome.ts';
import type { Effects, StepDescriptor } from '../../src/streams/operator.ts';

const rule = (
  name: string,
  column: string,
  comparison: Comparison,
  threshold: number,
  onNull: 'pass' | 'drop' = 'pass',
): Rule => ({
  name,
  version: 1,
  column,
  comparison,
  threshold,
  onNull,
  option: name,
});

const step = (name: string, effects: Effects, more: Partial<StepDescriptor> = {}): StepDescriptor => ({
  effects,
  step: name,
  stage: 'test',
  versions: [],
  options: {},
  where: null,
  reads: [],
  writes: [],
  rules: [],
  ...more,
});

const steps = [
  step(
    'scores',
    { annotates: true },
    {
      writes: [
        { name: 'words', type: 'int32' },
        { name: 'ratio', type: 'float64' },
      ],
    },
  ),
  step(
    'quality',
    { drops: 'thresholds' },
    {
      options: { min_words: 50, max_ratio: 0.5 },
      rules: [rule('min_words', 'words', '<', 50), rule('max_ratio', 'ratio', '>', 0.5)],
    },
  ),
  step('code', { drops: 'thresholds' }, { rules: [rule('code_min', 'words', '<', 10)], where: { domain: ['code'] } }),
  step('later', { drops: 'thresholds' }, { rules: [rule('max_words', 'words', '>', 20)] }),
];

const row = (more: Partial<LedgerRow>): LedgerRow => ({
  domain: 'web',
  outcome: 'kept',
  step: null,
  rule: null,
  value: null,
  duplicate_of: null,
  similarity: null,
  annotations: { words: 37, ratio: null },
  ...more,
});

describe('decisions on a document', () => {
  it('tells of each rule what it measured, and of later steps that they never judged', () => {
    const d = decisionsOn(row({ outcome: 'dropped', step: 'quality', rule: 'min_words', value: 37 }), steps);
    expect(d.map((s) => s.state)).toEqual(['done', 'dropped', 'out of scope', 'not reached']);
    expect(d[1].rules).toMatchObject([
      {
        rule: 'min_words',
        value: 37,
        verdict: 'failed',
        decisive: true,
        rescue: { comparison: '<=', bound: 37, threshold: 37 },
        setting: 'quality.min_words=37',
      },
      { rule: 'max_ratio', value: null, verdict: 'null', wouldFail: null, rescue: null },
    ]);
    expect(d[3].rules).toMatchObject([{ verdict: 'unseen', wouldFail: true, rescue: { comparison: '>=', bound: 37 } }]);
  });

  it('turns off a switch of a rewrite, and proposes no option that there is none', () => {
    const rules = [rule('marked', 'words', '>', 0), rule('empty', 'words', '>', 1)];
    const [s] = decisionsOn(row({ outcome: 'dropped', step: 'clean', rule: 'marked', value: 37 }), [
      step('clean', { rewrites: true, drops: 'thresholds' }, { rules, options: { marked: true } }),
    ]);
    expect(s.rules.map((r) => r.setting)).toEqual(['clean.marked=false', null]);
  });

  it('lets a missing value fail only where the rule says so', () => {
    const strict = [step('strict', { drops: 'thresholds' }, { rules: [rule('has_ratio', 'ratio', '<', 0, 'drop')] })];
    const [s] = decisionsOn(row({ outcome: 'dropped', step: 'strict', rule: 'has_ratio' }), strict);
    expect(s.rules).toMatchObject([{ verdict: 'failed', wouldFail: true, rescue: null }]);
  });
});

describe('the threshold that would have kept it', () => {
  it('is one under which the rule lets the value pass, and the nearest one', () => {
    const comparisons = fc.constantFrom<Comparison>('<', '<=', '>', '>=', '==', '!=');
    const values = fc.oneof(
      fc.integer({ min: -1e6, max: 1e6 }),
      fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e9, max: 1e9 }),
    );
    fc.assert(
      fc.property(values, comparisons, (value, comparison) => {
        expect(fails(value, comparison, rescueOf(value, comparison).threshold)).toBe(false);
      }),
      { seed: 3 },
    );
  });

  it.each([
    ['<', 37, { comparison: '<=', bound: 37, threshold: 37 }],
    ['>', 0.25, { comparison: '>=', bound: 0.25, threshold: 0.25 }],
    ['<=', 3, { comparison: '<', bound: 3, threshold: 2 }],
    ['>=', 3, { comparison: '>', bound: 3, threshold: 4 }],
    ['>=', 0.5, { comparison: '>', bound: 0.5, threshold: 0.5000000000000001 }],
  ] as const)('value %s of a rule that drops at %s', (comparison, value, rescue) => {
    expect(rescueOf(value, comparison)).toEqual(rescue);
  });
});
