import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import type { Scheduler } from '../../mixture/scheduler.ts';
import { FEED_FOLDER } from '../../run/directory/own-files.ts';
import type { FeedOptions } from '../../run/feed/feed.ts';
import { parseBytes } from '../../run/options.ts';
import { type OptionSpecs, type Values, wholeNumber } from '../command.ts';
import { schedulerCalled } from '../mix/scheduler-option.ts';

export const feedSpecs = {
  weights: {
    value: 'DOMAIN=N,...',
    help: 'How often each domain is drawn, as in web=0.7,code=0.3. Default: as it has tokens (proportional).',
  },
  scheduler: { value: 'NAME', help: 'What decides the weights: see `sluice mix plan --help`. Default proportional.' },
  options: { value: 'JSON', help: 'Options of the scheduler, or a file with them.' },
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
  state: { value: 'DIR', help: 'Folder of the feed: a start goes on with it. Default <run-dir>/feed.' },
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
  const weights = values.weights === undefined ? null : weightsFrom(values.weights);
  const scheduler = await schedulerFrom(values, weights);
  const whole = (name: 'context' | 'batch' | 'steps' | 'lag' | 'window', otherwise: number): number =>
    wholeNumber(values[name], `--${name}`) ?? otherwise;
  return {
    stores,
    sink: values.sink ?? null,
    state: values.state ?? join(stores[0], FEED_FOLDER),
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
  { scheduler, options, weights: text }: Values<typeof feedSpecs>,
  weights: Record<string, number> | null,
): Promise<Scheduler> {
  if (weights === null) return schedulerCalled(scheduler ?? 'proportional', await optionsFrom(options));
  if (scheduler !== undefined && scheduler !== 'fixed')
    throw new ConfigError({
      expected: '--weights, or another --scheduler with its --options',
      got: `--weights ${text} and --scheduler ${scheduler}`,
      where: 'sluice feed',
    });
  return schedulerCalled('fixed', { weights });
}

/** JSON itself, or a file with it. */
async function optionsFrom(given: string | undefined): Promise<unknown> {
  if (given === undefined) return {};
  const text = given.trimStart().startsWith('{') ? given : await readFile(given, 'utf8');
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new ConfigError({ expected: 'JSON, or a file with it', got: given, where: '--options', cause });
  }
}

/** `web=0.7,code=0.3`; names may have anything but commas and equal signs. */
export function weightsFrom(text: string): Record<string, number> {
  const pairs = text.split(',').map((pair): [string, number] => {
    const at = pair.lastIndexOf('=');
    const weight = Number(pair.slice(at + 1));
    if (at > 0 && pair.length > at + 1 && Number.isFinite(weight) && weight >= 0) return [pair.slice(0, at), weight];
    throw new ConfigError({
      expected: 'weights such as web=0.7,code=0.3, each 0 or more',
      got: `'${pair}'`,
      where: '--weights',
    });
  });
  return Object.fromEntries(pairs);
}
