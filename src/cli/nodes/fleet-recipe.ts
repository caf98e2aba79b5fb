import { existsSync } from 'node:fs';
import { relative, resolve } from 'node:path';
import { isUrl } from '../../files/stores/url.ts';
import { isPath } from '../../recipe/loader.ts';
import type { Recipe } from '../../recipe/recipe.ts';
import type { NodesJson } from '../../run/nodes/fleet.ts';
import { parseCommandLine, type Values } from '../command.ts';
import { recipeFrom, recipeSpecs } from '../recipe-options.ts';

/**
 * A recipe as nodes.json names it: a built-in one by its name, a file by its path from the run directory; where that is
 * in a store, by its absolute path.
 */
export function recipeFor(run: string, given: string): string {
  if (!isPath(given)) return given;
  return isUrl(run) ? resolve(given) : relative(resolve(run), resolve(given)).replaceAll('\\', '/');
}

/** Options of the recipe as they are kept for the nodes: those that were given, and not the input, which is planned. */
export function recipeArgs(values: Values<typeof recipeSpecs>): string[] {
  const { input: _, ...rest } = recipeSpecs;
  return Object.keys(rest).flatMap((name) => {
    const value = (values as Readonly<Record<string, string | readonly string[] | undefined>>)[name];
    const all = value === undefined ? [] : typeof value === 'string' ? [value] : value;
    // The folder of a model or tokenizer, from wherever a node is started.
    const place = (v: string): string => (['model', 'tokens'].includes(name) && existsSync(v) ? resolve(v) : v);
    return all.map((v) => `--${name}=${place(v)}`);
  });
}

/** The recipe that a run was planned with. */
export async function fleetRecipe(run: string, nodes: NodesJson): Promise<Recipe> {
  const { values } = parseCommandLine('plan', nodes.args, recipeSpecs, []);
  const named = nodes.recipe;
  const from = isUrl(run) ? '/' : run;
  return recipeFrom(isPath(named) ? resolve(from, named) : named, values);
}
