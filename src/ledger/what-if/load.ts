import { columnsOfRule } from '../../streams/batch/condition.ts';
import { query, type RunDatabase, rowsOf } from '../database.ts';
import { POSITION } from '../position.ts';
import type { RunFolder } from '../run-folder.ts';
import { ABSENT, KEPT, type LedgerColumns, NULL_INT32, type Values } from './columns.ts';
import { placeSql, scopeColumns } from './places.ts';
import { type Plan, planOf } from './plan.ts';
import type { Prepared } from './prepared.ts';
import { prepareWhatIf } from './redecide.ts';
import { stepsToJudge } from './steps.ts';

const text = (s: string): string => `'${s.replaceAll("'", "''")}'`;
const name = (s: string): string => `"${s.replaceAll('"', '""')}"`;
const place = (list: readonly string[], column: string): string =>
  `CAST(coalesce(list_position([${list.map(text).join(', ')}]::VARCHAR[], ${column}), 0) AS INTEGER)`;

/** Reads what a run recorded and prepares it for `redecide`. Rows are in the order of `SELECT ... FROM ledger`. */
export async function openWhatIf(folder: RunFolder, db: RunDatabase): Promise<Prepared> {
  const { steps, annotated } = stepsToJudge(folder);
  const found = await rowsOf(db, `SELECT DISTINCT ${placeSql(scopeColumns(steps))} AS domain FROM ledger ORDER BY 1`);
  const plan = planOf(
    steps,
    found.map((r) => String(r.domain)),
    annotated,
  );
  return prepareWhatIf(await loadColumns(folder, db, plan), plan);
}

/** The columns of the ledger that the rules of a plan read. */
async function loadColumns(folder: RunFolder, db: RunDatabase, plan: Plan): Promise<LedgerColumns> {
  const rows = db.views.find((v) => v.name === 'ledger')?.rows ?? 0;
  const wanted = new Set(plan.rules.flatMap((r) => columnsOfRule(r.rule)));
  const annotations = folder.run.schema.annotations.filter((a) => wanted.has(a.name) && a.type !== 'utf8');
  const allRules = plan.steps.flatMap((s) => s.rules.map((r) => r.name));
  const numbers: readonly [string, Values][] = [
    [place(plan.domains, placeSql(scopeColumns(plan.steps))), new Int32Array(rows)],
    [
      place(
        plan.steps.map((s) => s.step),
        'step',
      ),
      new Int32Array(rows),
    ],
    [place(['kept', 'dropped', 'quarantined'], 'outcome'), new Int32Array(rows)],
    [place(allRules, 'rule'), new Int32Array(rows)],
    ['coalesce(CAST(text_bytes AS DOUBLE), 0)', new Float64Array(rows)],
    ["coalesce(CAST(tokens AS DOUBLE), 'nan')", new Float64Array(rows)],
    ['CAST(derived IS NOT NULL AS INTEGER)', new Int32Array(rows)],
    ...annotations.map((a): [string, Values] =>
      a.type === 'int32'
        ? [`coalesce(${name(a.name)}, ${NULL_INT32})`, new Int32Array(rows)]
        : [`coalesce(CAST(${name(a.name)} AS DOUBLE), 'nan')`, new Float64Array(rows)],
    ),
  ];
  await readInto(
    db,
    `SELECT ${numbers.map(([sql]) => sql).join(', ')} FROM ledger`,
    numbers.map(([, v]) => v),
  );
  const [domain, step, outcome, rule, bytes, tokens, made] = numbers.map(([, v]) => v);
  const stepOf = new Int16Array(rows);
  const ruleOf = new Int16Array(rows).fill(-1);
  for (let i = 0; i < rows; i++) {
    stepOf[i] = outcome[i] === 1 ? KEPT : outcome[i] === 2 ? step[i] - 1 : ABSENT;
    // The name of a rule may stand in several steps.
    if (stepOf[i] >= 0) ruleOf[i] = plan.steps[stepOf[i]].rules.findIndex((r) => r.name === allRules[rule[i] - 1]);
  }
  return {
    rows,
    domains: plan.domains,
    domain: Uint16Array.from(domain, (d) => d - 1),
    stepOf,
    ruleOf,
    bytes: bytes as Float64Array,
    tokens: tokens as Float64Array,
    values: new Map(annotations.map((a, i) => [a.name, numbers[7 + i][1]])),
    survivor: await survivors(db, rows),
    made: made.includes(1) ? Uint8Array.from(made) : null,
  };
}

/** Streams number columns of a query into arrays. */
async function readInto(db: RunDatabase, sql: string, into: readonly Values[]): Promise<void> {
  const result = await query(db, sql);
  for (let at = 0; ; ) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return;
    into.forEach((values, i) => {
      // No nulls: the query names a value for each.
      const { items } = chunk.getColumnVector(i) as unknown as { readonly items: Values };
      values.set(items, at);
    });
    at += chunk.rowCount;
  }
}

/** Rows that stand for copies; null where the ledger has no copies. */
async function survivors(db: RunDatabase, rows: number): Promise<Int32Array | null> {
  const pairs = await query(
    db,
    `WITH l AS (SELECT CAST(row_number() OVER () - 1 AS INTEGER) AS n, ${POSITION} AS p, duplicate_of AS d ` +
      'FROM ledger) SELECT c.n, s.n FROM l c JOIN l s ON c.d = s.p',
  );
  let found: Int32Array | null = null;
  for (;;) {
    const chunk = await pairs.fetchChunk();
    if (!chunk || chunk.rowCount === 0) return found;
    found ??= new Int32Array(rows).fill(-1);
    const [copy, of] = [0, 1].map((i) => (chunk.getColumnVector(i) as unknown as { items: Int32Array }).items);
    for (let i = 0; i < chunk.rowCount; i++) found[copy[i]] = of[i];
  }
}
