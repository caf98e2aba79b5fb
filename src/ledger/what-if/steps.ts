import type { StepDescriptor } from '../../streams/operator.ts';
import type { RunFolder } from '../run-folder.ts';

/** The steps whose decisions what-if tries. A run with `--annotate-only` took a part of them, and decided nothing. */
export function stepsToJudge({ run, steps }: RunFolder): {
  readonly steps: readonly StepDescriptor[];
  /** Names of the steps that such a run took; null for any other run. */
  readonly annotated: ReadonlySet<string> | null;
} {
  if (run.undecided === undefined) return { steps, annotated: null };
  return { steps: run.undecided, annotated: new Set(steps.map((s) => s.step)) };
}
