import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { fixed } from '../../mixture/schedulers/fixed.ts';
import type { Executor } from '../../models/executors/executor.ts';
import type { LanguageModel } from '../../models/language-model.ts';
import type { Continual } from '../../recipe/continual.ts';
import type { TrainingRecord } from '../../training/continual/record.ts';
import { revivalSteps } from '../../training/forgetting/revival.ts';
import type { HeldOutText } from '../../training/measure.ts';
import type { Measurement } from '../../training/training-types.ts';
import type { BaseModel } from './base-model.ts';
import { feedSource } from './feed-source.ts';
import { openTokens, type TrainingStores } from './plan.ts';
import { PLACES } from './training-folder.ts';

export interface RevivalParts {
  readonly recipe: Continual;
  readonly base: BaseModel;
  readonly executor: Executor;
  readonly stop: AbortSignal | undefined;
  readonly stores: TrainingStores;
  /** Of the training. */
  readonly folder: string;
  /** The trained one, which stays as it is. */
  readonly model: LanguageModel;
  readonly heldOut: HeldOutText;
  readonly first: Measurement;
  readonly last: Measurement;
}

/** Steps on its own text that bring a domain back to what it was; null: not within those that were tried. */
export interface RevivedEvent {
  readonly type: 'revived';
  readonly domain: string;
  readonly steps: number | null;
}

/**
 * For each domain that was measured before and after: how many steps on its own text, at the highest rate of the
 * training, bring the trained model back to what it was. 0 where it is no worse. Null where it was told to stop.
 */
export async function* revivalOf(
  parts: RevivalParts,
): AsyncGenerator<RevivedEvent, NonNullable<TrainingRecord['revival']> | null> {
  const { recipe, base, executor, stop, stores, folder, model, heldOut, first, last } = parts;
  const { most, every, tolerance } = recipe.revival;
  const { learningRate, sequences, accumulate } = recipe.training;
  const state = join(folder, PLACES.feed, 'revival');
  const steps: Record<string, number | null> = {};
  for (const domain of Object.keys(last.byDomain).sort()) {
    const before = first.byDomain[domain];
    if (before === undefined) continue;
    let counted: number | null | undefined = 0;
    if (last.byDomain[domain] > before * (1 + tolerance)) {
      await rm(state, { recursive: true, force: true });
      const scheduler = fixed({ weights: { [domain]: 1 } });
      const { feed } = await openTokens(recipe, base, stores, { state, scheduler, domains: [domain], steps: most });
      try {
        counted = await revivalSteps({
          ...{ model, executor, source: feedSource(feed), learningRate, accumulate, start: heldOut.start },
          heldOut: { ...heldOut, sequences: { [domain]: heldOut.sequences[domain] } },
          ...{ before, tolerance, every, most, stop },
        });
      } finally {
        await feed.close();
        await rm(state, { recursive: true, force: true });
      }
    }
    if (counted === undefined || stop?.aborted) return null;
    steps[domain] = counted;
    yield { type: 'revived', domain, steps: counted };
  }
  return { most, every, tolerance, learningRate, sequences, steps };
}
