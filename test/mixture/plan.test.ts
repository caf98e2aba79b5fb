import { describe, expect, it } from 'vitest';
import { adviceOn } from '../../src/mixture/advice.ts';
import { drawStep, mixOf, startMix } from '../../src/mixture/mix.ts';
import { planFor, planMix } from '../../src/mixture/plan.ts';
import type { Facts, Scheduler } from '../../src/mixture/scheduler.ts';
import { bandit } from '../../src/mixture/schedulers/bandit.ts';
import { cooldown } from '../../src/mixture/schedulers/cooldown.ts';
import { domainUpsampling } from '../../src/mixture/schedulers/domain-upsampling.ts';
import { fixed } from '../../src/mixture/schedulers/fixed.ts';
import { phases } from '../../src/mixture/schedulers/phases.ts';
import { proportional } from '../../src/mixture/schedulers/proportional.ts';
import { scalarization } from '../../src/mixture/schedulers/scalarization.ts';
import { temperature } from '../../src/mixture/schedulers/temperature.ts';
import { unimax } from '../../src/mixture/schedulers/unimax.ts';

const run = { contextLength: 100, sequencesPerStep: 10, steps: 100 };
const tokens = { web: 80_000, code: 16_000, math: 4_000 };
const codes = (scheduler: Scheduler, of: { readonly [d: string]: number } = tokens, more = {}) =>
  adviceOn(planFor(scheduler, of, { ...run, ...more })).map((a) => a.code);

describe('a plan', () => {
  it('says tokens, epochs and the first repeat of each domain', () => {
    const plan = planFor(proportional(), tokens, { ...run, steps: 150 });
    expect(plan).toMatchObject({ scheduler: 'proportional', steps: 150, planned: 150, tokens: 150_000 });
    expect(plan.domains).toEqual([
      { name: 'web', unique: 80_000, drawn: 120_000, share: 0.8, epochs: 1.5, firstRepeat: 100 },
      { name: 'code', unique: 16_000, drawn: 24_000, share: 0.16, epochs: 1.5, firstRepeat: 100 },
      { name: 'math', unique: 4_000, drawn: 6_000, share: 0.04, epochs: 1.5, firstRepeat: 101 },
    ]);
    expect(plan.phases).toHaveLength(1);
  });

  it('says it for each phase', () => {
    const base = { web: 1, code: 1, math: 0 };
    const plan = planFor(domainUpsampling({ base, window: { web: 0, code: 1, math: 1 }, fraction: 0.2 }), tokens, run);
    expect(plan.phases.map(({ from, to, tokens: t, epochs }) => ({ from, to, t, epochs }))).toEqual([
      { from: 0, to: 80, t: [40_000, 40_000, 0], epochs: [0.5, 2.5, 0] },
      { from: 80, to: 100, t: [0, 10_000, 10_000], epochs: [0, 0.625, 2.5] },
    ]);
  });

  it.each<[string, Scheduler, number | undefined]>([
    ['proportional', proportional(), undefined],
    ['temperature', temperature(), undefined],
    ['cooldown', cooldown(), undefined],
    ['unimax', unimax({ maxEpochs: 2 }), undefined],
    ['fixed with a cap', fixed({ weights: { web: 1, code: 2, math: 1 } }), 1.5],
  ])('draws what the feed draws, within a sequence or two: %s', (_, scheduler, maxEpochs) => {
    const plan = planFor(scheduler, tokens, { ...run, maxEpochs });
    const facts: Facts = {
      ...run,
      domains: Object.entries(tokens).map(([name, n]) => ({ name, tokens: n, sequences: n / 100 })),
    };
    const mix = mixOf(scheduler, facts, { maxEpochs });
    let state = startMix(mix);
    const repeated: (number | null)[] = [null, null, null];
    for (let step = 0; step < run.steps; step++) {
      const drawn = drawStep(mix, state);
      if (drawn.ended !== null) break;
      state = drawn.state;
      for (const [i, d] of facts.domains.entries()) if (state.drawn[i] > d.sequences!) repeated[i] ??= step;
    }
    expect(plan.steps).toBe(state.step);
    for (const [i, d] of plan.domains.entries()) {
      expect(Math.abs(d.drawn / 100 - state.drawn[i])).toBeLessThanOrEqual(2);
      if (repeated[i] === null) expect(d.firstRepeat).toBe(null);
      else expect(Math.abs(d.firstRepeat! - repeated[i])).toBeLessThanOrEqual(4);
    }
  });

  it('ends where the caps end it', () => {
    const plan = planFor(proportional(), tokens, { ...run, steps: 500, maxEpochs: 2 });
    expect(plan).toMatchObject({ steps: 200, planned: 500, tokens: 200_000 });
    expect(plan.domains.map((d) => d.epochs)).toEqual([2, 2, 2]);
    expect(adviceOn(plan)[0]).toMatchObject({
      level: 'warning',
      text: 'The feed ends after 200 of 500 steps: every domain has been drawn for all its epochs.',
    });
  });

  it('takes a second or two for a million steps', () => {
    const domains = Array.from({ length: 10 }, (_, i) => ({
      name: `d${i}`,
      tokens: 1e9 * i + 1e9,
      sequences: 1e6 * (i + 1),
    }));
    const facts: Facts = { domains, contextLength: 1000, sequencesPerStep: 512, steps: 1_000_000 };
    const begin = process.cpuUsage();
    expect(planMix(mixOf(cooldown(), facts), 1_000_000).phases.map((p) => p.from)).toEqual([0, 500_000]);
    // Four times what it takes, in processor time, so that it says something and does not fail by chance.
    expect(process.cpuUsage(begin).user / 1e6).toBeLessThan(10);
  });
});

describe('advice', () => {
  it('is silent where nothing repeats', () => {
    expect(codes(proportional())).toEqual([]);
  });

  it('tells repeats up to four epochs from more, and small parts of it', () => {
    expect(codes(proportional(), tokens, { steps: 150 })).toEqual(['repeats', 'more-than-unique']);
    const hot = adviceOn(planFor(fixed({ weights: { web: 16, code: 3, math: 1 } }), tokens, { ...run, steps: 400 }));
    expect(hot.map((a) => a.code)).toEqual(['many-epochs', 'small-part-repeated', 'repeats', 'more-than-unique']);
    expect(hot[0].text).toMatch(/^math \(5\.0\): more than about 4 epochs/);
    expect(hot[2].text).toMatch(/^web \(4\.0\) and code \(3\.8\): more than one epoch/);
  });

  it('knows windows that were not tried, domains never drawn, losses weighed and losses read', () => {
    const [base, window] = [
      { web: 1, code: 1, math: 0 },
      { web: 1, code: 2, math: 0 },
    ];
    const plan = (fraction: number) => codes(domainUpsampling({ base, window, fraction }), { ...tokens, code: 9e6 });
    expect(plan(0.4)).toEqual(['never-drawn', 'window-not-tried']);
    expect(plan(0.1)).toEqual(['never-drawn']);
    expect(codes(scalarization())).toEqual(['loss-weights']);
    expect(codes(bandit() as Scheduler, { web: 9e6, code: 9e6 })).toEqual(['reads-losses']);
    const five = [0, 0.2, 0.4, 0.6, 0.8].map((from) => ({ from, weights: { web: 1 + from, code: 1 } }));
    expect(codes(phases({ phases: five }), { web: 9e6, code: 9e6 })).toEqual(['many-switches']);
  });
});
