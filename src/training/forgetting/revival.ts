import { ConfigError } from '../../errors.ts';
import { type LoopOptions, trainSteps } from '../loop.ts';
import { constant } from '../schedules.ts';

type OfLoop = Pick<LoopOptions, 'model' | 'executor' | 'source' | 'learningRate' | 'start' | 'accumulate' | 'stop'>;

export interface RevivalOptions extends OfLoop {
  /** Text of the old domain that is measured on; the source trains on other text of it. */
  readonly heldOut: NonNullable<LoopOptions['heldOut']>;
  /** Bits per byte that the model had on it before. */
  readonly before: number;
  /** How much more still counts as back, as a share. Default 0.01. */
  readonly tolerance?: number;
  /** Steps between two measurements. Default 5. */
  readonly every?: number;
  /** Steps that are tried. Default 200. */
  readonly most?: number;
}

/**
 * Steps of training on an old domain, at a constant rate, after which a model is on it what it was before: few steps
 * say that it was hidden and not lost (Jain et al. 2024, "Mechanistically analyzing the effects of fine-tuning").
 * 0: nothing was forgotten. Null: more than were tried. Undefined: told to stop.
 * Compare numbers of one rate and one number of sequences only.
 */
export async function revivalSteps(options: RevivalOptions): Promise<number | null | undefined> {
  const { before, tolerance = 0.01, every = 5, most = 200, ...loop } = options;
  if (!(before > 0))
    throw new ConfigError({ expected: 'bits per byte above 0', got: `${before}`, where: 'revivalSteps, before' });
  const given = { ...loop, steps: most, schedule: constant(), measureFirst: true, measureEvery: every };
  for await (const event of trainSteps(given, new AbortController().signal)) {
    if (event.type === 'stopped') return undefined;
    if (event.type !== 'measured') continue;
    const { bitsPerByte, step } = event.measurement;
    if (bitsPerByte !== null && bitsPerByte <= before * (1 + tolerance)) return step;
  }
  return null;
}
