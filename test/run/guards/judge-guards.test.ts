import { describe, expect, it } from 'vitest';
import { type GuardScene, guardsToRecord, judgeGuards, trippedGuard } from '../../../src/run/guards/guards.ts';
import { runOptions } from '../../../src/run/options.ts';
import { type Counters, emptyCounters } from '../../../src/streams/commits/counters.ts';

const amount = (documents: number) => ({ documents, bytes: 0, tokens: 0 });

function counters(read: number, dropped: number): Counters {
  const rule = { dropped, droppedBytes: 0, failed: dropped, nulls: 0, byDomain: {}, threshold: 1, examples: [] };
  const web = { read: amount(read), kept: amount(read - dropped), dropped: amount(dropped) };
  return {
    ...emptyCounters(),
    read: amount(read),
    dropped: amount(dropped),
    domains: { web },
    steps: { words: { min_words: rule } },
  };
}

function scene(read: number, dropped: number, more: Partial<GuardScene> = {}): GuardScene {
  const expected = { domains: {}, rules: {} };
  return {
    expected,
    allow: runOptions.parse({}).allow,
    counters: counters(read, dropped),
    clusters: {},
    final: true,
    ...more,
  };
}

const stateOf = (s: GuardScene, of: string) => judgeGuards(s).find((g) => g.of === of)?.state;

describe('judgeGuards', () => {
  it.each([
    [1000, 479, 'within'],
    [1000, 480, 'near'],
    [1000, 600, 'near'],
    [1000, 601, 'outside'],
    [999, 999, 'few'],
    [0, 0, 'within'],
  ])('of %i documents one rule drops %i: %s', (read, dropped, state) => {
    expect(stateOf(scene(read, dropped), 'words.min_words')).toBe(state);
  });

  it('lets the band of the recipe replace the default, to both sides', () => {
    const rules = { min_words: { min: 0, max: 0.9 } };
    const expected = { domains: { web: { min: 0, max: 0.3 } }, rules, all: { min: 0.8, max: 1 } };
    const judged = judgeGuards(scene(2000, 1400, { expected }));
    expect(judged.map((g) => [g.of, g.state, g.stated])).toEqual([
      ['all', 'outside', true],
      ['web', 'outside', true],
      ['words.min_words', 'within', true],
      ['all', 'within', false],
    ]);
    // Before the end more may still be dropped.
    const growing = judgeGuards(scene(2000, 1400, { expected, final: false }));
    expect(growing[0].state).toBe('within');
    expect(trippedGuard(growing)?.of).toBe('web');
  });

  it('stops for nothing that is allowed', () => {
    const allow = { rule: ['min_words'], dropShare: ['all'], cluster: [], quarantine: false };
    expect(trippedGuard(judgeGuards(scene(2000, 2000)))?.guard).toBe('drop_share');
    expect(trippedGuard(judgeGuards(scene(2000, 2000, { allow })))).toBeNull();
    expect(trippedGuard(judgeGuards(scene(2000, 2000, { allow: { ...allow, rule: ['words.min_words'] } })))).toBeNull();
  });

  it('records the greatest of each kind, and whatever is stated or not within', () => {
    const clusters = {
      a: { survivor: 'x', documents: 5, examples: [] },
      b: { survivor: 'y', documents: 99, examples: [] },
    };
    const recorded = guardsToRecord(judgeGuards(scene(2000, 100, { clusters })));
    expect(recorded.map((g) => [g.guard, g.of, g.state])).toEqual([
      ['drop_share', 'all', 'within'],
      ['rule', 'words.min_words', 'within'],
      ['cluster', 'b', 'near'],
      ['quarantine', 'all', 'within'],
    ]);
  });
});
