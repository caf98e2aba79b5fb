import type { RunJson } from '../run-json.ts';

/** Options of the command line that are not those of a run elsewhere, and whether they have a value. */
const LEFT_OUT: Readonly<Record<string, boolean>> = { output: true, 'annotate-only': false, fresh: false, recut: true };

/**
 * Arguments of `sluice run` for the recipe and input of a run with some settings over them, into another folder. Null
 * where the run was not started from the command line: then its recipe is only known to who called `run()`.
 */
export function rerunArguments(run: RunJson, settings: readonly string[], output: string): string[] | null {
  if (!run.command) return null;
  const kept: string[] = [];
  const { args } = run.command;
  for (let i = 0; i < args.length; i++) {
    const [, name, value] = /^--([a-z-]+)(=.*)?$/s.exec(args[i]) ?? [];
    if (name === undefined || !Object.hasOwn(LEFT_OUT, name)) {
      kept.push(args[i]);
      continue;
    }
    if (LEFT_OUT[name] && value === undefined) i++;
  }
  return [...kept, ...settings.flatMap((s) => ['--set', s]), '--output', output];
}
