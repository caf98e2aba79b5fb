import { describe, expect, it } from 'vitest';
import {
  annotates,
  createsDocuments,
  dropsFor,
  effectsOf,
  isBarrier,
  isRules,
  isSelection,
  removesCopies,
  rewritesText,
  type StepDescriptor,
} from '../../src/streams/operator.ts';

/** A step as run.json had it before effects. */
const recorded = (kind: string, more: object = {}): StepDescriptor =>
  ({ kind, step: 's', module: 'sluice:x', export: 'x', writes: [], rules: [], ...more }) as unknown as StepDescriptor;
const column = { writes: [{ name: 'a', type: 'int32' }] };
const rules = { rules: [{ name: 'r' }] };

describe('what a step does', () => {
  it.each([
    [recorded('annotate', column), { annotates: true }],
    [recorded('drop', rules), { drops: 'thresholds' }],
    [recorded('drop', { ...column, ...rules }), { annotates: true, drops: 'thresholds' }],
    [recorded('rewrite', { ...column, ...rules }), { annotates: true, rewrites: true, drops: 'thresholds' }],
    [recorded('rewrite', column), { annotates: true, rewrites: true }],
    [recorded('dedup', rules), { drops: 'copies', barrier: true }],
    [recorded('dedup', { ...column, ...rules }), { annotates: true, drops: 'copies', barrier: true }],
    [recorded('dedup', { ...rules, rewrites: true }), { rewrites: true, drops: 'copies', barrier: true }],
    [recorded('select', rules), { drops: 'ranks', barrier: true }],
    [recorded('select', column), { annotates: true, barrier: true }],
    [recorded('custom', rules), { drops: 'predicate' }],
  ])('is read from a step that an older version recorded (%#)', (step, effects) => {
    expect(effectsOf(step)).toEqual(effects);
  });

  it('is asked by questions', () => {
    const asked = [annotates, rewritesText, isRules, removesCopies, isSelection, isBarrier, createsDocuments];
    const answers = (effects: StepDescriptor['effects']) =>
      asked.filter((ask) => ask({ effects })).map((ask) => ask.name);
    expect(answers({ annotates: true })).toEqual(['annotates']);
    expect(answers({ annotates: true, rewrites: true, drops: 'thresholds' })).toEqual(['annotates', 'rewritesText']);
    expect(answers({ drops: 'thresholds' })).toEqual(['isRules']);
    expect(answers({ rewrites: true, drops: 'copies', barrier: true })).toEqual([
      'rewritesText',
      'removesCopies',
      'isBarrier',
    ]);
    expect(answers({ drops: 'ranks', barrier: true })).toEqual(['isSelection', 'isBarrier']);
    expect(answers({ annotates: true, barrier: true })).toEqual(['annotates', 'isSelection', 'isBarrier']);
    expect(answers({ creates: true })).toEqual(['createsDocuments']);
    expect([dropsFor({ effects: {} }), dropsFor({ effects: { drops: 'ranks' } })]).toEqual([null, 'ranks']);
  });
});
