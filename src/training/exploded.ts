import { InvariantError } from '../errors.ts';
import type { Tensors } from '../models/executors/executor.ts';
import { nameOfStep, type TrainingStep } from './sequences.ts';

/** What a step came to. */
interface StepResult {
  readonly step: number;
  readonly loss: number;
  readonly gradientNorm: number;
  readonly learningRate: number;
  /** Loss above which a training has exploded. */
  readonly most: number;
}

/**
 * Errors: InvariantError, with the sequences of the step by name, for a loss or a norm of gradients that is not finite,
 * and for a loss above the limit.
 */
export function checkStep(result: StepResult, batch: TrainingStep, domains: readonly string[]): void {
  const { step, loss, gradientNorm, learningRate, most } = result;
  if (Number.isFinite(loss) && Number.isFinite(gradientNorm) && loss <= most) return;
  const got = Number.isFinite(loss) ? (loss > most ? `${loss}` : `gradients of norm ${gradientNorm}`) : `${loss}`;
  throw new InvariantError({
    problem: `training failed at step ${step}: the loss is ${got}`,
    expected: `a finite loss of at most ${most.toFixed(2)} nats a token`,
    got: `${got} at step ${step}`,
    where: `step ${step}, which trained on ${nameOfStep(batch, domains)}`,
    fix: `Lower the learning rate (${learningRate} here); the last checkpoint is untouched.`,
  });
}

/**
 * Errors: InvariantError that names the weight where one is not finite. Moments are not looked at: they are sums of
 * gradients whose norm was finite in every step.
 */
export function checkWeights(state: Tensors, step: number): void {
  for (const [name, { data }] of state) {
    if (name.startsWith('adam.') || allFinite(data as Float32Array)) continue;
    const i = data.findIndex((x) => !Number.isFinite(x));
    throw new InvariantError({
      problem: `training failed: after step ${step} the weight ${name} is ${data[i]}`,
      expected: 'finite weights',
      got: `${data[i]} at element ${i} of ${name}`,
      where: `after step ${step}`,
      fix: 'Lower the learning rate; the last checkpoint is untouched.',
    });
  }
}

/** 0 x a number is 0, but NaN for what is not finite: sums without a branch take less than half of the time. */
function allFinite(data: Float32Array): boolean {
  let [a, b, c, d] = [0, 0, 0, 0];
  const fours = data.length & ~3;
  for (let i = 0; i < fours; i += 4) {
    a += data[i] * 0;
    b += data[i + 1] * 0;
    c += data[i + 2] * 0;
    d += data[i + 3] * 0;
  }
  for (let i = fours; i < data.length; i++) a += data[i] * 0;
  return a + b + c + d === 0;
}
