import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decisionsOn, type LedgerRow } from '../../src/ledger/decisions.ts';
import { rescueOf, rescuesOf } from '../../src/ledger/rule-rescue.ts';
import { conditionFrom } from '../../src/operators/rule-words.ts';
import { holds, withThreshold } from '../../src/streams/batch/condition.ts';
import { type Comparison, type Condition, fails, type Rule } from '../../src/streams/batch/outcome.ts';
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

describe('a rule of several comparisons', () => {
  const when = conditionFrom('not (lines > 1 or chars > 600) and digits > 0.02');
  const compound: Rule = { ...rule('oneliner', 'lines', '>', 1), when };
  const options = { oneliner: 1, oneliner_2: 600, oneliner_3: 0.02 };
  const judge = (annotations: LedgerRow['annotations'], rules: readonly Rule[] = [compound]) =>
    decisionsOn(row({ outcome: 'dropped', step: 'length', rule: 'oneliner', value: 0.05, annotations }), [
      step('length', { drops: 'thresholds' }, { rules, options }),
    ])[0].rules[0];

  it('says which comparisons held, and the change of one that would have kept the document', () => {
    const d = judge({ lines: 1, chars: 44, digits: 0.05 });
    expect(d).toMatchObject({
      wouldFail: true,
      rescue: null,
      comparisons: [
        { column: 'lines', value: 1, holds: false },
        { column: 'chars', value: 44, holds: false },
        { column: 'digits', value: 0.05, holds: true },
      ],
      rescues: [{ option: 'oneliner', comparison: '<', bound: 1, threshold: 0 }],
      settings: ['length.oneliner=0'],
    });
  });

  it('takes several changes where one is not enough, and none where nothing helps', () => {
    const both = { ...compound, when: conditionFrom('lines < 2 or chars < 50') };
    expect(judge({ lines: 1, chars: 44 }, [both]).settings).toEqual(['length.oneliner=1', 'length.oneliner_2=44']);
    const strict: Rule = { ...compound, onNull: 'drop', when: conditionFrom('chars < 0 and digits > 1') };
    expect(judge({ lines: 1 }, [{ ...strict }])).toMatchObject({ wouldFail: true, rescues: null, settings: null });
  });

  it('is let pass by the changes, for any condition and any values', () => {
    const comparison = fc.constantFrom<Comparison>('<', '<=', '>', '>=', '==', '!=');
    const leaf = fc.record({
      column: fc.constantFrom('a', 'b', 'c'),
      comparison,
      threshold: fc.integer({ min: 0, max: 3 }),
    });
    const { condition } = fc.letrec<{ condition: Condition }>((tie) => {
      const parts = fc.array(tie('condition'), { minLength: 1, maxLength: 3 });
      const all = parts.map((p) => ({ all: p }));
      const any = parts.map((p) => ({ any: p }));
      return {
        condition: fc.oneof(
          { maxDepth: 3 },
          leaf,
          all,
          any,
          tie('condition').map((not) => ({ not })),
        ),
      };
    });
    const value = fc.option(fc.integer({ min: 0, max: 3 }));
    fc.assert(
      fc.property(
        condition,
        fc.record({ a: value, b: value, c: value }),
        fc.constantFrom('pass', 'drop'),
        (c, v, n) => {
          const numberOf = (column: string): number | null => v[column as 'a'];
          const given: Rule = { ...compound, when: c, onNull: n as 'pass' };
          const drops = (r: Rule): boolean => holds(r.when as Condition, numberOf) ?? n === 'drop';
          const changes = rescuesOf(given, numberOf);
          if (changes === null) {
            expect(n).toBe('drop');
            return;
          }
          expect(drops(changes.reduce((r, { at, threshold }) => withThreshold(r, at, threshold), given))).toBe(false);
          // None is there without need.
          if (drops(given)) expect(changes.length).toBeGreaterThan(0);
          for (const left of changes) {
            const without = changes.filter((k) => k !== left);
            expect(drops(without.reduce((r, { at, threshold }) => withThreshold(r, at, threshold), given))).toBe(true);
          }
        },
      ),
      { seed: 5, numRuns: 300 },
    );
  });
});
