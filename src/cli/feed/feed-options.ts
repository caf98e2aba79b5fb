import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { isUrl, joinKey } from '../../files/stores/url.ts';
import type { Scheduler } from '../../mixture/scheduler.ts';
import { fixed } from '../../mixture/schedulers/fixed.ts';
import { FEED_FOLDER } from '../../run/directory/own-files.ts';
import type { FeedOptions } from '../../run/feed/feed.ts';
import { parseBytes } from '../../run/options.ts';
import { type OptionSpecs, type Values, wholeNumber } from '../command.ts';
import { numbersByName } from '../mix/domains.ts';
import { schedulerOf } from '../mix/scheduler-option.ts';

export const feedSpecs = {
  weights: {
    value: 'DOMAIN=N,...',
    help: 'How often each domain is drawn, as in web=0.7,code=0.3. Default: as it has tokens (proportional).',
  },
  scheduler: {
    value: 'NAME',
    help: 'What decides the weights, or a module: see sluice mix --help. Default proportional.',
  },
  options: { value: 'JSON', help: 'Options of the scheduler: \'{"temperature":3}\'.' },
  context: { value: 'N', help: 'Tokens of a sequence. Default 2048.' },
  batch: { value: 'N', help: 'Sequences of a global step, over all ranks. Default 64.' },
  packing: {
    value: 'HOW',
    help: 'concat (default): documents run on. best-fit: no document that fits is cut; the rest is padding.',
  },
  steps: { value: 'N', help: 'Planned steps. Default: no end.' },
  'max-epochs': { value: 'N', help: 'Draw no domain more often than so many times over. Default: no limit.' },
  seed: { value: 'N', help: 'Of the order of sequences. Default 0.' },
  lag: {
    value: 'STEPS',
    help: 'The losses of step s act from step s + lag on. Default 8; twice what loaders prefetch.',
  },
  window: { value: 'SPLITS', help: 'Splits that are shuffled together in the first epoch. Default 8.' },
  sink: { value: 'NAME', help: 'Which store of tokens, where a run has several.' },
  state: {
    value: 'DIR',
    help: 'Folder of the feed, or s3://bucket/prefix: a start goes on with it. Default <run-dir>/feed.',
  },
  shared: {
    help: 'Others may serve this feed too, with the same --state; one of them writes at a time. s3:// implies it.',
  },
  memory: { value: 'SIZE', help: 'For indexes of documents. Default 64MB.' },
} as const satisfies OptionSpecs;

/** Options of a feed from a command line. Errors: ConfigError. */
export async function feedOptionsFrom(
  stores: readonly string[],
  values: Values<typeof feedSpecs>,
): Promise<FeedOptions> {
  const packing = values.packing ?? 'concat';
  if (packing !== 'concat' && packing !== 'best-fit')
    throw new ConfigError({ expected: 'concat or best-fit', got: `'${packing}'`, where: '--packing' });
  const weights = values.weights === undefined ? null : numbersByName(values.weights, '--weights', 'a weight');
  const scheduler = await schedulerFrom(values, weights);
  const whole = (name: 'context' | 'batch' | 'steps' | 'lag' | 'window', otherwise: number): number =>
    wholeNumber(values[name], `--${name}`) ?? otherwise;
  return {
    stores,
    sink: values.sink ?? null,
    state: values.state ?? (isUrl(stores[0]) ? joinKey : join)(stores[0], FEED_FOLDER),
    scheduler,
    ...(weights && { domains: Object.keys(weights) }),
    contextLength: whole('context', 2048),
    sequencesPerStep: whole('batch', 64),
    packing,
    steps: wholeNumber(values.steps, '--steps') ?? null,
    maxEpochs: wholeNumber(values['max-epochs'], '--max-epochs'),
    seed: wholeNumber(values.seed, '--seed', 0) ?? 0,
    lag: whole('lag', 8),
    windowSplits: whole('window', 8),
    cacheBytes: parseBytes(values.memory ?? '64MB', '--memory', 1e6),
  };
}

async function schedulerFrom(
  values: Values<typeof feedSpecs>,
  weights: Readonly<Record<string, number>> | null,
): Promise<Scheduler> {
  if (weights === null) return schedulerOf(values);
  if (values.scheduler === undefined || values.scheduler === 'fixed') return fixed({ weights });
  throw new ConfigError({
    expected: '--weights, or another --scheduler with its --options',
    got: `--weights ${values.weights} and --scheduler ${values.scheduler}`,
    where: 'sluice feed',
  });
}
