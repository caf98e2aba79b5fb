import type { DuckDBValue } from '@duckdb/node-api';
import { ConfigError } from '../../errors.ts';
import { type Scope, scopeColumn } from '../../streams/scope.ts';
import { type RunDatabase, rowsOf } from '../database.ts';
import { documentsAt, LISTED_NAMES, type ListedDocument, listedDocument } from '../documents-data.ts';
import type { LedgerIndex } from '../ledger-index.ts';
import { ledgerParts, PART, ROW, wholeLedger } from '../ledger-parts.ts';
import { atPosition, type Condition, ofId } from '../position.ts';
import { committedTotals, type RunFolder } from '../run-folder.ts';
import { inScope } from './in-scope.ts';
import { type LedgerSearch, SEARCHED } from './search.ts';

/** Which documents of the ledger are wanted; what is left out is not asked for. */
export interface Wanted {
  /** In the id, the position or the excerpt; upper and lower case alike. */
  readonly text?: string;
  readonly outcome?: string;
  readonly domain?: string;
  /** `step.rule` that dropped it. */
  readonly rule?: string;
  /** `step.rule`: the documents whose value is nearest to its threshold, on both sides of it. */
  readonly near?: string;
  /** Number of the row of the ledger from which on it is looked for; null: whose id it is comes first, by itself. */
  readonly from: number | null;
  readonly most: number;
}

export interface Listed {
  readonly documents: readonly (ListedDocument & { readonly near?: number | null })[];
  /** `from` of the question that goes on; null: the ledger has been read to its end. */
  readonly next: number | null;
  /** Rows of the ledger that have been looked at, from its first one on; all of them: `rows`. */
  readonly searched: number;
  readonly rows: number;
}

/** A question is answered after about so long, with what has been found by then. */
const BUDGET_MS = 200;

/** What is at hand of a run to look for documents in it. */
export interface Browsed {
  readonly folder: RunFolder;
  readonly db: RunDatabase;
  readonly search: LedgerSearch;
  readonly index: LedgerIndex | null;
}

/**
 * Documents in the order of the ledger, as far as they are found within a fifth of a second; those near a threshold by
 * their distance from it. The document whose id or position is the text itself is an answer of its own, where there is
 * an index: it does not wait for the search.
 */
export async function browse(run: Browsed, wanted: Wanted): Promise<Listed> {
  const { folder, db, search, index } = run;
  refuseUnknown(folder, wanted);
  const asked = conditionOf(wanted);
  const near = wanted.near ? thresholdOf(folder, wanted.near) : null;
  if (near) return nearest(run, near, asked, wanted.most);
  const { rows } = search;
  const first = index && wanted.text && wanted.from === null ? await exactly(db, index, wanted.text, wanted) : [];
  if (first.length > 0) return { documents: first, next: 0, searched: 0, rows };
  const found = await search.next(asked, wanted.from ?? 0, wanted.most, BUDGET_MS);
  const documents = await documentsAt(folder, db, found.rows, index);
  return { documents, next: found.at < rows ? found.at : null, searched: found.at, rows };
}

/** Documents whose id or position is the text itself. */
async function exactly(
  db: RunDatabase,
  index: LedgerIndex,
  text: string,
  { outcome, domain, rule }: Wanted,
): Promise<ListedDocument[]> {
  const place = atPosition(text);
  const found: ListedDocument[] = [];
  for (const asked of [ofId(text), ...(place ? [place] : [])])
    for (const { values } of (await index.rowsOf(db, asked, LISTED_NAMES)) ?? []) found.push(listedDocument(values));
  const positions = new Set<string>();
  return found.filter((d) => {
    if (positions.has(d.position)) return false;
    positions.add(d.position);
    return (
      (!outcome || d.outcome === outcome) &&
      (domain === undefined || (d.domain ?? '') === domain) &&
      (!rule || `${d.step}.${d.rule}` === rule)
    );
  });
}

async function nearest(
  { folder, db, search: { rows }, index }: Browsed,
  cut: Cut,
  asked: Condition,
  most: number,
): Promise<Listed> {
  const nears = await nearestTo(folder, db, cut, most, asked);
  if (nears.size === 0) return { documents: [], next: null, searched: 0, rows };
  const numbers = [...nears.keys()].sort((a, b) => a - b);
  const read = await documentsAt(folder, db, numbers, index);
  const documents = read.map((d, i) => ({ ...d, near: nears.get(numbers[i]) ?? null }));
  return { documents: documents.sort((a, b) => b.near! - a.near!), next: null, searched: rows, rows };
}

/** Where a rule cuts, and the documents that it judges. */
interface Cut {
  readonly column: string;
  readonly threshold: number;
  readonly where: Scope | null;
}

/**
 * Rows of the ledger by their numbers, and their values: of the documents that the step of the rule judges, half on
 * each side of the threshold.
 */
export async function nearestTo(
  folder: RunFolder,
  db: RunDatabase,
  { column, threshold, where: scope }: Cut,
  most: number,
  { where, values }: Condition = { where: 'true', values: [] },
): Promise<Map<number, number>> {
  const whole = wholeLedger(folder, [...SEARCHED, column, ...(scope ? [scopeColumn(scope)] : [])]);
  if (whole === null) return new Map();
  const value = `CAST("${column.replaceAll('"', '""')}" AS DOUBLE)`;
  const judged = inScope(scope);
  // The values alone first: what else is shown is read of the few rows that are nearest.
  const side = (comparison: string): string =>
    `(SELECT ${PART}, ${ROW}, ${value} AS near FROM ${whole} WHERE ${where} AND ${judged} AND ${value} ${comparison} ` +
    `ORDER BY abs(${value} - ${threshold}), ${PART}, ${ROW} LIMIT ${Math.ceil(most / 2)})`;
  const sql = `${side(`>= ${threshold}`)} UNION ALL ${side(`< ${threshold}`)}`;
  const parts = ledgerParts(folder);
  const nears = new Map<number, number>();
  for (const r of await rowsOf(db, sql, [...values, ...values]))
    nears.set(parts[Number(r['part#'])].first + Number(r['row#']), Number(r.near));
  return nears;
}

function conditionOf(wanted: Wanted): Condition {
  const parts: string[] = [];
  const values: DuckDBValue[] = [];
  const ask = (sql: string, ...own: string[]): void => {
    parts.push(sql);
    values.push(...own);
  };
  if (wanted.text) {
    const place = atPosition(wanted.text);
    const like = `contains(lower(coalesce(id, '')), lower(?)) OR contains(lower(coalesce(excerpt, '')), lower(?))`;
    if (place) {
      parts.push(`((${place.where}) OR ${like})`);
      values.push(...place.values, wanted.text, wanted.text);
    } else ask(`(${like} OR contains(lower(file), lower(?)))`, wanted.text, wanted.text, wanted.text);
  }
  if (wanted.outcome) ask('outcome = ?', wanted.outcome);
  if (wanted.domain !== undefined) ask("coalesce(domain, '') = ?", wanted.domain);
  if (wanted.rule) {
    const dot = wanted.rule.indexOf('.');
    ask('step = ? AND rule = ?', wanted.rule.slice(0, dot), wanted.rule.slice(dot + 1));
  }
  return { where: parts.length === 0 ? 'true' : parts.map((p) => `(${p})`).join(' AND '), values };
}

const OUTCOMES = ['kept', 'dropped', 'quarantined'];

function refuseUnknown(folder: RunFolder, { outcome, rule }: Wanted): void {
  const refuse = (where: string, expected: string, got: string): never => {
    throw new ConfigError({ expected, got: `'${got.slice(0, 100)}'`, where });
  };
  if (outcome && !OUTCOMES.includes(outcome)) refuse('outcome', OUTCOMES.join(', '), outcome);
  if (!rule) return;
  // Some steps name what drops a document only as they drop it.
  const hit = Object.entries(committedTotals(folder).steps).flatMap(([s, rules]) =>
    Object.keys(rules).map((r) => [s, r]),
  );
  const known = [...folder.steps.flatMap((s) => s.rules.map((r) => [s.step, r.name])), ...hit];
  if (!known.some(([s, r]) => `${s}.${r}` === rule)) refuse('rule', 'a rule of this run, as step.rule', rule);
}

function thresholdOf({ steps }: RunFolder, name: string): Cut {
  for (const s of steps)
    for (const r of s.rules)
      if (`${s.step}.${r.name}` === name) return { column: r.column, threshold: r.threshold, where: s.where };
  throw new ConfigError({
    expected: 'a rule of this run, as step.rule',
    got: `'${name.slice(0, 100)}'`,
    where: 'near',
  });
}
