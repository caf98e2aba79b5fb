import { isBarrier, type StepDescriptor } from '../operator.ts';

/** Steps between two barriers. Phase 0 reads the input, later ones what a barrier let through. */
export interface Phase {
  readonly number: number;
  /** The barrier whose decision opens this phase; null in phase 0. */
  readonly after: StepDescriptor | null;
  readonly steps: readonly StepDescriptor[];
  /** The barrier that ends it; null in the last phase, which writes the sinks. */
  readonly before: StepDescriptor | null;
}

export function phasesOf(steps: readonly StepDescriptor[]): Phase[] {
  const phases: Phase[] = [];
  let after: StepDescriptor | null = null;
  let current: StepDescriptor[] = [];
  for (const s of [...steps, null]) {
    if (s !== null && !isBarrier(s)) {
      current.push(s);
      continue;
    }
    phases.push({ number: phases.length, after, steps: current, before: s });
    after = s;
    current = [];
  }
  return phases;
}
