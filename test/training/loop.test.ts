import { lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { onnxruntimeNode } from '../../src/models/executors/onnxruntime-node.ts';
import { newModel } from '../../src/models/new-model.ts';
import type { Checkpoint } from '../../src/training/checkpoint.ts';
import { continualPretrain, type LoopEvent, type LoopOptions, type StepEvent } from '../../src/training/loop.ts';
import { type HeldOutText, measureModel } from '../../src/training/measure.ts';
import { constant, cosine } from '../../src/training/schedules.ts';
import type { TrainingSequence, TrainingSource } from '../../src/training/sequences.ts';

const executor = await onnxruntimeNode();
const model = newModel({ family: 'llama', vocabulary: 32, width: 16, layers: 1, heads: 2, context: 8 }, 4);
const LENGTH = 8;

const sequence = (domain: number, index: number): TrainingSequence => ({
  domain,
  epoch: 0,
  index,
  ids: Array.from({ length: LENGTH }, (_, i) => (domain * 7 + index * 3 + i * i) % 32),
  length: LENGTH,
  next: index % 32,
  starts: [0, 3],
  lossWeight: 1,
});

/** Four sequences a step of two domains, the second from step 2 on. Losses that are posted stand in `posted`. */
function source(ends = Number.POSITIVE_INFINITY, more: Partial<TrainingSource> = {}) {
  const posted: [number, Readonly<Record<string, number | null>>][] = [];
  const made: TrainingSource = {
    domains: ['a', 'b'],
    contextLength: LENGTH,
    sequencesPerStep: 4,
    async pull(from, count) {
      if (from >= ends) return { steps: [], ended: 'there is no more text' };
      const steps = Array.from({ length: count }, (_, i) => from + i).map((step) => ({
        step,
        sequences: [0, 1, 2, 3].map((slot) => sequence(step >= 2 ? slot % 2 : 0, step * 4 + slot)),
        weights: step >= 2 ? [0.5, 0.5] : [1, 0],
      }));
      return { steps, ended: null };
    },
    async post(step, losses) {
      posted.push([step, losses]);
    },
    snapshot: async (step) => ({ before: step }),
    ...more,
  };
  return { made, posted };
}

const heldOut: HeldOutText = {
  sequences: { a: [sequence(0, 99)], b: [sequence(1, 98), sequence(1, 97)] },
  byteLengths: new Uint16Array(32).fill(2),
  start: null,
};

const run = (more: Partial<LoopOptions> = {}): Promise<LoopEvent[]> =>
  lastValueFrom(
    continualPretrain({
      model,
      executor,
      source: source().made,
      steps: 6,
      learningRate: 0.01,
      schedule: cosine({ warmup: 2 }),
      ...more,
    }).pipe(toArray()),
  );

const stepsOf = (events: readonly LoopEvent[]): StepEvent[] => events.filter((e) => e.type === 'step');
const ended = (events: readonly LoopEvent[]) => events.at(-1) as Extract<LoopEvent, { type: 'ended' }>;
const weightsOf = (events: readonly LoopEvent[]): number[][] =>
  [...ended(events).model.weights.values()].map(({ data }) => [...data]);
const numbers = ({ tokensPerSecond: _, ...rest }: StepEvent) => rest;

describe('the loop', () => {
  it('tells each step, and its losses by domain to the source', async () => {
    const { made, posted } = source();
    const events = await run({ source: made });
    expect(events.map((e) => e.type)).toEqual(['began', ...new Array(6).fill('step'), 'ended']);
    const steps = stepsOf(events);
    expect(steps.map((s) => [s.step, s.tokensSeen])).toEqual([1, 2, 3, 4, 5, 6].map((n) => [n, n * 4 * LENGTH]));
    expect(steps.map((s) => s.learningRate).slice(0, 2)).toEqual([0.005, 0.01]);
    expect(steps[0].lossByDomain).toEqual({ a: steps[0].lossByDomain.a, b: null });
    expect(steps[0].lossByDomain.a).toBeCloseTo(steps[0].loss, 5);
    const { a, b } = steps[3].lossByDomain;
    expect((a! + b!) / 2).toBeCloseTo(steps[3].loss, 5);
    expect([steps[1].weights, steps[2].weights]).toEqual([
      { a: 1, b: 0 },
      { a: 0.5, b: 0.5 },
    ]);
    expect(steps.every((s) => s.gradientNorm > 0 && s.tokensPerSecond > 0)).toBe(true);
    expect(posted).toEqual(steps.map((s) => [s.step - 1, s.lossByDomain]));
    expect(steps[5].loss).toBeLessThan(steps[0].loss);
  });

  it('goes on from any checkpoint with the same numbers and weights', async () => {
    const kept: Checkpoint[] = [];
    const options = { save: async (c: Checkpoint) => void kept.push(c), saveEvery: 2, heldOut, measureEvery: 3 };
    const whole = await run(options);
    expect(kept.map((c) => c.progress.step)).toEqual([2, 3, 4, 6]);
    expect(kept.map((c) => c.progress.source)).toEqual([2, 3, 4, 6].map((before) => ({ before })));
    for (const from of kept) {
      const rest = await run({ ...options, save: async () => {}, from });
      expect(stepsOf(rest).map(numbers)).toEqual(stepsOf(whole).slice(from.progress.step).map(numbers));
      expect(weightsOf(rest)).toEqual(weightsOf(whole));
      expect(ended(rest).progress.measurements).toEqual(ended(whole).progress.measurements);
    }
  });

  it('is not touched by measurements, which are those of the weights alone', async () => {
    const plain = await run();
    const measuring = await run({ heldOut, measureEvery: 1, measureFirst: true });
    expect(stepsOf(measuring).map(numbers)).toEqual(stepsOf(plain).map(numbers));
    expect(weightsOf(measuring)).toEqual(weightsOf(plain));
    const { measurements } = ended(measuring).progress;
    expect(measurements.map((m) => m.step)).toEqual([0, 1, 2, 3, 4, 5, 6]);
    const size = { rows: 4, length: LENGTH };
    const first = await measureModel(executor, model, heldOut, size);
    const last = await measureModel(executor, ended(plain).model, heldOut, size);
    const { bitsPerByte, byDomain } = measurements[0];
    expect({ bitsPerByte, byDomain }).toEqual(first);
    expect(measurements[6]).toMatchObject(last);
    // Untrained it guesses among 32 ids of 2 bytes: 5 bits a token.
    expect(first.bitsPerByte).toBeCloseTo(2.5, 1);
    expect(measurements[0].trainLoss).toBeNull();
    expect(measurements[3].trainLoss).toBe(stepsOf(plain)[2].loss);
  });

  it('computes a step in parts as it does in one, to float32', async () => {
    const [whole, parts] = [await run(), await run({ accumulate: 2 })];
    stepsOf(parts).forEach((s, i) => {
      expect(s.loss).toBeCloseTo(stepsOf(whole)[i].loss, 5);
      expect(s.gradientNorm).toBeCloseTo(stepsOf(whole)[i].gradientNorm, 4);
    });
    await expect(run({ accumulate: 3 })).rejects.toThrow(/divides the 4 sequences of a step, got 3/);
  });

  it('clips gradients to their norm, and decays weights', async () => {
    const still = { schedule: constant(), learningRate: 0.01, steps: 1 };
    const [free, clipped] = [
      await run({ ...still, optimizer: { clip: Number.POSITIVE_INFINITY, weightDecay: 0 } }),
      await run({ ...still, optimizer: { clip: 1e-6, epsilon: 1, weightDecay: 0 } }),
    ];
    expect(stepsOf(clipped)[0].gradientNorm).toBe(stepsOf(free)[0].gradientNorm);
    // With an epsilon of 1 a step is about the rate times the gradient, whose norm was cut to 1e-6.
    const moved = [...model.weights].flatMap(([name, { data }]) =>
      [...data].map((x, i) => x - ended(clipped).model.weights.get(name)!.data[i]),
    );
    expect(Math.hypot(...moved)).toBeLessThan(1.1e-8 + 1e-7);
    const decayed = await run({ ...still, optimizer: { clip: 1e-6, epsilon: 1, weightDecay: 0.5 } });
    const name = [...model.weights].find(([, { shape }]) => shape.length === 2)![0];
    const [before, after] = [model.weights.get(name)!.data, ended(decayed).model.weights.get(name)!.data];
    expect(after[3] / before[3]).toBeCloseTo(1 - 0.01 * 0.5, 4);
  });

  it('ends where the source does, and says why', async () => {
    const events = await run({ source: source(4).made, heldOut });
    expect(ended(events)).toMatchObject({ step: 4, early: 'there is no more text' });
    expect(ended(events).progress.measurements.map((m) => m.step)).toEqual([4]);
  });
});

describe('what the loop refuses', () => {
  it('a context that is too long for the model', async () => {
    const { made } = source();
    await expect(run({ source: { ...made, contextLength: 16 } })).rejects.toThrow(
      /expected sequences of at most 8 tokens, the model's context, got 16.* Give --context 8, or less/,
    );
  });

  it('a checkpoint past the end', async () => {
    const kept: Checkpoint[] = [];
    await run({ save: async (c) => void kept.push(c) });
    await expect(run({ from: kept.at(-1), steps: 5 })).rejects.toThrow(/at least the 6 steps \(192 tokens\).* got 5/);
  });

  it('a loss that explodes or is no number: the batch by name, and no checkpoint of it', async () => {
    const kept: number[] = [];
    const options = {
      save: async (c: Checkpoint) => void kept.push(c.progress.step),
      saveEvery: 1,
      schedule: constant(),
    };
    const wild = run({ ...options, learningRate: 1e30 });
    await expect(wild).rejects.toThrow(/expected a finite loss of at most 6\.93 nats a token, got .* at step 2/);
    await expect(wild).rejects.toThrow(/which trained on a 4 \(epoch 0\), a 5 \(epoch 0\), a 6 \(epoch 0\), a 7/);
    await expect(wild).rejects.toThrow(/Lower the learning rate .* the last checkpoint is untouched/);
    expect(kept).toEqual([1]);
    const limited = run({ ...options, mostLoss: 1 });
    await expect(limited).rejects.toThrow(/at most 1\.00 nats a token, got 3\.\d+ at step 1/);
  });
});
