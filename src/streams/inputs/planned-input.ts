import { missingFields, type NamedField } from '../plan/missing-fields.ts';
import { planSplits } from '../plan/plan.ts';
import { nothingToRead } from '../plan/skipped.ts';
import type { SplitPlan } from '../plan/splits.ts';
import type { ReadOptions } from './read-options.ts';

export interface PlannedInputOptions {
  /** Called for every skipped file with the reason, and with warnings about others. Default: ignored. */
  readonly onWarning?: (text: string) => void;
  /** File or folder that the caller writes to: nothing there is read. */
  readonly output?: string;
  /** Fields of the metadata that the caller reads: a warning where no record has one. Default: none. */
  readonly fields?: readonly NamedField[];
}

/** Files, folders and globs as splits. Errors: ConfigError when nothing can be read. */
export async function plannedInput(
  patterns: readonly string[],
  read: ReadOptions,
  { onWarning, output, fields = [] }: PlannedInputOptions = {},
): Promise<SplitPlan> {
  const plan = await planSplits(patterns, read, { output });
  const skipped = plan.skipped.map(({ path, reason }) => `skipped ${path} (${reason})`);
  if (plan.files.length === 0) throw nothingToRead(patterns, plan.skipped, 'the input');
  for (const text of [...skipped, ...plan.warnings]) onWarning?.(text);
  if (onWarning) for (const text of await missingFields(plan.files, read, fields)) onWarning(text);
  return plan;
}
