import { safeText } from '../../safe-text.ts';
import { skippedReasons } from '../../streams/plan/skipped.ts';
import type { SplitPlan } from '../../streams/plan/splits.ts';
import { plural } from './format.ts';

/** Lines about files that were skipped: how many, then each reason. */
export function skippedSentences(skipped: SplitPlan['skipped']): string[] {
  if (skipped.length === 0) return [];
  const head = `${plural(skipped.length, 'file or folder', 'files or folders')}:`;
  return [head, ...skippedReasons(skipped).map(safeText)];
}
