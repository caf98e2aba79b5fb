import { describe, expect, it } from 'vitest';
import { withDecision } from '../../src/operators/verdicts.ts';
import type { Rule } from '../../src/streams/batch/outcome.ts';
import type { BarrierDecision } from '../../src/streams/flow/barrier.ts';
import type { StepDescriptor } from '../../src/streams/operator.ts';
import { batchOf } from '../helpers/batches.ts';

const rule = (name: string, threshold: number): Rule => ({
  name,
  version: 1,
  column: 'value',
  comparison: '<',
  threshold,
  onNull: 'pass',
  option: name,
});

const step = (more: Partial<StepDescriptor>): StepDescriptor => ({
  effects: { drops: 'copies', barrier: true },
  step: 'paragraphs',
  stage: 'none',
  versions: [],
  options: {},
  where: null,
  reads: [],
  writes: [],
  rules: [rule('repeated', 1), rule('too_short_after', 5)],
  ...more,
});

const none = { duplicateOf: [null, null], similarity: Float64Array.of(Number.NaN, Number.NaN) };

describe('the decision of a barrier', () => {
  it('drops by the rule it names, and a dedup judges nothing else', () => {
    const decision: BarrierDecision = {
      ...none,
      split: 0,
      keep: Uint8Array.of(1, 0),
      rule: Uint8Array.of(0, 1),
      value: Float64Array.of(9, 3),
    };
    const batch = withDecision(batchOf(['long enough', 'short']), step({}), decision);
    const [verdict] = batch.verdicts;
    expect([...batch.alive]).toEqual([1, 0]);
    expect([...verdict.rule]).toEqual([-1, 1]);
    expect([...verdict.failed]).toEqual([0, 2]);
    expect([...verdict.judged]).toEqual([0, 1]);
    expect(verdict.value[1]).toBe(3);
  });

  it('cuts spans in bytes out of the text and makes what was measured on it stale', () => {
    const before = batchOf(['äb cut cd', 'whole']).withColumns([
      ['words', { type: 'int32', values: Int32Array.of(3, 1), valid: null }],
    ]);
    const cuts = {
      offsets: Int32Array.of(0, 1, 1),
      start: Int32Array.of(4),
      end: Int32Array.of(8),
      rule: Uint16Array.of(0),
      rules: ['repeated'],
    };
    const decision: BarrierDecision = { ...none, split: 0, keep: Uint8Array.of(1, 1), cuts };
    const batch = withDecision(before, step({ effects: { rewrites: true, drops: 'copies', barrier: true } }), decision);
    expect([batch.text(0), batch.text(1)]).toEqual(['äb cd', 'whole']);
    expect(batch.textVersion).toBe(1);
    expect([...batch.stale]).toEqual(['words']);
    expect([batch.cuts!.start[0], batch.cuts!.end[0], batch.cuts!.rules]).toEqual([4, 8, ['repeated']]);
  });

  it('of a selection judges every row that has a value, with the threshold of the data', () => {
    const decision: BarrierDecision = {
      ...none,
      split: 0,
      keep: Uint8Array.of(1, 1),
      value: Float64Array.of(12.5, Number.NaN),
      threshold: Float64Array.of(20, Number.NaN),
    };
    const [verdict] = withDecision(
      batchOf(['a', 'b']),
      step({ effects: { drops: 'ranks', barrier: true } }),
      decision,
    ).verdicts;
    expect([...verdict.judged]).toEqual([1, 0]);
    expect(verdict.threshold?.[0]).toBe(20);
  });
});
