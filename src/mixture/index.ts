/** PUBLIC: how often each domain is drawn. */
export { type Advice, adviceOn } from './advice.ts';
export type { ByDomain } from './by-domain.ts';
export { schedulerByName, schedulerNames } from './by-name.ts';
export {
  applyLosses,
  type DrawnStep,
  drawStep,
  type Mix,
  type MixOptions,
  type MixState,
  mixOf,
  type Slot,
  startMix,
} from './mix.ts';
export { type MixPlan, type PlannedDomain, type PlannedPhase, planFor, planMix } from './plan.ts';
export { calibratedSlopes, lossAtSize, type MixPrediction, type Pilot, predictMix } from './projektor.ts';
export type { Decision, DomainFacts, Facts, Json, MixtureEvent, Scheduler } from './scheduler.ts';
export { ado } from './schedulers/ado.ts';
export { bandit } from './schedulers/bandit.ts';
export { cooldown } from './schedulers/cooldown.ts';
export { curriculum } from './schedulers/curriculum.ts';
export { domainUpsampling } from './schedulers/domain-upsampling.ts';
export { doremi } from './schedulers/doremi.ts';
export { fixed } from './schedulers/fixed.ts';
export { phases } from './schedulers/phases.ts';
export { proportional } from './schedulers/proportional.ts';
export { replay } from './schedulers/replay.ts';
export { scalarization } from './schedulers/scalarization.ts';
export { skillIt } from './schedulers/skill-it.ts';
export { temperature } from './schedulers/temperature.ts';
export { unimax } from './schedulers/unimax.ts';
export { type DescentOptions, descend, type MixtureLoss } from './simplex.ts';
export { graphFromDrops, graphFromPairs } from './skill-graph.ts';
export { readTrials } from './trial-table.ts';
export {
  type FromTrialsOptions,
  fitTrials,
  fromTrials,
  type Trial,
  type TrialFit,
  type TrialOptions,
} from './trials.ts';
