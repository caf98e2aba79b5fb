import type { ColumnSpec } from '../../streams/batch/columns.ts';
import { type RunDatabase, rowsOf } from '../database.ts';

/** How documents are put into groups: a name, and an expression of SQL over the ledger. */
export interface Grouping {
  readonly name: string;
  readonly sql: string;
  /** Its groups are years: they stay in their order, and where there are many, decades are taken. */
  readonly years?: true;
}

/** Of one group: how many documents a rule drops, with a 95 % interval (Wilson). */
export interface GroupShare {
  readonly group: string;
  readonly documents: number;
  readonly dropped: number;
  readonly share: number;
  readonly low: number;
  readonly high: number;
  /** Share divided by that of all documents. */
  readonly ratio: number;
  /** Fewer than 30 documents: too few to tell. */
  readonly few: boolean;
}

/** Whom a rule hits. `rule` null: all rules together. */
export interface RuleBias {
  readonly by: string;
  readonly step: string | null;
  readonly rule: string | null;
  readonly documents: number;
  readonly dropped: number;
  /** The hardest hit first, groups too small to tell last; years and decades in their order. */
  readonly groups: readonly GroupShare[];
  /** What the numbers are made of. */
  readonly sql: string;
}

const LENGTHS =
  "CASE WHEN text_bytes < 500 THEN '1: under 500 B' WHEN text_bytes < 2000 THEN '2: 500 B to 2 kB' " +
  "WHEN text_bytes < 8000 THEN '3: 2 to 8 kB' ELSE '4: 8 kB and more' END";

const LANGUAGE = /(^|_)(language|lang)$/;
const DATE = /(^|_)(date|year|timestamp)$/;

/** Domain and length, and language and year where the ledger has a column of them. */
export function groupingsOf(annotations: readonly ColumnSpec[]): Grouping[] {
  const [language, date] = [LANGUAGE, DATE].map((p) => annotations.find((a) => p.test(a.name))?.name);
  return [
    { name: 'domain', sql: "coalesce(domain, '')" },
    { name: 'length', sql: LENGTHS },
    ...(language === undefined ? [] : [{ name: 'language', sql: `coalesce("${language}", '(unknown)')` }]),
    ...(date === undefined ? [] : [{ name: 'period', sql: yearOf(date), years: true as const }]),
  ];
}

const UNKNOWN = "'(unknown)'";
const yearOf = (column: string): string =>
  `coalesce(nullif(regexp_extract(CAST("${column}" AS VARCHAR), '\\d{4}'), ''), ${UNKNOWN})`;

/** So many years are shown one by one. */
const MOST_YEARS = 12;
/** Of fewer documents the share of a group says next to nothing: half of the interval is 0.17 wide or more at 50 %. */
const FEW = 30;

/** A grouping by years as one by decades where there are many. */
async function periodsOf(db: RunDatabase, by: Grouping): Promise<Grouping> {
  if (!by.years) return by;
  const [found] = await rowsOf(db, `SELECT count(DISTINCT ${by.sql}) AS n FROM ledger WHERE outcome <> 'quarantined'`);
  if (Number(found.n) <= MOST_YEARS) return by;
  const sql = `CASE WHEN ${by.sql} = ${UNKNOWN} THEN ${UNKNOWN} ELSE left(${by.sql}, 3) || '0s' END`;
  return { ...by, sql };
}

/**
 * Which groups the run's rules hit harder: all together, and the rules that drop most.
 * @param most rules beside all together, for each grouping
 */
export async function ruleBias(db: RunDatabase, groupings: readonly Grouping[], most: number): Promise<RuleBias[]> {
  const top = await rowsOf(
    db,
    "SELECT step, rule, count(*) AS n FROM ledger WHERE outcome = 'dropped' GROUP BY ALL " +
      `ORDER BY n DESC, step, rule LIMIT ${most}`,
  );
  const rules = [{ step: null, rule: null }, ...top.map((r) => ({ step: String(r.step), rule: String(r.rule) }))];
  const found: RuleBias[] = [];
  for (const given of groupings) {
    const by = await periodsOf(db, given);
    for (const rule of rules) found.push(await biasOf(db, by, rule.step, rule.rule));
  }
  return found;
}

const text = (s: string): string => `'${s.replaceAll("'", "''")}'`;

async function biasOf(db: RunDatabase, by: Grouping, step: string | null, rule: string | null): Promise<RuleBias> {
  const which = step === null ? '' : ` AND step = ${text(step)} AND rule = ${text(rule ?? '')}`;
  const sql =
    `SELECT ${by.sql} AS "group", count(*) AS documents, count(*) FILTER (outcome = 'dropped'${which}) AS dropped ` +
    "FROM ledger WHERE outcome <> 'quarantined' GROUP BY ALL ORDER BY 1";
  const rows = (await rowsOf(db, sql)).map((r) => ({
    group: String(r.group),
    documents: Number(r.documents),
    dropped: Number(r.dropped),
  }));
  const documents = rows.reduce((n, r) => n + r.documents, 0);
  const dropped = rows.reduce((n, r) => n + r.dropped, 0);
  const overall = documents === 0 ? 0 : dropped / documents;
  const groups = rows.map((r) => {
    const [low, high] = wilson(r.dropped, r.documents);
    const share = r.dropped / r.documents;
    return { ...r, share, low, high, ratio: overall === 0 ? 0 : share / overall, few: r.documents < FEW };
  });
  const byName = (a: GroupShare, b: GroupShare): number => (a.group < b.group ? -1 : 1);
  if (by.years) groups.sort((a, b) => Number(isUnknown(a)) - Number(isUnknown(b)) || byName(a, b));
  else groups.sort((a, b) => Number(a.few) - Number(b.few) || b.share - a.share || byName(a, b));
  return { by: by.name, step, rule, documents, dropped, groups, sql };
}

const isUnknown = ({ group }: GroupShare): boolean => group === '(unknown)';

/** Wilson's interval of a share, 95 %. */
export function wilson(hits: number, of: number): [low: number, high: number] {
  if (of === 0) return [0, 1];
  const z = 1.959964;
  const p = hits / of;
  const middle = p + (z * z) / (2 * of);
  const half = z * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  const whole = 1 + (z * z) / of;
  return [Math.max(0, (middle - half) / whole), Math.min(1, (middle + half) / whole)];
}
