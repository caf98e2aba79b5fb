// How well trials at one size tell mixtures of other sizes apart, on RegMix's own tables (512 runs of 1M parameters;
// 256 held-out runs of 1M and 60M, 64 of 1B), beside trivial answers.
// Run: node --import tsx scripts/certify/mixtures.ts [folder] [--all]
import { existsSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { readTrials } from '../../src/mixture/trial-table.ts';
import { fitTrials, type TrialFit } from '../../src/mixture/trials.ts';

const folder = resolve(
  process.argv.slice(2).find((a) => !a.startsWith('--')) ??
    join(import.meta.dirname, '../../../shared/corpora/mixtures/regmix'),
);
if (!existsSync(folder)) {
  console.log(`skipped: no tables in ${folder}`);
  process.exit(0);
}
const read = (name: string): string => readFileSync(join(folder, `${name}.csv`), 'utf8');
// The kernel takes about ten seconds of processor time a loss.
const all = process.argv.includes('--all');
const target = 'metric/the_pile_pile_cc_val_loss';
const metrics = read('train_pile_loss_1m')
  .split('\n')[0]
  .trim()
  .split(',')
  .slice(1)
  .filter((metric) => all || metric === target);

/** Ranks, equal values at the mean of theirs. */
function ranks(values: readonly number[]): number[] {
  const order = values.map((_, i) => i).sort((a, b) => values[a] - values[b]);
  const result: number[] = [];
  for (let i = 0; i < order.length; ) {
    let end = i;
    while (end < order.length && values[order[end]] === values[order[i]]) end++;
    for (let k = i; k < end; k++) result[order[k]] = (i + end - 1) / 2;
    i = end;
  }
  return result;
}

/** Spearman's rank correlation. */
function rankCorrelation(a: readonly number[], b: readonly number[]): number {
  const [x, y] = [ranks(a), ranks(b)];
  const mean = (a.length - 1) / 2;
  const dot = (u: readonly number[], v: readonly number[]) =>
    u.reduce((s, _, i) => s + (u[i] - mean) * (v[i] - mean), 0);
  return dot(x, y) / Math.sqrt(dot(x, x) * dot(y, y));
}

/** Fits are the same for each size of held-out runs. */
const fits = new Map<string, TrialFit>();
console.log(`rank correlation of predicted and measured losses: Pile-CC${all ? '; mean over the 13 losses' : ''}`);
for (const size of ['1m', '60m', '1B']) {
  const scores: Record<string, number[]> = {
    'linear ridge': [],
    'log ridge': [],
    kernel: [],
    "the domain's own share": [],
  };
  const onTarget: Record<string, number> = {};
  for (const metric of metrics) {
    const { trials, domains } = readTrials(read('train_mixture_1m'), read('train_pile_loss_1m'), metric);
    const held = readTrials(read(`test_mixture_${size}`), read(`test_pile_loss_${size}`), metric).trials;
    const own = domains.indexOf(metric.replace('metric/', 'train_').replace('_val_loss', ''));
    const predictor = (model: 'linear' | 'log' | 'kernel') => {
      const key = `${model} ${metric}`;
      const known = fits.get(key) ?? fitTrials(trials, { model });
      fits.set(key, known);
      return known.predict;
    };
    const predictions: Record<string, (weights: readonly number[]) => number> = {
      'linear ridge': predictor('linear'),
      'log ridge': predictor('log'),
      kernel: predictor('kernel'),
      "the domain's own share": (weights) => -weights[own],
    };
    for (const [name, predict] of Object.entries(predictions)) {
      const score = rankCorrelation(
        held.map((t) => predict(t.weights)),
        held.map((t) => t.loss),
      );
      scores[name].push(score);
      if (metric === target) onTarget[name] = score;
    }
  }
  for (const [name, each] of Object.entries(scores)) {
    const mean = each.reduce((a, b) => a + b, 0) / each.length;
    console.log(
      `${size.padEnd(4)} ${name.padEnd(24)} ${onTarget[name].toFixed(3)}${all ? `  ${mean.toFixed(3)}` : ''}`,
    );
  }
}
