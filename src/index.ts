/** PUBLIC API of Sluice. What is not here is internal. */
export { ConfigError, GuardError, InputError, InvariantError, SluiceError } from './errors.ts';
export * from './for-recipes.ts';
export type { Alert } from './ledger/live/alerts.ts';
export type { LiveState } from './ledger/live/state.ts';
export type { RunJson } from './ledger/run-json.ts';
export type { RunEvent } from './run/events.ts';
export { type FeedOptions, openFeed } from './run/feed/feed.ts';
export { runStats } from './run/live/stats.ts';
export type { RunOptionsInput } from './run/options.ts';
export { run } from './run/run.ts';
export type {
  Asked,
  FeedFacts,
  FeedSequence,
  FeedServer,
  FeedSource,
  FeedStatus,
  FeedStep,
  Pulled,
} from './sinks/index.ts';
export { feedClient, serveFeed } from './sinks/index.ts';
export * from './streams/index.ts';
export { continualPretrain, type LoopEvent, type LoopOptions, type StepEvent } from './training/loop.ts';
export { SLUICE_VERSION } from './version.ts';
