/**
 * How long a moved threshold takes over a ledger of N made rows: 23 rules of four steps that interact, exact copies
 * between. Prints milliseconds, median of seven. Usage: npm run bench -- what-if [rows...]
 */
import {
  annotate,
  dedup,
  drop,
  fineweb,
  finewebRules,
  gopherQuality,
  gopherQualityRules,
  gopherRepetition,
  gopherRepetitionRules,
} from '../../src/index.ts';
import { KEPT, type LedgerColumns } from '../../src/ledger/what-if/columns.ts';
import { ruleOverlap } from '../../src/ledger/what-if/overlap.ts';
import { planOf } from '../../src/ledger/what-if/plan.ts';
import { prepareWhatIf, redecide } from '../../src/ledger/what-if/redecide.ts';
import { tally } from '../../src/ledger/what-if/tally.ts';
import { generator } from '../../test/helpers/corpus.ts';

const steps = [
  annotate(gopherQuality(), gopherRepetition(), fineweb(), { step: 'scores' }),
  drop('gopher_quality', gopherQualityRules()),
  drop('gopher_repetition', gopherRepetitionRules()),
  dedup.exact(),
  drop('fineweb', finewebRules()),
].map((s) => s.descriptor);

function madeColumns(rows: number): LedgerColumns {
  const random = generator(5);
  const plan = planOf(steps, ['web', 'books', 'news']);
  // Of every rule one document in thirty is on the other side, most of them near.
  const values = new Map(
    plan.rules.map(({ rule }) => {
      const t = rule.threshold === 0 ? 1 : rule.threshold;
      const side = rule.comparison.startsWith('<') ? -1 : 1;
      const value = (): number => {
        const x = random();
        return t * (1 + side * (x < 1 / 30 ? random() / 4 : -random() / 2));
      };
      return [rule.column, Float64Array.from({ length: rows }, value)];
    }),
  );
  const columns: LedgerColumns = {
    rows,
    domains: plan.domains,
    domain: Uint16Array.from({ length: rows }, () => Math.floor(random() * 3)),
    stepOf: new Int16Array(rows).fill(KEPT),
    ruleOf: new Int16Array(rows).fill(-1),
    bytes: new Float64Array(rows).fill(4000),
    tokens: new Float64Array(rows).fill(1000),
    values,
    survivor: new Int32Array(rows).fill(-1),
    made: null,
  };
  const { before } = prepareWhatIf(columns, plan);
  columns.stepOf.set(before.dropped);
  return columns;
}

const median = (run: () => void): number => {
  const times = Array.from({ length: 7 }, () => {
    const from = performance.now();
    run();
    return performance.now() - from;
  });
  return Math.round(times.sort((a, b) => a - b)[3]);
};

for (const rows of process.argv
  .slice(2)
  .filter((a) => /^\d+$/.test(a))
  .map(Number)
  .concat(process.argv.length > 2 ? [] : [1e6, 1e7])) {
  const columns = madeColumns(rows);
  const from = performance.now();
  const prepared = prepareWhatIf(columns, planOf(steps, columns.domains));
  const prepare = Math.round(performance.now() - from);
  const looser = [{ step: 'gopher_quality', rule: 'gopher_max_word_length', threshold: 10.5 }];
  const tighter = [{ step: 'fineweb', rule: 'fineweb_max_short_lines', threshold: 0.5 }];
  const drag = (changes: typeof looser): number => median(() => tally(prepared, redecide(prepared, changes)));
  const found = tally(prepared, redecide(prepared, looser));
  console.log(
    `${rows.toLocaleString('en')} rows, ${prepared.plan.rules.length} rules: prepare ${prepare} ms, ` +
      `drag looser ${drag(looser)} ms (${found.lost.length} lost, ${found.saved.length} saved, ` +
      `${found.total.open.documents} open), tighter ${drag(tighter)} ms, ` +
      `overlap ${median(() => ruleOverlap(prepared, prepared.before))} ms`,
  );
}
