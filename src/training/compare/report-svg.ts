import { intervalChart } from '../charts/interval-chart.ts';
import type { ComparisonReport } from './report.ts';

/** report.svg: differences to the first arm with their intervals, a panel for each measure. */
export function reportSvg({ arms, rows }: ComparisonReport): string {
  const measures = [...new Set(rows.map((r) => r.measure))];
  return intervalChart(
    measures.map((measure) => {
      const own = rows.filter((r) => r.measure === measure);
      return {
        title: `${measure}, less ${arms[0].name} (${own[0].better} is better)`,
        series: arms.slice(1).map(({ name }, k) => ({
          name,
          points: own.map((row) => ({ label: row.scope, ...row.differences[k] })),
        })),
      };
    }),
  );
}
