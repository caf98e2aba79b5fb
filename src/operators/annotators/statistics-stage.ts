import { FAMILY, STATISTICS, type StatisticFamily } from '../../kernels/statistics.ts';
import { type Column, type ColumnSpec, float64Column, int32Column } from '../../streams/batch/columns.ts';
import type { AnnotatorFactory } from '../annotator-stage.ts';
import { columnOf, type Of } from './part-columns.ts';

/** Columns of a family of kernel statistics, in the kernel's order. */
export const statisticsColumns = (family: StatisticFamily): ColumnSpec[] =>
  STATISTICS.filter((s) => s.family === family).map(({ name, type }) => ({ name, type }));

/**
 * Computes one family of kernel statistics; families of one `annotate()` share a single pass over the text.
 */
export const annotator: AnnotatorFactory = (options, { statistics }) => {
  const family = options.family as StatisticFamily;
  const of = (options.of ?? 'text') as Of;
  statistics.request(FAMILY[family], of);
  const specs = statisticsColumns(family);
  return (batch, scope) =>
    specs.map(({ name, type }): readonly [string, Column] => {
      const values = statistics.column(batch, scope, name, of);
      return [columnOf(of, name), type === 'int32' ? int32Column(values) : float64Column(values)];
    });
};
