import { isAbsolute, join, resolve } from 'node:path';
import { ConfigError, nearestName } from '../../errors.ts';
import { openRunFolder, type RunFolder } from '../../ledger/run-folder.ts';
import { isPath } from '../../recipe/loader.ts';
import { recipe as checkedRecipe, type Recipe } from '../../recipe/recipe.ts';
import type { RunEvent } from '../../run/events.ts';
import { run } from '../../run/run.ts';
import { parseCommandLine } from '../command.ts';
import { recipeFrom } from '../recipe-options.ts';
import { runOptionsFrom, runSpecs } from '../run/run.ts';

/** The run that would have been without one step. */
export interface Counterfactual {
  readonly step: string;
  /** Documents that the step dropped, and the seconds that the run took. */
  readonly dropped: number;
  readonly seconds: number;
  readonly name: string;
  readonly output: string;
  /** Runs it, or goes on with it. */
  run(stop: AbortSignal, onEvent: (event: RunEvent) => void): Promise<'done' | 'stopped'>;
}

/**
 * The recipe of a run without a step, over the input of that run, into a folder of the comparison. Errors: ConfigError
 * for a run that is not finished, was not made by `sluice run`, or has no such step.
 */
export async function counterfactual(folder: string, step: string, output: string): Promise<Counterfactual> {
  const found = await openRunFolder(folder);
  const { command } = found.run;
  const names = found.steps.map((s) => s.step);
  if (!names.includes(step)) {
    const near = nearestName(step, names);
    throw new ConfigError({
      expected: `a step of the run: ${names.join(', ')}`,
      got: step,
      where: '--without',
      fix: near ? `Did you mean ${near}?` : undefined,
    });
  }
  if (command === undefined || found.run.status !== 'done')
    throw new ConfigError({
      expected: 'a finished run of `sluice run`, whose command can be repeated',
      got: found.run.status === 'done' ? 'one made by a program' : 'one that is not finished',
      where: folder,
      fix: 'Run the recipe without the step yourself, and compare the two run directories.',
    });
  const from = (path: string): string =>
    isAbsolute(path) || /^\w+:\/\//.test(path) ? path : join(command.folder, path);
  const { values, positionals } = parseCommandLine('run', command.args, runSpecs, ['recipe']);
  const [nameOrPath] = positionals;
  const loaded = await recipeFrom(isPath(nameOrPath) ? from(nameOrPath) : nameOrPath, values);
  const input = (values.input.length > 0 ? values.input : loaded.input).map(from);
  const recipe = withoutStep(loaded, step);
  const given = runOptionsFrom(values);
  const rules = recipe.steps.flatMap(({ descriptor: d }) => d.rules.flatMap((r) => [r.name, `${d.step}.${r.name}`]));
  const allow = { ...given.allow, rule: given.allow.rule.filter((name) => rules.includes(name)) };
  const options = { ...given, input, output, allow, fresh: false };
  return {
    step,
    dropped: droppedBy(found, step),
    seconds: found.run.seconds,
    name: `without ${step}`,
    output: resolve(output),
    run: (stop, onEvent) =>
      new Promise((done, fail) => {
        let end: 'done' | 'stopped' = 'done';
        run(recipe, { ...options, stop }).subscribe({
          next: (event) => {
            if (event.type === 'stopped') end = 'stopped';
            onEvent(event);
          },
          error: fail,
          complete: () => done(end),
        });
      }),
  };
}

/** Errors: ConfigError where a later step needs what this one wrote. */
export function withoutStep(whole: Recipe, step: string): Recipe {
  const steps = whole.steps.filter((s) => s.descriptor.step !== step);
  const rules = new Set(steps.flatMap((s) => s.descriptor.rules.map((r) => r.name)));
  const kept = Object.entries(whole.expected.rules).filter(([name]) => rules.has(name));
  return checkedRecipe({
    ...whole,
    input: [...whole.input],
    sinks: [...whole.sinks],
    steps,
    expected: { ...whole.expected, rules: Object.fromEntries(kept) },
  });
}

/** Documents of which a rule of the step was the first to fail. */
export function droppedBy({ run: { totals } }: Pick<RunFolder, 'run'>, step: string): number {
  if (totals === null || !Object.hasOwn(totals.steps, step)) return 0;
  return Object.values(totals.steps[step]).reduce((n, rule) => n + rule.dropped, 0);
}
