import { join } from 'node:path';
import { writeWhole } from '../../files/whole.ts';
import type { Executor } from '../../models/executors/executor.ts';
import { processorClass } from '../../models/executors/processor.ts';
import { parameterCount } from '../../models/new-model.ts';
import type { Continual } from '../../recipe/continual.ts';
import { BEGINNING, type Checkpoint } from '../../training/checkpoint.ts';
import { type Begun, type TrainingRecord, writeRecord } from '../../training/continual/record.ts';
import { reportOf } from '../../training/continual/report.ts';
import { learnedAndForgotten } from '../../training/forgetting/report.ts';
import { forgettingSvg } from '../../training/forgetting/report-svg.ts';
import type { HeldOutText } from '../../training/measure.ts';
import type { Schedule } from '../../training/schedules.ts';
import { SLUICE_VERSION } from '../../version.ts';
import type { BaseModel } from './base-model.ts';
import { PLACES } from './training-folder.ts';

/** The record of a training whose text is being curated. */
export const preparing = (recipe: Continual, base: BaseModel, executor: Executor): TrainingRecord => ({
  format: 1,
  kind: 'training',
  sluice: SLUICE_VERSION,
  status: 'preparing',
  recipe: recipe.name,
  begun: null,
  executor: executor.description,
  processors: [],
  parameters: parameterCount(base.config),
  domains: [],
  heldOutTokens: {},
  tokensPerStep: recipe.training.context * recipe.training.sequences,
  plans: [],
  measurements: [],
});

/** What a record is made of. */
export interface RecordParts {
  readonly recipe: Continual;
  readonly executor: Executor;
  readonly base: BaseModel;
  readonly previous: TrainingRecord | null;
  readonly begun: Begun;
  readonly from: Checkpoint | null;
  readonly schedule: Schedule;
  readonly steps: number;
  /** In the order of the feed. */
  readonly domains: readonly string[];
}

/** The record of a training that begins, or goes on from a checkpoint. */
export function recordOf(
  { recipe, executor, base, previous, begun, from, schedule, steps, domains }: RecordParts,
  heldOut: HeldOutText['sequences'],
): TrainingRecord {
  const { step: fromStep, measurements } = from?.progress ?? BEGINNING;
  const plan = { fromStep, steps, schedule: { name: schedule.name, options: schedule.options } };
  const plans = previous?.plans.filter((p) => p.fromStep < fromStep) ?? [];
  const last = plans.at(-1);
  const same = last && JSON.stringify({ ...last, fromStep }) === JSON.stringify(plan);
  const counted = Object.entries(heldOut).map(([d, rows]) => [d, rows.reduce((n, s) => n + s.length, 0)] as const);
  return {
    ...preparing(recipe, base, executor),
    status: 'training',
    begun,
    processors: [...new Set([...(previous?.processors ?? []), processorClass()])],
    domains,
    heldOutTokens: Object.fromEntries(counted),
    plans: same ? plans : [...plans, plan],
    measurements,
  };
}

/** Writes the record, and what it says of learning and forgetting as Markdown, JSON and SVG. */
export async function writeReports(folder: string, record: TrainingRecord): Promise<void> {
  await writeRecord(folder, record);
  await writeWhole(join(folder, PLACES.report), reportOf(record));
  const [before, ...later] = record.measurements;
  const last = later.at(-1);
  if (last === undefined) return;
  const after = { ...last, ...(record.revival && { revivalSteps: record.revival.steps }) };
  const changes = learnedAndForgotten({ before, after: [after] });
  await writeWhole(join(folder, `${PLACES.forgetting}.json`), `${JSON.stringify(changes, null, 1)}\n`);
  await writeWhole(join(folder, `${PLACES.forgetting}.svg`), forgettingSvg(changes));
}
