import { describe, expect, it } from 'vitest';
import { drop, rule } from '../../src/operators/drop.ts';
import { stage as dropStage, judge } from '../../src/operators/drop-stage.ts';
import { batchOf } from '../helpers/batches.ts';

const everyRow = (n: number): Uint8Array => new Uint8Array(n).fill(1);

describe('rule()', () => {
  it('reads a condition', () => {
    expect(rule('text_max_line_length > 2000')).toEqual({
      name: 'text_max_line_length_above',
      version: 1,
      column: 'text_max_line_length',
      comparison: '>',
      threshold: 2000,
      onNull: 'pass',
      option: 'text_max_line_length_above',
    });
    expect(rule('a<=-0.5', { name: 'low', onNull: 'drop' })).toMatchObject({
      name: 'low',
      comparison: '<=',
      threshold: -0.5,
      onNull: 'drop',
    });
  });
  it.each(['words', 'words > many', '5 < words', 'words >> 5', 'Words > 5', ''])('refuses %j', (condition) => {
    expect(() => rule(condition)).toThrow(/expected `column < number`/);
  });
});

describe('judge()', () => {
  const rules = [rule('words < 50', { name: 'min_words' }), rule('alpha < 0.8', { name: 'min_alpha' })];

  it('gives the first failing rule in order, all failing rules, and the stored value', () => {
    const batch = batchOf(['a', 'b', 'c', 'd'], {
      annotations: { words: [50, 49, 49, 60], alpha: [0.8, 0.9, 0.79, 0.1] },
    });
    const v = judge(batch, 'q', rules, everyRow(4));
    expect([...v.rule]).toEqual([-1, 0, 0, 1]);
    expect([...v.value]).toEqual([Number.NaN, 49, 49, 0.1]);
    expect([...v.failed]).toEqual([0, 1, 3, 2]);
    expect([...v.judged]).toEqual([1, 1, 1, 1]);
  });

  it('lets a null pass and counts it, unless the rule drops nulls', () => {
    const batch = batchOf(['a', 'b'], { annotations: { words: [null, 60], alpha: [null, 0.9] } });
    const v = judge(batch, 'q', rules, everyRow(2));
    expect([[...v.rule], [...v.judged], v.nulls]).toEqual([
      [-1, -1],
      [0, 1],
      [1, 1],
    ]);
    const strict = judge(batch, 'q', [rule('words < 50', { onNull: 'drop' })], everyRow(2));
    expect([...strict.rule]).toEqual([0, -1]);
  });

  it('judges with more than 32 rules', () => {
    const many = Array.from({ length: 40 }, (_, i) => rule(`words < ${i}`, { name: `r${i}` }));
    const v = judge(batchOf(['a'], { annotations: { words: [30] } }), 'q', many, everyRow(1));
    expect(v.rule[0]).toBe(31);
    expect([...v.failed]).toEqual([(1 << 31) >>> 0, 0xff]);
  });
});

describe('drop()', () => {
  it('judges only the domains in scope and only rows alive', () => {
    const batch = batchOf(
      [
        { text: 'a', domain: 'web' },
        { text: 'b', domain: 'code' },
        { text: 'c', domain: 'web' },
      ],
      { annotations: { words: [1, 1, 1] } },
    );
    const alive = Uint8Array.of(1, 1, 0);
    const op = drop('q', [rule('words < 50', { name: 'min_words' })], { where: { domain: ['code'], not: true } });
    const out = dropStage(op.descriptor).apply(batch.with({ alive })) as typeof batch;
    expect([...out.alive]).toEqual([0, 1, 0]);
    expect([...out.verdicts[0].judged]).toEqual([1, 0, 0]);
  });

  it('changes a threshold by its option name and suggests the nearest for a wrong one', () => {
    const op = drop('gopher', [{ ...rule('words < 50', { name: 'gopher_min_words' }), option: 'min_words' }]);
    expect(op.set('min_words', 30).descriptor.rules[0].threshold).toBe(30);
    expect(op.descriptor.rules[0].threshold).toBe(50);
    expect(() => op.set('min_wrods', 30)).toThrow(/Did you mean min_words\?/);
    expect(() => op.set('min_words', 'many')).toThrow(/expected a number, or null for no such rule, got many/);
  });

  it.each([null, false])('leaves a rule out with %j, the last one too', (value) => {
    const op = drop('q', [rule('words < 50', { name: 'few' }), rule('words > 500', { name: 'many' })]);
    expect(() => drop('q', [rule('words < 5 or lines < 2', { name: 'two' })]).set('two_2', value)).toThrow(/a number/);
    const one = op.set('few', value);
    expect(one.descriptor.rules.map((r) => r.name)).toEqual(['many']);
    const none = one.set('many', value);
    expect(none.descriptor.rules).toEqual([]);
    const batch = batchOf(['a'], { annotations: { words: [1] } });
    expect([...(dropStage(none.descriptor).apply(batch) as typeof batch).alive]).toEqual([1]);
  });

  it('refuses to judge by annotations from before a rewrite, unless told to', () => {
    const batch = batchOf(['a'], { annotations: { words: [1] } }).with({ stale: new Set(['words']) });
    const rules = [rule('words < 50')];
    expect(() => dropStage(drop('q', rules).descriptor).apply(batch)).toThrow(/annotations of the text as it is now/);
    expect((dropStage(drop('q', rules, { allowStale: true }).descriptor).apply(batch) as typeof batch).alive[0]).toBe(
      0,
    );
  });

  it('refuses no rules and two of one name', () => {
    expect(() => drop('q', [])).toThrow(/at least one rule/);
    expect(() => drop('q', [rule('a < 1'), rule('a < 2')])).toThrow(/each with its own name/);
  });
});
