import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { openRunFolder } from '../../ledger/run-folder.ts';
import { rerunArguments } from '../../ledger/what-if/command.ts';
import type { RunEvent } from '../../run/events.ts';
import { plural } from '../terminal/format.ts';

/** The default output of a recut: beside the run. */
export const recutOutput = (path: string): string => `${path.replace(/[/\\]+$/, '')}-recut`;

/** That, or where something is there already, the first of -recut-2, -recut-3, ... that is free. */
export function freeRecutOutput(path: string): string {
  const first = recutOutput(path);
  let free = first;
  for (let i = 2; existsSync(free); i++) free = `${first}-${i}`;
  return free;
}

/**
 * Of `sluice run --recut RUN_DIR --set ...` without a recipe: with the recipe and the input of that run in front. Other
 * command lines as they are. Errors: ConfigError where the run does not say them, see `rerunArguments`.
 */
export async function recutCommand(
  args: readonly string[],
  parse: () => { readonly values: { readonly recut: string | undefined }; readonly positionals: readonly string[] },
): Promise<readonly string[]> {
  if (!args.some((a) => /^--recut(=|$)/.test(a))) return args;
  const { values, positionals } = parse();
  if (values.recut === undefined || positionals.length > 0) return args;
  const { run } = await openRunFolder(values.recut);
  return [...rerunArguments(run, values.recut, resolve('.')), ...args];
}

/** One line on what was taken of the earlier run. */
export function recutLine({ splits, columns }: Extract<RunEvent, { type: 'recut' }>, path = 'the earlier run'): string {
  const as = splits > 0 ? `${plural(splits, 'split')} as they are and ` : '';
  return `From ${path}: ${as}${columns > 0 ? `the values of ${plural(columns, 'column')}` : 'no values'}.`;
}
