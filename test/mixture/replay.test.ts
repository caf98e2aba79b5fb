import { describe, expect, it } from 'vitest';
import { schedulerByName } from '../../src/mixture/by-name.ts';
import { drawStep, type MixState, mixOf, startMix } from '../../src/mixture/mix.ts';
import type { Facts, Scheduler } from '../../src/mixture/scheduler.ts';
import { fixed } from '../../src/mixture/schedulers/fixed.ts';
import { proportional } from '../../src/mixture/schedulers/proportional.ts';
import { replay } from '../../src/mixture/schedulers/replay.ts';
import { reactive } from './toy.ts';

const facts: Facts = {
  domains: [
    { name: 'code', tokens: 3000, sequences: 30 },
    { name: 'old/a', tokens: 1000, sequences: 10 },
    { name: 'old/b', tokens: 3000, sequences: 30 },
    { name: 'web', tokens: 1000, sequences: 10 },
  ],
  contextLength: 100,
  sequencesPerStep: 40,
  steps: 100,
};
const old = ['old/a', 'old/b'];

const weightsOf = (scheduler: Scheduler): readonly number[] => startMix(mixOf(scheduler, facts)).weights;

describe('replay', () => {
  it('gives old domains their share by size, and the rest to the scheduler of the new ones', () => {
    expect(weightsOf(replay(proportional(), { domains: old, share: 0.2 }))).toEqual([
      expect.closeTo(0.6, 12),
      expect.closeTo(0.05, 12),
      expect.closeTo(0.15, 12),
      expect.closeTo(0.2, 12),
    ]);
    const halves = replay(fixed({ weights: { code: 1, web: 1 } }), { domains: old });
    expect(weightsOf(halves)).toEqual([0.475, 0.0125, 0.0375, 0.475].map((w) => expect.closeTo(w, 12)));
  });

  it('keeps the number of sequences: of 40 a step, 5 % is 2', () => {
    let state: MixState = startMix(mixOf(replay(proportional(), { domains: old, share: 0.05 }), facts));
    const mix = mixOf(replay(proportional(), { domains: old, share: 0.05 }), facts);
    const drawn = [0, 0, 0, 0];
    for (let step = 0; step < 20; step++) {
      const { slots, state: after } = drawStep(mix, state);
      expect(slots.length).toBe(40);
      for (const { domain } of slots) drawn[domain]++;
      state = after;
    }
    expect(drawn).toEqual([570, 10, 30, 190]);
  });

  it('shows the scheduler inside new domains only, their losses too', () => {
    const seen: unknown[] = [];
    const spy: Scheduler = {
      ...reactive,
      next: (state, event, inner) => {
        seen.push([event.type === 'losses' ? event.losses : event.drawn, inner.domains.map((d) => d.name)]);
        return reactive.next(state, event, inner);
      },
    };
    const scheduler = replay(spy, { domains: old, share: 0.5 });
    expect(scheduler.needsLosses).toBe(true);
    const { state } = scheduler.start(facts);
    const next = scheduler.next(state, { type: 'losses', step: 0, losses: [3, 9, 9, 1] }, facts);
    expect(seen).toEqual([
      [
        [3, 1],
        ['code', 'web'],
      ],
    ]);
    expect(next.weights[1] + next.weights[2]).toBeCloseTo(0.5, 12);
    expect(next.weights[0]).toBeGreaterThan(next.weights[3]);
  });

  it('by name takes the scheduler inside by name too', () => {
    const named = schedulerByName('replay', {
      domains: old,
      share: 0.1,
      of: { name: 'temperature', options: { temperature: 2 } },
    });
    expect(named.options).toMatchObject({ share: 0.1, of: { name: 'temperature', options: { temperature: 2 } } });
    expect(weightsOf(schedulerByName('replay', { domains: old }))).toEqual(
      weightsOf(replay(proportional(), { domains: old })),
    );
  });

  it('refuses a share that is none', () => {
    expect(() => replay(proportional(), { domains: [] })).toThrow(/domains: a list that is not empty/);
    expect(() => replay(proportional(), { domains: old, share: 2 })).toThrow(/share: at most 1, got 2/);
  });
});
