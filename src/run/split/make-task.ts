import { annotationColumns, type Recipe } from '../../recipe/recipe.ts';
import { createsDocuments, rewritesText } from '../../streams/operator.ts';
import type { Split, SplitPlan } from '../../streams/plan/splits.ts';
import type { Phase } from '../../streams/split/phases.ts';
import type { EarlierRun } from '../recut/earlier-run.ts';
import type { SplitTask } from './tasks.ts';

/**
 * A split of a phase with only the files that it reads, as a thread gets it.
 * @param earlier a run whose values it takes
 */
export function makeSplitTask(
  runDirectory: string,
  recipe: Recipe,
  plan: SplitPlan,
  phase: Phase,
  split: Split,
  earlier: EarlierRun | null = null,
): SplitTask {
  const used = [...new Set(split.ranges.map((r) => r.file))];
  const measured = earlier?.of(split.index);
  const steps = recipe.steps.map((s) => s.descriptor);
  return {
    kind: 'split',
    runDirectory,
    phase,
    split: { ...split, ranges: split.ranges.map((r) => ({ ...r, file: used.indexOf(r.file) })) },
    files: used.map((f) => plan.files[f]),
    read: recipe.read,
    annotations: annotationColumns(steps),
    sinks: recipe.sinks,
    rewritten: steps.some(rewritesText),
    creates: steps.some(createsDocuments),
    ...(measured && { earlier: measured }),
  };
}
