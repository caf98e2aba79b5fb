import type { Json } from '../../streams/operator.ts';
import type { RunJson } from '../run-json.ts';

/** One place in which two recipes, or the versions behind them, differ; null = absent. */
export interface RecipeChange {
  readonly path: string;
  readonly a: Json;
  readonly b: Json;
}

/** Options of a step stand in `options` and, as thresholds, in `rules`: said once. */
const SAID_TWICE = ['rules', 'versions', 'reads', 'writes'];

/** What differs between the recipes of two runs, step by step by their names, and in what they were run with. */
export function recipeChanges(a: RunJson, b: RunJson): RecipeChange[] {
  const [x, y] = [a, b].map((r) => ({
    sluice: r.sluice,
    versions: byName(r.versions.map((v): [string, Json] => [v.split('@')[0], v])),
    limits: r.limits as unknown as Json,
    input: { hash: r.hashes.input, files: r.input.files },
    recipe: { ...(r.recipe as { [key: string]: Json }), steps: stepsByName(r.recipe) },
  }));
  return changesAt(x as unknown as Json, y as unknown as Json, '').filter((c) => c.path !== 'recipe.name');
}

const byName = (entries: readonly [string, Json][]): Json => Object.fromEntries(entries);

function stepsByName(recipe: Json): Json {
  const { steps } = recipe as unknown as { readonly steps: readonly { readonly [key: string]: Json }[] };
  return byName(
    steps.map((s): [string, Json] => [
      String(s.step),
      Object.fromEntries(Object.entries(s).filter(([key]) => !SAID_TWICE.includes(key))),
    ]),
  );
}

function changesAt(a: Json | undefined, b: Json | undefined, path: string): RecipeChange[] {
  if (JSON.stringify(a) === JSON.stringify(b)) return [];
  const both = [a, b].every((v) => typeof v === 'object' && v !== null && !Array.isArray(v));
  if (!both) return [{ path, a: a ?? null, b: b ?? null }];
  const [x, y] = [a, b] as { readonly [key: string]: Json }[];
  return [...new Set([...Object.keys(x), ...Object.keys(y)])].flatMap((key) =>
    changesAt(x[key], y[key], path === '' ? key : `${path}.${key}`),
  );
}
