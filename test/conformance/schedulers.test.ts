import { describe, expect, it } from 'vitest';
import { mixHistory } from '../../src/mixture/history.ts';
import type { Losses } from '../../src/mixture/log.ts';
import { drawStep, factsFor, mixOf, startMix } from '../../src/mixture/mix.ts';
import type { Decision, Facts, Json, MixtureEvent, Scheduler } from '../../src/mixture/scheduler.ts';
import { ado } from '../../src/mixture/schedulers/ado.ts';
import { bandit } from '../../src/mixture/schedulers/bandit.ts';
import { cooldown } from '../../src/mixture/schedulers/cooldown.ts';
import { curriculum } from '../../src/mixture/schedulers/curriculum.ts';
import { domainUpsampling } from '../../src/mixture/schedulers/domain-upsampling.ts';
import { doremi } from '../../src/mixture/schedulers/doremi.ts';
import { fixed } from '../../src/mixture/schedulers/fixed.ts';
import { phases } from '../../src/mixture/schedulers/phases.ts';
import { proportional } from '../../src/mixture/schedulers/proportional.ts';
import { replay } from '../../src/mixture/schedulers/replay.ts';
import { scalarization } from '../../src/mixture/schedulers/scalarization.ts';
import { skillIt } from '../../src/mixture/schedulers/skill-it.ts';
import { temperature } from '../../src/mixture/schedulers/temperature.ts';
import { unimax } from '../../src/mixture/schedulers/unimax.ts';
import { checkedLossWeights, checkedWeights } from '../../src/mixture/weights.ts';
import type { Random } from '../../src/random.ts';
import { seededRandom } from '../../src/random.ts';

/** A scheduler for domains of these names. */
type Make = (names: readonly string[]) => Scheduler;
const each = (names: readonly string[], of: (i: number) => number) =>
  Object.fromEntries(names.map((name, i) => [name, of(i)]));

/** One line for each scheduler. */
const SCHEDULERS: { readonly [name: string]: Make } = {
  fixed: (names) => fixed({ weights: each(names, (i) => i + 1) }),
  proportional: () => proportional(),
  temperature: () => temperature({ temperature: 3 }),
  cooldown: () => cooldown(),
  scalarization: () => scalarization(),
  'scalarization by shares': (names) => scalarization({ shares: each(names, (i) => i + 1) }),
  phases: (names) =>
    phases({
      phases: [0, 0.3, 0.9].map((from, k) => ({ from, weights: each(names, (i) => (i === 1 && k === 0 ? 0 : i + 1)) })),
    }),
  'domain-upsampling': (names) =>
    domainUpsampling({ base: each(names, () => 1), window: each(names, (i) => i + 1), without: names.slice(1, 2) }),
  unimax: () => unimax(),
  curriculum: () => curriculum({ pace: 'log' }),
  'skill-it': (names) =>
    skillIt({ every: 20, evaluateEvery: 4, graph: { [names[0]]: { [names.at(-1)!]: 0.5 } }, halve: true }),
  'skill-it to targets': (names) =>
    skillIt({ every: 20, evaluateEvery: 4, targets: [names[0]], normalize: true, etaSchedule: true }),
  'skill-it with isolated ones': () => skillIt({ every: 20, evaluateEvery: 4, pinIsolated: true }),
  doremi: (names) => doremi({ reference: each(names, () => 2) }),
  'doremi by drawing': (names) => doremi({ reference: each(names, () => 2), apply: 'draw' }),
  ado: () => ado({ begin: 20, ignore: 5, every: 40 }),
  bandit: () => bandit({ warmup: 5 }),
  'bandit exp3': () => bandit({ warmup: 5, reward: 'exp3' }),
  replay: (names) => replay(proportional(), { domains: names.slice(0, 1), share: 0.1 }),
  'replay beside losses': (names) => replay(bandit({ warmup: 5 }), { domains: names.slice(0, 1) }),
};

/** Facts of domains d0, d1, ... with these sequences. */
const factsOf = (sequences: readonly number[]): Facts => ({
  domains: sequences.map((n, i) => ({ name: `d${i}`, tokens: n * 64, sequences: n, difficulty: (i * 7) % 5 })),
  contextLength: 64,
  sequencesPerStep: 16,
  steps: 120,
});

function frozen<T>(value: T): T {
  if (value !== null && typeof value === 'object') {
    Object.freeze(value);
    for (const member of Object.values(value)) frozen(member);
  }
  return value;
}

type LossAt = (random: Random, step: number) => number | null;

/** Random events of a run; losses come a few steps late, now and then twice or not at all. */
function events(random: Random, domains: number, lossAt: LossAt): MixtureEvent[] {
  const drawn = Array.from({ length: domains }, () => 0);
  return Array.from({ length: 120 }, (_, step): MixtureEvent[] => {
    for (let slot = 0; slot < 16; slot++) drawn[random.below(domains)]++;
    const epochs = drawn.map((n) => Math.floor(n / 100));
    const told: MixtureEvent = { type: 'step', step, drawn: [...drawn], epochs };
    const losses = drawn.map(() => lossAt(random, step));
    return step < 3 || random.uniform() < 0.1 ? [told] : [{ type: 'losses', step: step - 3, losses }, told];
  }).flat();
}

/** Tells a scheduler all of that, with its state through JSON each time, and checks what it answers. */
function told(scheduler: Scheduler, facts: Facts, all: readonly MixtureEvent[]): Decision<Json>[] {
  const mix = mixOf(scheduler, facts);
  const shown = frozen(factsFor(mix));
  let decision = scheduler.start(shown);
  const decisions = [decision];
  for (const event of all) {
    if (event.type === 'losses' && !scheduler.needsLosses) continue;
    const state = frozen(JSON.parse(JSON.stringify(decision.state)) as Json);
    expect(state).toEqual(decision.state);
    decision = scheduler.next(state, frozen(event), shown);
    checkedWeights(scheduler.name, facts, decision.weights);
    checkedLossWeights(scheduler.name, facts, decision.lossWeights);
    decisions.push(decision);
  }
  return decisions;
}

const plain: LossAt = (random, step) => 2 + 3 / Math.sqrt(step + 1) + random.uniform();
const sizes = [1000, 120, 40, 7];
const names = sizes.map((_, i) => `d${i}`);

describe.each(Object.entries(SCHEDULERS))('%s', (_, make) => {
  it('has a name, a version and options that JSON holds', () => {
    const { name, version, options } = make(names);
    expect(name).toMatch(/^[a-z]+(-[a-z0-9]+)*$/);
    expect(version).toBeGreaterThanOrEqual(1);
    expect(JSON.parse(JSON.stringify(options))).toEqual(options);
  });

  it.each<[string, LossAt]>([
    ['plain losses', plain],
    ['no loss at all', () => null],
    ['a loss now and then', (random) => (random.uniform() < 0.3 ? 2 : null)],
    ['huge losses', (random) => 1e308 * random.uniform()],
    ['tiny losses', (random) => 5e-324 * Math.round(random.uniform())],
    ['losses of 0', () => 0],
    ['negative losses', (random) => -1e300 * random.uniform()],
    ['losses of every size', (random) => Math.exp(random.normal() * 100)],
  ])('gives valid weights, from frozen input and from a state that was JSON, after %s', (_, lossAt) => {
    for (let seed = 0; seed < 3; seed++)
      told(make(names), factsOf(sizes), events(seededRandom(seed, 'events'), sizes.length, lossAt));
  });

  it('gives the same for the same', () => {
    const all = events(seededRandom(8, 'events'), sizes.length, plain);
    expect(told(make(names), factsOf(sizes), all)).toEqual(told(make(names), factsOf(sizes), all));
  });

  it('works with one domain', () => {
    const all = events(seededRandom(1, 'events'), 1, plain);
    for (const { weights } of told(make(['d0']), factsOf([50]), all)) expect(weights[0]).toBeGreaterThan(0);
  });

  it('gives nothing to an empty domain where it needs totals', () => {
    const scheduler = make(names);
    if (!scheduler.needsTotals) return expect(() => mixOf(scheduler, unknownTotals)).not.toThrow();
    const all = events(seededRandom(2, 'events'), 4, plain);
    for (const { weights } of told(scheduler, factsOf([100, 0, 40, 7]), all)) expect(weights[1]).toBe(0);
    expect(() => startMix(mixOf(scheduler, factsOf([0, 0, 0, 0])))).toThrow('expected a weight above 0 for one domain');
  });

  const unknownTotals: Facts = {
    ...factsOf(sizes),
    domains: names.map((name) => ({ name, tokens: null, sequences: null })),
  };

  it('says whether it needs totals, and decides without them where it does not', () => {
    const scheduler = make(names);
    if (scheduler.needsTotals) {
      expect(() => mixOf(scheduler, unknownTotals)).toThrow(
        `expected the tokens of every domain, which ${scheduler.name}`,
      );
      return;
    }
    const all = events(seededRandom(3, 'events'), sizes.length, plain);
    expect(told(scheduler, unknownTotals, all)).toEqual(told(scheduler, factsOf(sizes), all));
  });

  it('replays to the slots of a straight run', () => {
    const mix = mixOf(make(names), factsOf(sizes));
    const losses = (step: number): Losses => sizes.map((_, d) => 1 + ((step * 13 + d * 5) % 11) / 4);
    const straight = mixHistory(mix, 4);
    const replayed = mixHistory(mix, 4);
    for (const history of [straight, replayed]) for (let step = 0; step < 100; step++) history.post(step, losses(step));
    const states = [startMix(mix)];
    for (let step = 0; step < 100; step++) {
      const drawn = straight.draw(states[step]);
      if ('waitsFor' in drawn) throw new Error(`waits for ${drawn.waitsFor}`);
      states.push(drawn.state);
      const kept = JSON.parse(JSON.stringify(drawn.state));
      if (step % 30 === 29) replayed.record({ type: 'counters', state: kept });
    }
    for (const step of [0, 17, 30, 59, 90, 100]) expect(replayed.stateAt(step)).toEqual(states[step]);
    expect(states[100].drawn.reduce((a, b) => a + b)).toBe(1600);
    expect(drawStep(mix, states[100]).slots).toHaveLength(16);
  });

  it('names a domain that it does not know, or has no option that names domains', () => {
    const scheduler = make(names);
    const named = JSON.stringify(scheduler.options).includes('"d0"');
    const others = { ...factsOf(sizes), domains: factsOf(sizes).domains.map((d) => ({ ...d, name: `x${d.name}` })) };
    const start = () => startMix(mixOf(scheduler, others));
    if (named) expect(start).toThrow(/expected (a domain: xd0, xd1, xd2, xd3, got d\d|a number for each of)/);
    else expect(start).not.toThrow();
  });
});

describe('options', () => {
  it.each<[string, () => unknown, string]>([
    ['fixed', () => fixed({ weights: { web: -1 } }), 'fixed(): expected weights.web: at least 0, got -1.'],
    ['fixed', () => fixed({} as never), 'fixed(): expected weights: an object, got nothing.'],
    ['fixed', () => fixed({ wieghts: {} } as never), 'Did you mean weights?'],
    ['proportional', () => proportional({ to: 1 } as never), 'proportional(): expected no options, got the option to.'],
    ['temperature', () => temperature({ temperature: 0 }), 'temperature(): expected temperature: more than 0, got 0.'],
    ['cooldown', () => cooldown({ switchAt: 2 }), 'cooldown(): expected switchAt: at most 1, got 2.'],
    ['phases', () => phases({ phases: [{ from: 0.5, weights: {} }] }), 'the first at 0, got 0.5.'],
    ['phases', () => phases({ phases: [] }), 'phases(): expected phases: a list that is not empty'],
    [
      'domain-upsampling',
      () => domainUpsampling({ base: {}, window: {}, fraction: 1 }),
      'fraction: less than 1, got 1.',
    ],
    ['unimax', () => unimax({ maxEpochs: 0 }), 'unimax(): expected maxEpochs: more than 0, got 0.'],
    [
      'curriculum',
      () => curriculum({ pace: 'cubic' as never }),
      'one of linear, quad, root, step, exp, log, got "cubic".',
    ],
    ['curriculum', () => curriculum({ begin: 0.9, end: 0.5 }), 'expected a begin before the end, got 0.9 and 0.5.'],
    ['skill-it', () => skillIt({ window: 0 }), 'skillIt(): expected window: at least 1, got 0.'],
    ['doremi', () => doremi({} as never), 'doremi(): expected reference: an object, got nothing.'],
    ['ado', () => ado({ begin: 0 }), 'ado(): expected begin: at least 1, got 0.'],
    ['bandit', () => bandit({ smoothing: 1 }), 'bandit(): expected smoothing: less than 1, got 1.'],
  ])('of %s are checked when it is called', (_, call, message) => {
    expect(call).toThrow(message);
  });

  it('that need the planned steps say so', () => {
    const open = { ...factsOf(sizes), steps: null };
    for (const scheduler of [cooldown(), unimax(), curriculum(), SCHEDULERS.phases(names)])
      expect(() => startMix(mixOf(scheduler, open))).toThrow('expected the planned steps, got an open-ended run');
    expect(startMix(mixOf(phases({ phases: [{ from: 0, weights: each(names, () => 1) }] }), open)).weights[0]).toBe(
      0.25,
    );
  });

  it('of curricula need a difficulty for each domain', () => {
    const facts = { ...factsOf([5]), domains: [{ name: 'web', tokens: 320, sequences: 5 }] };
    expect(() => startMix(mixOf(curriculum(), facts))).toThrow(
      'expected a difficulty for each domain, got none for web.',
    );
  });
});
