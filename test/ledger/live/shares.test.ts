import { describe, expect, it } from 'vitest';
import { bottleneckOf, stepPlaces, timingOf } from '../../../src/ledger/live/shares.ts';
import type { StepDescriptor } from '../../../src/streams/operator.ts';

const step = (name: string, barrier = false) =>
  ({ step: name, effects: barrier ? { drops: 'copies', barrier } : { annotates: true } }) as unknown as StepDescriptor;
const steps = [step('a'), step('copies', true), step('b'), step('c')];
const phases = [
  { wall: 10, threadSeconds: 20, times: [4000, 6000, 8000, 500] },
  { wall: 5, threadSeconds: 10, times: [1000, 1000, 5000, 2000, 0] },
];

describe('shares of time', () => {
  it('know the place of each step, and that a barrier is the last of its phase', () => {
    expect(stepPlaces(steps)).toEqual([
      { phase: 0, place: 1 },
      { phase: 0, place: 2 },
      { phase: 1, place: 1 },
      { phase: 1, place: 2 },
    ]);
  });

  it('are at work, waiting for what stands before, held back by what stands after', () => {
    const { places, idleSeconds } = timingOf(steps, phases, new Map([['copies', 1.5]]));
    expect(idleSeconds).toBe(2.5);
    expect(places.map((p) => [p.place, p.phase, p.seconds, p.shares])).toEqual([
      ['read', 0, 4, { busy: 0.2, waiting: 0.075, heldBack: 0.725 }],
      ['a', 0, 6, { busy: 0.3, waiting: 0.275, heldBack: 0.425 }],
      ['copies', 0, 9.5, { busy: 0.4, waiting: 0.575, heldBack: 0.025 }],
      ['read', 1, 1, { busy: 0.1, waiting: 0.1, heldBack: 0.8 }],
      ['b', 1, 1, { busy: 0.1, waiting: 0.2, heldBack: 0.7 }],
      ['c', 1, 5, { busy: 0.5, waiting: 0.3, heldBack: 0.2 }],
      ['write', 1, 2, { busy: 0.2, waiting: 0.8, heldBack: 0 }],
    ]);
  });

  it('name the bottleneck of the phase in work, and of the whole run', () => {
    const timing = timingOf(steps, phases, new Map([['copies', 1.5]]));
    expect(bottleneckOf(timing, 1, 2)).toMatchObject({ place: 'c', share: 0.556 });
    expect(bottleneckOf(timing, null, 2)).toMatchObject({ place: 'copies', share: 0.333 });
    expect(bottleneckOf(timing, null, 2)?.sentence).toBe(
      'Step copies takes 33 % of the time at work, all phases together: it is the bottleneck.',
    );
    expect(bottleneckOf({ places: [], idleSeconds: 0, threadSeconds: 0 }, null, 2)).toBe(null);
  });
});
