import { describe, expect, it } from 'vitest';
import type { Facts, Scheduler } from '../../src/mixture/scheduler.ts';
import { ado } from '../../src/mixture/schedulers/ado.ts';
import { bandit } from '../../src/mixture/schedulers/bandit.ts';
import { cooldown } from '../../src/mixture/schedulers/cooldown.ts';
import { curriculum } from '../../src/mixture/schedulers/curriculum.ts';
import { domainUpsampling } from '../../src/mixture/schedulers/domain-upsampling.ts';
import { fixed } from '../../src/mixture/schedulers/fixed.ts';
import { proportional } from '../../src/mixture/schedulers/proportional.ts';
import { scalarization } from '../../src/mixture/schedulers/scalarization.ts';
import { skillIt } from '../../src/mixture/schedulers/skill-it.ts';
import { temperature } from '../../src/mixture/schedulers/temperature.ts';
import { unimaxShares } from '../../src/mixture/schedulers/unimax.ts';
import { seededRandom } from '../../src/random.ts';

const factsOf = (sizes: { readonly [name: string]: number }, steps = 100): Facts => ({
  domains: Object.entries(sizes).map(([name, sequences], i) => ({
    ...{ name, sequences, tokens: sequences * 64, difficulty: [3, 1, 2, 1][i] },
  })),
  contextLength: 64,
  sequencesPerStep: 10,
  steps,
});
const facts = factsOf({ web: 1000, code: 100, math: 10 });

const share = (values: readonly number[]) => values.map((v) => v / values.reduce((a, b) => a + b));
/** Shares at a step, of a scheduler that reads no losses. */
const at = (scheduler: Scheduler<never>, step: number, of: Facts = facts) => {
  const any = scheduler as unknown as Scheduler;
  const { weights } = any.next(any.start(of).state, { type: 'step', step, drawn: [], epochs: [] }, of);
  return share(weights).map((w) => Math.round(w * 1e4) / 1e4);
};

describe('schedulers that are laid out at the start', () => {
  it('fixed: as given', () => {
    expect(at(fixed({ weights: { math: 1, web: 2, code: 1 } }) as never, 50)).toEqual([0.5, 0.25, 0.25]);
  });

  it('proportional: by size', () => {
    expect(at(proportional() as never, 50)).toEqual([0.9009, 0.0901, 0.009]);
  });

  it('temperature: sizes to the power of 1 / temperature', () => {
    // 1000, 100 and 10 to the power of 1/2: 31.62, 10 and 3.162.
    expect(at(temperature({ temperature: 2 }) as never, 0)).toEqual([0.7061, 0.2233, 0.0706]);
    expect(at(temperature({ temperature: 1 }) as never, 0)).toEqual(at(proportional() as never, 0));
    expect(at(temperature({ temperature: 1e9 }) as never, 0)).toEqual([0.3333, 0.3333, 0.3333]);
  });

  it('cooldown: one switch from 5 to 1 in the middle', () => {
    const [hot, cold] = [at(temperature() as never, 0), at(proportional() as never, 0)];
    expect([0, 49, 50, 99].map((step) => at(cooldown() as never, step))).toEqual([hot, hot, cold, cold]);
    expect(at(cooldown({ switchAt: 0 }) as never, 0)).toEqual(cold);
  });

  it('scalarization: draws by size, with factors that make up for it', () => {
    const { weights, lossWeights } = scalarization({ temperature: 2 }).start(facts);
    expect(weights).toEqual([1000, 100, 10]);
    const drawn = share(weights);
    const counted = drawn.map((d, i) => Math.round(d * lossWeights![i] * 1e4) / 1e4);
    expect(counted).toEqual(at(temperature({ temperature: 2 }) as never, 0));
    const given = scalarization({ shares: { web: 1, code: 1, math: 2 } }).start(facts).lossWeights!;
    expect(given.map((f, i) => f * drawn[i])).toEqual([0.25, 0.25, 0.5].map((w) => expect.closeTo(w, 12)));
  });

  it('domain upsampling: the window at the end, without what is taken out', () => {
    const mixes = { base: { web: 9, code: 1, math: 0 }, window: { web: 2, code: 1, math: 1 } };
    const [plain, without] = [domainUpsampling(mixes), domainUpsampling({ ...mixes, without: ['math'] })];
    expect([0, 89, 90].map((step) => at(plain as never, step))).toEqual([
      [0.9, 0.1, 0],
      [0.9, 0.1, 0],
      [0.5, 0.25, 0.25],
    ]);
    expect(at(without as never, 90)).toEqual([0.6667, 0.3333, 0]);
    expect(plain.name).toBe('domain-upsampling');
  });

  it('unimax: equal parts, but no more epochs than allowed', () => {
    expect(unimaxShares([1000, 100, 10], 300, 1)).toEqual([190, 100, 10]);
    expect(unimaxShares([1000, 100, 10], 300, 4)).toEqual([130, 130, 40]);
    expect(unimaxShares([1000, 100, 10], 30, 4)).toEqual([10, 10, 10]);
    expect(unimaxShares([1000, 100, 0], 9999, 1)).toEqual([1000, 100, 0]);
  });

  it('curriculum: the easiest first, equal ones together, all of them in the end', () => {
    const groups = factsOf({ hard: 400, easy: 100, middling: 300, simple: 200 }, 1000);
    const open = (step: number, options = {}) => at(curriculum(options) as never, step, groups).map((w) => w > 0);
    // Percentiles: easy and simple up to 0.3, middling to 0.6. 0.1 rises to 1 between steps 62.5 and 875.
    expect(open(0)).toEqual([false, true, false, true]);
    expect(open(243)).toEqual([false, true, false, true]);
    expect(open(244)).toEqual([false, true, true, true]);
    expect(open(514)).toEqual([false, true, true, true]);
    expect(open(515)).toEqual([true, true, true, true]);
    expect(open(0, { reverse: true })).toEqual([true, false, false, false]);
    expect(open(874, { pace: 'step' })).toEqual([false, true, false, true]);
    expect(open(875, { pace: 'step' })).toEqual([true, true, true, true]);
    expect(at(curriculum() as never, 0, groups)).toEqual([0, 0.3333, 0, 0.6667]);
  });
});

describe('schedulers that read losses', () => {
  /** Runs a scheduler on a world in which a domain's loss is a function of how much of it has been drawn. */
  function run(scheduler: Scheduler, of: Facts, steps: number, lossOf: (domain: number, drawn: number) => number) {
    const random = seededRandom(3, 'world');
    const drawn = of.domains.map(() => 0);
    let { weights, state } = scheduler.start(of);
    for (let step = 0; step < steps; step++) {
      ({ weights, state } = scheduler.next(state, { type: 'step', step, drawn: [...drawn], epochs: [] }, of));
      for (const [i, w] of share(weights).entries()) drawn[i] += w * of.sequencesPerStep;
      const losses = drawn.map((n, i) => lossOf(i, n) + 0.02 * random.normal());
      ({ weights, state } = scheduler.next(state, { type: 'losses', step, losses }, of));
    }
    return { weights: share(weights), drawn };
  }
  const equal = factsOf({ learnable: 1e4, noise: 1e4 }, 3000);

  it('ado: draws what is being learnt, and not what only has a high loss', () => {
    const world = (domain: number, n: number) => (domain === 0 ? 1.7 + 30 * (n + 100) ** -0.4 : 6);
    const { weights } = run(ado({ every: 500 }) as Scheduler, equal, 3000, world);
    expect(weights[0]).toBeGreaterThan(0.6);
    expect(run(ado({ begin: 5000 }) as Scheduler, equal, 3000, world).weights).toEqual([0.5, 0.5]);
  });

  it('bandit: draws what has a high loss, learnable or not', () => {
    const world = (domain: number, n: number) => (domain === 0 ? 1.7 + 30 * (n + 100) ** -0.4 : 6);
    expect(run(bandit() as Scheduler, equal, 3000, world).weights[1]).toBeGreaterThan(0.9);
    expect(run(bandit({ warmup: 5000 }) as Scheduler, equal, 3000, world).weights).toEqual([0.5, 0.5]);
  });

  it('skill-it: draws the skill that another one depends on while that has a high loss', () => {
    const three = factsOf({ basic: 1e4, dependent: 1e4, other: 1e4 }, 6000);
    const scheduler = skillIt({ graph: { basic: { dependent: 0.5 } } }) as Scheduler;
    const { weights } = run(scheduler, three, 2000, (domain) => [0.5, 3, 0.5][domain]);
    // exp(0.5 * 3 * loss): 0.5 + 0.5 * 3 = 2, 3 and 0.5, three of each in the window.
    const want = share([2, 3, 0.5].map((gain) => Math.exp(0.5 * 3 * gain)));
    for (const [i, w] of want.entries()) expect(Math.abs(weights[i] - w)).toBeLessThan(0.02);
  });
});
