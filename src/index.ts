/** PUBLIC API of Sluice. What is not here is internal. */
export { ConfigError, GuardError, InputError, InvariantError, SluiceError } from './errors.ts';
export * from './operators/index.ts';
export { type Recipe, type RecipeInput, recipe } from './recipe.ts';
export type { RunOptionsInput } from './run/options.ts';
export type { RunEvent, RunJson } from './run/types.ts';
export { run } from './run.ts';
export * from './sinks/index.ts';
export * from './streams/index.ts';
export { SLUICE_VERSION } from './version.ts';
