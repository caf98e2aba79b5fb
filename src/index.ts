/** PUBLIC API of Sluice. What is not here is internal. */
export { ConfigError, GuardError, InputError, InvariantError, SluiceError } from './errors.ts';
export * from './for-recipes.ts';
export type { RunJson } from './ledger/run-json.ts';
export type { RunEvent } from './run/events.ts';
export type { RunOptionsInput } from './run/options.ts';
export { run } from './run/run.ts';
export * from './streams/index.ts';
export { SLUICE_VERSION } from './version.ts';
