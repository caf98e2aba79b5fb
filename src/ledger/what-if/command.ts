import { ConfigError } from '../../errors.ts';
import type { RunJson } from '../run-json.ts';

/** Options of the command line that are not those of a run elsewhere, and whether they have a value. */
const LEFT_OUT: Readonly<Record<string, boolean>> = {
  output: true,
  'annotate-only': false,
  fresh: false,
  recut: true,
  live: false,
  json: false,
};

/**
 * Arguments of `sluice run` that make a run again, from its own values, with some settings over its recipe and into
 * another folder. Null where the run was not started from the command line, or has not ended: then its recipe is only
 * known to who called `run()`, or its values are not all there.
 * @param path of the run, as it was given
 */
export function recutArguments(
  run: RunJson,
  path: string,
  settings: readonly string[],
  output: string,
): string[] | null {
  if (!run.command || run.status !== 'done') return null;
  return ['--recut', path, ...settings.flatMap((s) => ['--set', s]), '--output', output];
}

/**
 * Arguments of `sluice run` for the recipe and input of a run, without where it went. Errors: ConfigError where the run
 * was not started from the command line, or in another folder than this one, since its paths are those of there.
 */
export function rerunArguments(run: RunJson, path: string, folder: string): string[] {
  const { command } = run;
  if (!command || command.folder !== folder)
    throw new ConfigError({
      expected: 'a recipe',
      got: command ? `a run that was started in ${command.folder}` : 'a run that was not started by `sluice run`',
      where: `--recut ${path}`,
      fix: command
        ? 'Go to that folder, or give the recipe and --input.'
        : 'Give the recipe and --input: sluice run RECIPE --input GLOB --recut RUN_DIR',
    });
  const kept: string[] = [];
  const { args } = command;
  for (let i = 0; i < args.length; i++) {
    const [, name, value] = /^--([a-z-]+)(=.*)?$/s.exec(args[i]) ?? [];
    if (name === undefined || !Object.hasOwn(LEFT_OUT, name)) {
      kept.push(args[i]);
      continue;
    }
    if (LEFT_OUT[name] && value === undefined) i++;
  }
  return kept;
}
