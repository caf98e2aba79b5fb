import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { fitError, fitPowerLaw, lossAt } from '../../src/mixture/power-law.ts';
import type { Facts, Scheduler } from '../../src/mixture/scheduler.ts';
import { adoStep } from '../../src/mixture/schedulers/ado.ts';
import { bandit } from '../../src/mixture/schedulers/bandit.ts';
import { paceAt } from '../../src/mixture/schedulers/curriculum.ts';
import { doremi } from '../../src/mixture/schedulers/doremi.ts';
import { skillIt } from '../../src/mixture/schedulers/skill-it.ts';

// What the authors' own code answers: made by scripts/make/mixture-oracle.py.
const oracle = JSON.parse(
  readFileSync(new URL('../fixtures/mixture/schedulers.json', import.meta.url), 'utf8'),
) as Oracle;

interface Oracle {
  readonly skillIt: readonly {
    readonly options: { readonly [name: string]: unknown };
    readonly graph: number[][];
    readonly every: number;
    readonly losses: number[][];
    readonly weights: number[][];
  }[];
  readonly doremi: {
    readonly reference: number[];
    readonly losses: number[][];
    readonly weights: number[][];
    readonly average: number[];
  };
  readonly bandit: { readonly losses: number[][]; readonly mean: number[][]; readonly exp3: number[][] };
  readonly ado: {
    readonly sizes: number[];
    readonly batch: number;
    readonly samples: number[];
    readonly fits: readonly {
      readonly losses: number[];
      readonly law: [number, number, number];
      readonly value: number;
    }[];
    readonly begin: number;
    readonly steps: readonly { readonly counts: number[]; readonly weights: number[] | null }[];
  };
  readonly pacing: { readonly [name: string]: number[] };
}

const factsOf = (domains: number): Facts => ({
  domains: Array.from({ length: domains }, (_, i) => ({ name: `d${i}`, tokens: null, sequences: null })),
  contextLength: 128,
  sequencesPerStep: 8,
  steps: null,
});
const named = (values: readonly number[]) => Object.fromEntries(values.map((v, i) => [`d${i}`, v]));
const share = (values: readonly number[]) => values.map((v) => v / values.reduce((a, b) => a + b));

function expectClose(got: readonly number[], want: readonly number[], digits: number): void {
  expect(got).toHaveLength(want.length);
  for (const [i, w] of want.entries()) expect(got[i]).toBeCloseTo(w, digits);
}

describe('skill-it', () => {
  it.each(oracle.skillIt.map((c) => [JSON.stringify(c.options), c] as const))('with %s', (_, c) => {
    const { options: o } = c;
    const mask = o.target_mask as string | undefined;
    const scheduler: Scheduler = skillIt({
      graph: Object.fromEntries(c.graph.map((row, i) => [`d${i}`, named(row)])),
      every: c.every,
      evaluateEvery: 5,
      eta: (o.eta as number) ?? 0.5,
      window: (o.mw_window as number) ?? 3,
      normalize: o.normalize_loss === true,
      halve: o.dynamic_lambda === true,
      etaSchedule: o.eta_schedule === true,
      ...(o.mw_prior ? { prior: named(o.mw_prior as number[]) } : {}),
      ...(mask ? { targets: [...mask].flatMap((m, i) => (m === '1' ? [`d${i}`] : [])) } : {}),
    }) as Scheduler;
    const facts = factsOf(4);
    let { weights, state } = scheduler.start(facts);
    const answers = [weights];
    for (let step = 0; step < c.every * 4; step++) {
      ({ state } = scheduler.next(state, { type: 'losses', step, losses: c.losses[Math.floor(step / 5)] }, facts));
      const told = { type: 'step', step: step + 1, drawn: [], epochs: [] } as const;
      ({ weights, state } = scheduler.next(state, told, facts));
      if ((step + 1) % c.every === 0) answers.push(weights);
    }
    expect(answers).toHaveLength(c.weights.length);
    for (const [i, want] of c.weights.entries()) expectClose(share(answers[i]), want, 10);
  });
});

describe('doremi', () => {
  it('moves the weights as the authors do (in float32), and averages them', () => {
    const { reference, losses, weights, average } = oracle.doremi;
    const facts = factsOf(5);
    const draw = doremi({ reference: named(reference), apply: 'draw' });
    const weigh = doremi({ reference: named(reference) });
    let [byDraw, byLoss] = [draw.start(facts), weigh.start(facts)];
    for (const [step, row] of losses.entries()) {
      byDraw = draw.next(byDraw.state, { type: 'losses', step, losses: row }, facts);
      byLoss = weigh.next(byLoss.state, { type: 'losses', step, losses: row }, facts);
      expectClose(byDraw.weights, weights[step], 5);
      expect(byLoss.weights).toEqual(Array(5).fill(0.2));
      expectClose(
        byLoss.lossWeights!.map((w) => w / 5),
        weights[step],
        5,
      );
    }
    expectClose(byDraw.state.average, average, 5);
  });
});

describe('bandit', () => {
  it.each(['mean', 'exp3'] as const)('%s', (reward) => {
    const scheduler = bandit({ reward, warmup: 0 });
    const facts = factsOf(4);
    let decision = scheduler.start(facts);
    for (const [step, losses] of oracle.bandit.losses.entries()) {
      decision = scheduler.next(decision.state, { type: 'losses', step, losses }, facts);
      if (step === 0) expect(decision.weights).toEqual([0.25, 0.25, 0.25, 0.25]);
      else expectClose(decision.weights, oracle.bandit[reward][step - 1], 12);
    }
  });
});

describe('ado', () => {
  const { ado } = oracle;

  it.each(ado.fits.map((fit, i) => [i, fit] as const))('fits domain %i as well as 512 starts of L-BFGS', (_, fit) => {
    const logs = [ado.samples.map(Math.log), fit.losses.map(Math.log)] as const;
    expect(fitError(fit.law, ...logs)).toBeCloseTo(fit.value, 9);
    const law = fitPowerLaw(ado.samples, fit.losses);
    expect(fitError([law.scale, law.irreducible, law.exponent], ...logs)).toBeLessThan(fit.value + 1e-6);
    const theirs = { scale: fit.law[0], irreducible: fit.law[1], exponent: fit.law[2] };
    for (const n of ado.samples) expect(lossAt(law, n) / lossAt(theirs, n)).toBeCloseTo(1, 2);
  });

  it('shares by its laws as the authors do', () => {
    const sizes = share(ado.sizes);
    const laws = ado.fits.map(({ law: [scale, irreducible, exponent] }) => ({ scale, irreducible, exponent }));
    let [history, average]: (readonly number[])[] = [sizes, sizes];
    let compared = 0;
    for (const [step, { counts, weights }] of ado.steps.entries()) {
      history = history.map((h, i) => 0.9 * h + 0.1 * (counts[i] / ado.batch));
      if (step < ado.begin) continue;
      const samples = ado.batch * (step + 1);
      const next = adoStep({ sizes, laws, history, average, samples, step, least: 0.01 })!;
      average = next.average;
      expectClose(next.weights, weights!, 6);
      compared++;
    }
    expect(compared).toBe(30);
  });
});

describe('pacing of curricula', () => {
  it.each(Object.entries(oracle.pacing))('%s', (name, values) => {
    const settings = { from: 0.1, begin: 0.0625 * 400, end: 0.875 * 400 };
    const got = values.map((_, i) => paceAt(name as 'linear', i * 8, settings));
    expectClose(got, values, 10);
  });
});
