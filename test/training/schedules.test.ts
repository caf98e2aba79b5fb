import { describe, expect, it } from 'vitest';
import * as schedules from '../../src/training/schedules.ts';

const over = (schedule: schedules.Schedule, length: number) => (at: number) =>
  schedule.factor({ at, width: 1, length });

describe('a cosine schedule', () => {
  it('rises to 1 in the warm-up and falls along half a cosine', () => {
    const at = over(schedules.cosine({ warmup: 0.1, final: 0.2 }), 100);
    expect([at(0), at(4), at(9), at(10)]).toEqual([0.1, 0.5, 1, 1]);
    expect(at(55)).toBeCloseTo(0.6, 12);
    expect(at(100)).toBeCloseTo(0.2, 12);
  });

  it('counts its warm-up in steps where it is 1 or more', () => {
    const at = over(schedules.cosine({ warmup: 4, final: 0 }), 100);
    expect([0, 1, 2, 3, 4].map(at)).toEqual([0.25, 0.5, 0.75, 1, 1]);
  });

  it('by tokens depends on the tokens alone, whatever a step holds', () => {
    const { factor } = schedules.cosine({ warmup: 100, final: 0, by: 'tokens' });
    expect(factor({ at: 0, width: 50, length: 1000 })).toBe(0.5);
    expect(factor({ at: 50, width: 200, length: 1000 })).toBe(1);
    expect(factor({ at: 550, width: 7, length: 1000 })).toBeCloseTo(0.5, 12);
  });
});

describe('re-warming', () => {
  it('rises from the rate that training ended with, and comes down to it', () => {
    const at = over(schedules.rewarm({ warmup: 10, from: 0.1, final: 0.1 }), 110);
    expect(at(0)).toBeCloseTo(0.19, 12);
    expect(at(9)).toBe(1);
    expect(at(60)).toBeCloseTo(0.55, 12);
    expect(at(110)).toBeCloseTo(0.1, 12);
  });

  it('stays at the last rate where it is decayed before the end', () => {
    const at = over(schedules.rewarm({ warmup: 0, final: 0.1, decayed: 0.8 }), 100);
    expect(at(40)).toBeCloseTo(0.55, 12);
    expect([at(80), at(99)]).toEqual([0.1, 0.1]);
  });
});

describe('other schedules', () => {
  it('constant: 1 after the warm-up', () => {
    const at = over(schedules.constant({ warmup: 2 }), 9);
    expect([0, 1, 2, 8].map(at)).toEqual([0.5, 1, 1, 1]);
  });

  it('inverse square root: half after four times the warm-up; down to 0 in a cool-down', () => {
    const at = over(schedules.inverseSquareRoot({ warmup: 10 }), 1000);
    expect([at(0), at(9), at(39), at(89)]).toEqual([0.1, 1, 0.5, 1 / 3]);
    const cooled = over(schedules.inverseSquareRoot({ warmup: 10, cooldown: 100 }), 1000);
    expect(cooled(900)).toBeCloseTo(Math.sqrt(10 / 901), 12);
    expect(cooled(950)).toBeCloseTo(Math.sqrt(10 / 901) / 2, 12);
    expect(cooled(1000)).toBe(0);
  });

  it('warm-up, stable, decay', () => {
    const at = over(schedules.wsd({ warmup: 10, decay: 0.2, final: 0.1, shape: 'linear' }), 100);
    expect([at(4), at(10), at(79), at(80)]).toEqual([0.5, 1, 1, 1]);
    expect(at(90)).toBeCloseTo(0.55, 12);
    expect(over(schedules.wsd({ warmup: 0, decay: 100 }), 100)(25)).toBe(0.5);
    expect(over(schedules.wsd({ warmup: 0, decay: 100, shape: 'cosine' }), 100)(50)).toBeCloseTo(0.5, 12);
  });

  it('infinite: down to a constant that has no end, then an anneal from wherever it is begun', () => {
    const options = { warmup: 10, cooldown: 90, constant: 0.5, final: 0.05 };
    const open = over(schedules.infinite(options), 100);
    expect([open(4), open(9)]).toEqual([0.5, 1]);
    expect(open(55)).toBeCloseTo(0.75, 12);
    expect([open(100), open(5000)]).toEqual([0.5, 0.5]);
    const annealed = over(schedules.infinite({ ...options, anneal: { at: 200, over: 10 } }), 210);
    expect([annealed(55), annealed(199)]).toEqual([open(55), 0.5]);
    expect(annealed(204)).toBeCloseTo(0.5 * Math.sqrt(0.1), 12);
    expect(annealed(209)).toBeCloseTo(0.05, 12);
  });

  it('are open where no length of theirs is a share of the whole', () => {
    expect(schedules.infinite({ warmup: 10, cooldown: 90 }).open).toBe(true);
    expect(schedules.infinite().open).toBe(false);
    expect([schedules.constant().open, schedules.constant({ warmup: 0.1 }).open]).toEqual([true, false]);
    expect([schedules.cosine().open, schedules.wsd().open, schedules.rewarm().open]).toEqual([false, false, false]);
  });
});

describe('a schedule by name', () => {
  it.each(schedules.names())('%s is the one of its maker, with its defaults', (name) => {
    const { name: own, options } = schedules.byName(name);
    expect(own).toBe(name);
    expect(schedules.byName(name, options).options).toEqual(options);
  });

  it('that is unknown is refused with the nearest, and so are its options', () => {
    expect(() => schedules.byName('cosin')).toThrow(/got 'cosin'.* Did you mean cosine\?/);
    expect(() => schedules.byName('wsd', { decy: 1 })).toThrow(/Did you mean decay\?/);
    expect(() => schedules.cosine({ final: 2 })).toThrow(/expected final: at most 1, got 2/);
  });
});
