import type { Decision, Facts, Json, Scheduler } from './scheduler.ts';

/** Weights from a step on. */
export interface Segment {
  readonly from: number;
  readonly weights: readonly number[];
  readonly lossWeights?: readonly number[];
}

type State = { readonly step: number; readonly segments: readonly Json[] };

/** A scheduler that is laid out at its start: segments by rising step, the first from 0. It reads no losses. */
export function inSegments(spec: {
  readonly name: string;
  readonly version: number;
  readonly options: Json;
  readonly needsTotals: boolean;
  readonly segments: (facts: Facts) => readonly Segment[];
}): Scheduler<State> {
  const at = (segments: readonly Segment[], step: number): Decision<State> => {
    const { weights, lossWeights } = segments.findLast((s) => s.from <= step)!;
    return { weights, lossWeights, state: { step, segments: segments as unknown as readonly Json[] } };
  };
  return {
    name: spec.name,
    version: spec.version,
    options: spec.options,
    needsTotals: spec.needsTotals,
    needsLosses: false,
    start: (facts) => at(spec.segments(facts), 0),
    next: (state, event) =>
      at(state.segments as unknown as readonly Segment[], event.type === 'step' ? event.step : state.step),
  };
}
