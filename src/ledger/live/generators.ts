import type { AskerStatus } from '../../models/generators/asker.ts';
import { settingsOf } from '../../operators/generate/settings.ts';
import { createsDocuments, type StepDescriptor } from '../../streams/operator.ts';
import { type RunDatabase, rowsOf } from '../database.ts';

/** Where a step with a generator stands, as it was last recorded. */
export interface GeneratorState extends AskerStatus {
  readonly step: string;
  readonly model: string | null;
  /** Null: none. */
  readonly budget: number | null;
  readonly budgetTokens: number | null;
  readonly promptPrice: number;
  readonly answerPrice: number;
}

/** The last record of each step with a generator. */
export type RecordedGenerators = ReadonlyMap<string, AskerStatus>;

/** The steps of a recipe that ask a generator, with their last record; those that have asked nothing are left out. */
export const generatorStates = (steps: readonly StepDescriptor[], recorded: RecordedGenerators): GeneratorState[] =>
  steps.flatMap((d) => {
    const status = recorded.get(d.step);
    if (d.generates !== true || status === undefined) return [];
    const { model, budget = null, budgetTokens = null, promptPrice = 0, answerPrice = 0 } = settingsOf(d);
    return [{ ...status, step: d.step, model, budget, budgetTokens, promptPrice, answerPrice }];
  });

/** What became of the answers of one style. Documents. */
export interface StyleState {
  readonly step: string;
  readonly style: string;
  readonly asked: number;
  readonly kept: number;
  /** Dropped by a check or a later step, by rule. */
  readonly dropped: Readonly<Record<string, number>>;
  /** No answer, by reason. */
  readonly without: Readonly<Record<string, number>>;
  readonly cost: number;
}

const name = (s: string): string => `"${s.replaceAll('"', '""')}"`;

/** The styles of the steps that create documents with a generator, from the ledger. */
export async function styleStates(db: RunDatabase, steps: readonly StepDescriptor[]): Promise<StyleState[]> {
  const found: StyleState[] = [];
  const columns = new Set(db.views.find((v) => v.name === 'ledger')?.columns.map((c) => c.name) ?? []);
  for (const d of steps) {
    const [style, reason] = ['style', 'reason'].map((c) => `${String(d.options.as ?? '')}_${c}`);
    if (d.generates !== true || !createsDocuments(d) || !columns.has(style) || !columns.has(reason)) continue;
    const rows = await rowsOf(
      db,
      `SELECT ${name(style)} AS style, outcome, rule, ${name(reason)} AS reason, count(*) AS n, sum(cost) AS cost ` +
        `FROM ledger WHERE ${name(style)} IS NOT NULL GROUP BY ALL ORDER BY style, n DESC`,
    );
    const byStyle = new Map<string, Mutable<StyleState>>();
    for (const r of rows) {
      const key = String(r.style);
      const s = byStyle.get(key) ?? { step: d.step, style: key, asked: 0, kept: 0, dropped: {}, without: {}, cost: 0 };
      byStyle.set(key, s);
      const n = Number(r.n);
      s.asked += n;
      s.cost += Number(r.cost ?? 0);
      if (r.outcome === 'kept') s.kept += n;
      else if (r.reason !== null) add(s.without, String(r.reason), n);
      else add(s.dropped, String(r.rule ?? r.outcome), n);
    }
    found.push(...byStyle.values());
  }
  return found;
}

type Mutable<T> = {
  -readonly [K in keyof T]: T[K] extends Readonly<Record<string, number>> ? Record<string, number> : T[K];
};

const add = (into: Record<string, number>, key: string, n: number): void => {
  into[key] = (into[key] ?? 0) + n;
};
