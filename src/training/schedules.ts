import * as z from 'zod';
import { ConfigError, nearestName } from '../errors.ts';
import { parseOptions } from '../options.ts';
import type { Json } from '../streams/operator.ts';

/** Where a step stands, in steps or in tokens: what came before it, how much it is, and how much there is in all. */
export interface SchedulePlace {
  readonly at: number;
  readonly width: number;
  readonly length: number;
}

/** The learning rate over a training, as a factor of its highest. Pure, so that a resumed training goes on along it. */
export interface Schedule {
  readonly name: string;
  readonly options: Json;
  /** What its lengths count: steps, or tokens. */
  readonly by: 'steps' | 'tokens';
  /** True: with a longer whole, what was done stays as it was. */
  readonly open: boolean;
  factor(place: SchedulePlace): number;
}

/** Below 1: a share of the whole training. From 1 on: so many steps (tokens, where the schedule counts those). */
const amount = z.number().min(0);
const factor = z.number().min(0).max(1);
const shared = { warmup: amount.default(0.01), by: z.enum(['steps', 'tokens']).default('steps') };

const lengthOf = (given: number, { length }: SchedulePlace): number => (given < 1 ? Math.round(length * given) : given);

/** Whether a length stays what it is when the whole becomes longer. */
const absolute = (given: number): boolean => given === 0 || given >= 1;

/** Linear from `from` to 1 over the first `rising`; null after it. */
const risen = ({ at, width }: SchedulePlace, rising: number, from = 0): number | null =>
  at < rising ? from + (1 - from) * Math.min(1, (at + width) / rising) : null;

/** Half a cosine from `high` to `low` over 0 to 1, and `low` after it. */
const halfCosine = (done: number, high: number, low: number): number =>
  low + (high - low) * 0.5 * (1 + Math.cos(Math.PI * Math.min(1, done)));

/** How far a place lies between two others, 0 to 1; 1 where they are one. */
const between = (at: number, from: number, to: number): number =>
  Math.min(1, Math.max(0, (at - from) / Math.max(1, to - from)));

const constantOptions = z.strictObject({ ...shared, warmup: amount.default(0) });

/** The highest rate throughout, after an optional warm-up: right for small budgets (Gupta et al. 2023). */
export function constant(options: z.input<typeof constantOptions> = {}): Schedule {
  const checked = parseOptions(constantOptions, options, 'schedules.constant()');
  return scheduleOf('constant', checked, (place) => risen(place, lengthOf(checked.warmup, place)) ?? 1, {
    open: absolute(checked.warmup),
  });
}

const cosineOptions = z.strictObject({ ...shared, warmup: amount.default(0.02), final: factor.default(0.1) });

/** Linear warm-up, then half a cosine down to `final` at the end. */
export function cosine(options: z.input<typeof cosineOptions> = {}): Schedule {
  const checked = parseOptions(cosineOptions, options, 'schedules.cosine()');
  return scheduleOf('cosine', checked, (place) => {
    const rising = lengthOf(checked.warmup, place);
    return (
      risen(place, rising) ?? halfCosine((place.at - rising) / Math.max(1, place.length - rising), 1, checked.final)
    );
  });
}

const rewarmOptions = z.strictObject({
  ...shared,
  /** Rate at which the training before ended, as a factor of the highest of this one. */
  from: factor.default(0.1),
  final: factor.default(0.1),
  /** Where the rate has come down to `final`, which then stays. */
  decayed: amount.default(1),
});

/**
 * Re-warming for a model that was trained to a low rate: up from `from`, then half a cosine to `final` (Gupta et al.
 * 2023, "Continual Pre-Training of Large Language Models: How to (re)warm your model?"). A higher rate learns more of
 * the new data and forgets more of the old; the length of the warm-up matters little.
 */
export function rewarm(options: z.input<typeof rewarmOptions> = {}): Schedule {
  const checked = parseOptions(rewarmOptions, options, 'schedules.rewarm()');
  return scheduleOf('rewarm', checked, (place) => {
    const rising = lengthOf(checked.warmup, place);
    const end = checked.decayed === 1 ? place.length : lengthOf(checked.decayed, place);
    return (
      risen(place, rising, checked.from) ??
      halfCosine((place.at - rising) / Math.max(1, end - rising), 1, checked.final)
    );
  });
}

const rootOptions = z.strictObject({
  ...shared,
  /** Last stretch, over which the rate falls to 0 in a line. */
  cooldown: amount.default(0),
});

/** Warm-up, then the inverse square root of what was done (Vaswani et al. 2017), with an optional linear cool-down. */
export function inverseSquareRoot(options: z.input<typeof rootOptions> = {}): Schedule {
  const checked = parseOptions(rootOptions, options, 'schedules.inverseSquareRoot()');
  return scheduleOf('inverse-square-root', checked, (place) => {
    const rising = Math.max(place.width, lengthOf(checked.warmup, place));
    const cooling = lengthOf(checked.cooldown, place);
    const begins = place.length - cooling;
    const rooted = (at: number): number => Math.sqrt(rising / Math.max(rising, at + place.width));
    if (cooling > 0 && place.at >= begins) return rooted(begins) * (1 - between(place.at, begins, place.length));
    return risen(place, rising) ?? rooted(place.at);
  });
}

const wsdOptions = z.strictObject({
  ...shared,
  /** Length of the last stretch, in which the rate falls to `final`. */
  decay: amount.default(0.1),
  final: factor.default(0),
  /** `sqrt`: 1 - sqrt of how far the decay has come (Hägele et al. 2024). */
  shape: z.enum(['linear', 'sqrt', 'cosine']).default('sqrt'),
});

const DECAYS = {
  linear: (done: number): number => 1 - done,
  sqrt: (done: number): number => 1 - Math.sqrt(done),
  cosine: (done: number): number => halfCosine(done, 1, 0),
} as const;

/** Warm-up, stable, decay (Hu et al. 2024, MiniCPM): a long constant rate and a short fall at the end. */
export function wsd(options: z.input<typeof wsdOptions> = {}): Schedule {
  const checked = parseOptions(wsdOptions, options, 'schedules.wsd()');
  return scheduleOf('wsd', checked, (place) => {
    const begins = place.length - lengthOf(checked.decay, place);
    if (place.at < begins || begins >= place.length) return risen(place, lengthOf(checked.warmup, place)) ?? 1;
    return checked.final + (1 - checked.final) * DECAYS[checked.shape](between(place.at, begins, place.length));
  });
}

const infiniteOptions = z.strictObject({
  ...shared,
  /** Over so much the rate falls to `constant`, along half a cosine, after the warm-up. */
  cooldown: amount.default(0.6),
  constant: z.number().gt(0).max(1).default(0.55),
  /** The last rate of an anneal. */
  final: z.number().gt(0).max(1).default(0.1),
  /** The final anneal: where it begins, and over how much. Null: not yet; it may begin at any point later. */
  anneal: z
    .strictObject({ at: z.number().min(0), over: z.number().gt(0) })
    .nullable()
    .default(null),
});

/**
 * Warm-up, cool-down to a constant rate that has no end, and a final anneal from any point of it (Ibrahim et al. 2024,
 * "Simple and Scalable Strategies to Continually Pre-train Large Language Models"): new data later needs no re-warming.
 * The anneal is exponential; the paper's own curve is not known to us.
 */
export function infinite(options: z.input<typeof infiniteOptions> = {}): Schedule {
  const checked = parseOptions(infiniteOptions, options, 'schedules.infinite()');
  const { anneal, final, constant: level } = checked;
  const before = (place: SchedulePlace): number => {
    const rising = lengthOf(checked.warmup, place);
    return (
      risen(place, rising) ?? halfCosine((place.at - rising) / Math.max(1, lengthOf(checked.cooldown, place)), 1, level)
    );
  };
  return scheduleOf(
    'infinite',
    checked,
    (place) => {
      if (anneal === null || place.at < anneal.at) return before(place);
      const from = before({ ...place, at: anneal.at });
      return (
        from * Math.exp(Math.log(final / from) * between(place.at + place.width, anneal.at, anneal.at + anneal.over))
      );
    },
    { open: absolute(checked.warmup) && absolute(checked.cooldown) },
  );
}

type Checked = { readonly by: Schedule['by'] } & { readonly [option: string]: Json };

const scheduleOf = (name: string, options: Checked, of: Schedule['factor'], { open } = { open: false }): Schedule => ({
  name,
  options,
  by: options.by,
  open,
  factor: of,
});

const makers: { readonly [name: string]: (options: never) => Schedule } = {
  constant,
  cosine,
  rewarm,
  'inverse-square-root': inverseSquareRoot,
  wsd,
  infinite,
};

/** Names of the schedules, as `byName` takes them. */
export const names = (): string[] => Object.keys(makers);

/** A schedule by its name. Errors: ConfigError for an unknown name (with the nearest), and for wrong options. */
export function byName(name: string, options: Json = {}): Schedule {
  if (Object.hasOwn(makers, name)) return makers[name](options as never);
  const near = nearestName(name, names());
  throw new ConfigError({
    expected: `a schedule: ${names().join(', ')}`,
    got: `'${name}'`,
    where: 'schedule',
    fix: near ? `Did you mean ${near}?` : undefined,
  });
}
