import { parameterCount } from '../../models/new-model.ts';
import { SLUICE_VERSION } from '../../version.ts';
import type { Interval } from '../statistics/paired.ts';
import type { ArmResult } from './arm-training.ts';
import type { ComparedModel } from './model.ts';
import type { Prepared } from './prepare-arms.ts';
import { type ComparedRow, comparedRows, sharedDocuments } from './rows.ts';
import { blocksOf } from './samples.ts';
import type { ComparisonSettings } from './settings.ts';

/** All that a comparison found: contents of report.json. */
export interface ComparisonReport {
  readonly format: 1;
  readonly sluice: string;
  readonly settings: ComparisonSettings;
  readonly parameters: number;
  readonly executors: readonly string[];
  readonly arms: readonly {
    readonly name: string;
    readonly documents: number;
    readonly bytes: number;
    readonly trainedOn: { readonly documents: number; readonly bytes: number; readonly tokens: number };
    /** How often each token of it was seen. */
    readonly epochs: number;
    readonly trainLoss: number;
  }[];
  readonly heldOut: {
    readonly documents: number;
    readonly bytes: number;
    /** What decides: documents of every arm, or all. */
    readonly decides: 'documents of every arm' | 'all documents';
    readonly from: 'split off all arms' | 'given';
  };
  readonly items: number;
  readonly rows: readonly ComparedRow[];
  /** One sentence an arm but the first. */
  readonly verdicts: readonly string[];
}

export function reportOf(
  settings: ComparisonSettings,
  model: ComparedModel,
  { arms, documents, items }: Prepared,
  results: readonly ArmResult[],
): ComparisonReport {
  const names = settings.arms.map((a) => a.name);
  const byArm = names.map((_, arm) => results.filter((r) => r.arm === arm).sort((a, b) => a.seed - b.seed));
  const rows = comparedRows(byArm, documents, items, names);
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
  const seen = Math.ceil(settings.tokens / (settings.rows * model.context)) * settings.rows * model.context;
  return {
    format: 1,
    sluice: SLUICE_VERSION,
    settings,
    parameters: parameterCount(model.config),
    executors: [...new Set(results.map((r) => r.executor))],
    arms: arms.map(({ documents: all, bytes, sample }, i) => ({
      name: names[i],
      documents: all,
      bytes,
      trainedOn: { documents: sample.documents, bytes: sample.bytes, tokens: sample.tokens },
      epochs: seen / (blocksOf(sample.tokens, model.context, names[i]) * model.context),
      trainLoss: mean(byArm[i].map((r) => r.trainLoss)),
    })),
    heldOut: {
      documents: documents.length,
      bytes: documents.reduce((n, d) => n + Buffer.byteLength(d.text), 0),
      decides: sharedDocuments(documents, names.length) === null ? 'all documents' : 'documents of every arm',
      from: settings.heldOut === null ? 'split off all arms' : 'given',
    },
    items: items.length,
    rows,
    verdicts: names.slice(1).map((name, k) => verdictOf(rows, name, names[0], k, settings.seeds)),
  };
}

/** What the headline rows say of an arm, in a sentence. */
function verdictOf(rows: readonly ComparedRow[], name: string, first: string, k: number, seeds: number): string {
  const row = rows.find((r) => r.headline && r.measure === 'bits per byte')!;
  const difference = row.differences[k];
  if (seeds === 1)
    return `${name}: one seed says nothing of the noise; give two or more with --seeds to tell it from ${first}.`;
  if (difference.verdict === 'within the noise')
    return `${name}: the difference to ${first} is within the noise (${inWords(difference, 4)} bits per byte).`;
  const how = difference.verdict === row.better ? 'better' : 'worse';
  const by = Math.abs(difference.mean).toFixed(4);
  return `${name}: ${how} than ${first} by ${by} bits per byte (${inWords(difference, 4)}).`;
}

/** A difference and its interval: `-0.012, 95 % -0.020 to -0.004`. */
export function inWords({ mean, low, high }: Interval, digits: number): string {
  const signed = (x: number): string => `${x < 0 ? '-' : '+'}${Math.abs(x).toFixed(digits)}`;
  return low === null || high === null ? signed(mean) : `${signed(mean)}, 95 % ${signed(low)} to ${signed(high)}`;
}

/** Whether an arm is better in a row, by its interval. */
export const judged = ({ better }: ComparedRow, { verdict }: Interval): 'better' | 'worse' | 'within the noise' =>
  verdict === 'within the noise' ? verdict : verdict === better ? 'better' : 'worse';
