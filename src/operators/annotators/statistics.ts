import { FAMILY, STATISTICS, type StatisticFamily } from '../../kernels/statistics.ts';
import { type Column, type ColumnSpec, float64Column, int32Column } from '../../streams/batch/columns.ts';
import type { AnnotatorDescriptor, AnnotatorFactory } from '../annotate.ts';

/** Columns of a family of kernel statistics, in the kernel's order. */
export const statisticsColumns = (family: StatisticFamily): ColumnSpec[] =>
  STATISTICS.filter((s) => s.family === family).map(({ name, type }) => ({ name, type }));

/**
 * An annotator whose columns are one family of kernel statistics; families of one `annotate()` share a single pass over
 * the text.
 */
export function statisticsAnnotator(name: string, version: number, family: StatisticFamily): AnnotatorDescriptor {
  return {
    name,
    version,
    module: 'sluice:statistics',
    export: 'kernelStatistics',
    options: { family },
    reads: ['text'],
    writes: statisticsColumns(family),
  };
}

export const kernelStatistics: AnnotatorFactory<{ readonly family: StatisticFamily }> = (
  { family },
  { statistics },
) => {
  statistics.request(FAMILY[family]);
  const specs = statisticsColumns(family);
  return (batch, scope) =>
    specs.map(({ name, type }): readonly [string, Column] => {
      const values = statistics.column(batch, scope, name);
      return [name, type === 'int32' ? int32Column(values) : float64Column(values)];
    });
};
