import type { Kernel } from '../kernels/kernel.ts';
import { STATISTICS } from '../kernels/statistics.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import type { Column } from '../streams/batch/columns.ts';
import { rowsInScope, type Stage, type StepDescriptor } from '../streams/operator.ts';
import type { Annotate, AnnotatorDescriptor, StatisticsOfBatch } from './annotator-stage.ts';
import { merged } from './merged-columns.ts';
import { proseOf } from './parts-of-batch.ts';
import type { StageContext } from './stage-context.ts';

/** The stage behind `annotate()`. */
export async function stage(descriptor: StepDescriptor, { kernel, load }: StageContext): Promise<Stage> {
  const context = { kernel, statistics: statisticsOf(kernel) };
  const annotators = descriptor.options.annotators as unknown as readonly AnnotatorDescriptor[];
  const run = await Promise.all(annotators.map(async (a) => renamed(a, await (await load(a))(a.options, context))));
  return {
    async apply(batch) {
      const scope = rowsInScope(batch, descriptor.where);
      const added: (readonly [string, Column])[] = [];
      for (const annotateBatch of run) added.push(...(await annotateBatch(batch, scope)));
      const fresh = new Set(batch.stale);
      for (const [name] of added) fresh.delete(name);
      return batch.withColumns(merged(batch, scope, added)).with({ stale: fresh });
    },
  };
}

/** The columns of an annotator with the prefix that `as()` gave it. */
function renamed({ prefix }: AnnotatorDescriptor, annotate: Annotate): Annotate {
  if (prefix === undefined) return annotate;
  return async (batch, scope) =>
    Array.from(await annotate(batch, scope), ([name, column]) => [`${prefix}_${name}`, column] as const);
}

interface Last {
  readonly batch: DocumentBatch;
  readonly scope: Uint8Array;
  readonly values: Float64Array;
}

function statisticsOf(kernel: Kernel): StatisticsOfBatch {
  const families = { text: 0, prose: 0 };
  const last: { text: Last | null; prose: Last | null } = { text: null, prose: null };
  return {
    request(family, of = 'text') {
      families[of] |= family;
    },
    column(batch, scope, name, of = 'text') {
      let computed = last[of];
      if (computed?.batch !== batch || computed.scope !== scope) {
        const { values, offsets } = of === 'text' ? batch.utf8('text') : proseOf(kernel, batch, scope);
        computed = { batch, scope, values: kernel.statistics(values, offsets, batch.rows, scope, families[of]) };
        last[of] = computed;
      }
      const width = STATISTICS.length;
      const k = STATISTICS.findIndex((s) => s.name === name);
      const values = new Float64Array(batch.rows);
      for (let i = 0; i < batch.rows; i++) values[i] = computed.values[i * width + k];
      return values;
    },
  };
}
