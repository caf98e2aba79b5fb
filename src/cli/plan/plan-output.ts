import { join } from 'node:path';
import { ConfigError } from '../../errors.ts';
import { lockHolder } from '../../files/lock.ts';
import { readRunJson } from '../../ledger/run-json.ts';
import { parseOptions } from '../../options.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import { refuseForeign } from '../../run/directory/foreign.ts';
import { identityOf, refuseOtherRun } from '../../run/directory/identity.ts';
import { type RunOptions, runOptions } from '../../run/options.ts';
import { safeText } from '../../safe-text.ts';
import { readCommitStore } from '../../streams/commits/store.ts';
import type { SplitPlan } from '../../streams/plan/splits.ts';
import { phasesOf } from '../../streams/split/phases.ts';
import { plural, shownPath } from '../terminal/format.ts';

/** What lies where a run would write, and what `run` would do there. */
export interface OutputState {
  readonly path: string;
  /** `other`: a run of another recipe or input; `foreign`: something that is no run. */
  readonly state: 'free' | 'unfinished' | 'done' | 'running' | 'other' | 'foreign';
  /** A sentence for people. */
  readonly means: string;
  /** The same command would start or go on. */
  readonly goes: boolean;
}

/** Why `run` would refuse the folder as somebody else's; null when it is free or of a run. */
export async function foreignFolder(path: string): Promise<ConfigError | null> {
  try {
    await refuseForeign(path);
    return null;
  } catch (error) {
    if (error instanceof ConfigError) return error;
    throw error;
  }
}

/** Looks into the output folder without changing anything. @param path absolute */
export async function outputState(
  path: string,
  recipe: Recipe,
  plan: SplitPlan,
  limits: Partial<Pick<RunOptions, 'samplePercent' | 'limit'>> = {},
): Promise<OutputState> {
  const here = safeText(shownPath(path));
  const is = (state: OutputState['state'], means: string, goes = false): OutputState => ({ path, state, means, goes });
  const foreign = await foreignFolder(path);
  if (foreign)
    return is(
      'foreign',
      `${here} is ${safeText(foreign.parts.got)}; run would refuse to write there. Choose another --output.`,
    );
  const before = await readRunJson(path);
  if (before === null) return is('free', `The run would write to ${here}`, true);
  const elsewhere = 'Use --fresh to delete it and start over, or choose another --output';
  try {
    const { run } = await identityOf(recipe, parseOptions(runOptions, limits, 'plan'), plan);
    refuseOtherRun(path, before, run);
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    const { expected, got } = error.parts;
    return is(
      'other',
      `${here} holds another run, so run would refuse to resume it: expected ${safeText(expected)}, got ` +
        `${safeText(got)}. ${elsewhere}.`,
    );
  }
  if (before.status === 'done')
    return is(
      'done',
      `${here} holds this run, finished ${before.finishedAt}; run would only print its summary again. ${elsewhere}.`,
    );
  const holder = await lockHolder(join(path, 'lock'));
  if (holder !== null) return is('running', `Process ${holder} is writing to ${here}; run would refuse to start.`);
  const done = (await readCommitStore(join(path, 'commits.jsonl'), { repair: false })).ofSplits().length;
  const all = before.splits * phasesOf(recipe.steps.map((s) => s.descriptor)).length;
  return is(
    'unfinished',
    `${here} holds an unfinished run, started ${before.startedAt}; run would resume it with ${done} of ` +
      `${plural(all, 'split')} already done`,
    true,
  );
}
