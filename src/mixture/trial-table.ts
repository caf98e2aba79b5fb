import { ConfigError, nearestName } from '../errors.ts';
import type { Trial } from './trials.ts';

/**
 * Trials from two CSV tables, as RegMix and Olmix write them: `ratios` with a column for each domain, `metrics` with a
 * column for each loss; the first column of both names the run. Errors: ConfigError for a cell that is not a number, a
 * row of another length, a run without a loss, and a metric that is no column.
 */
export function readTrials(
  ratios: string,
  metrics: string,
  metric: string,
): { readonly domains: readonly string[]; readonly trials: readonly Trial[] } {
  const [weights, losses] = [tableOf(ratios, 'ratios'), tableOf(metrics, 'metrics')];
  const column = losses.names.indexOf(metric);
  if (column < 0) {
    const near = nearestName(metric, losses.names);
    throw new ConfigError({
      expected: `a column of the metrics: ${losses.names.join(', ')}`,
      got: metric,
      where: 'metrics',
      fix: near ? `Did you mean ${near}?` : undefined,
    });
  }
  const trials = [...weights.rows].map(([run, row]) => {
    const loss = losses.rows.get(run)?.[column];
    if (loss === undefined) throw new ConfigError({ expected: `a loss of run ${run}`, got: 'none', where: 'metrics' });
    return { weights: row, loss };
  });
  return { domains: weights.names, trials };
}

function tableOf(text: string, what: string): { names: string[]; rows: Map<string, number[]> } {
  const [head = '', ...lines] = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const names = head.split(',').slice(1);
  const rows = new Map<string, number[]>();
  for (const [i, line] of lines.entries()) {
    const [run, ...cells] = line.split(',');
    const values = cells.map((cell) => (cell.trim() === '' ? Number.NaN : Number(cell)));
    const wrong = values.findIndex((v) => !Number.isFinite(v));
    if (values.length !== names.length || wrong >= 0)
      throw new ConfigError({
        expected: wrong >= 0 ? `a number for ${names[wrong] ?? `column ${wrong + 2}`}` : `${names.length} numbers`,
        got: wrong >= 0 ? `'${cells[wrong]}'` : `${values.length}`,
        where: `line ${i + 2} of the ${what}`,
      });
    rows.set(run, values);
  }
  return { names, rows };
}
