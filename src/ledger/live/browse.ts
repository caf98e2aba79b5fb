import type { DuckDBValue } from '@duckdb/node-api';
import { ConfigError } from '../../errors.ts';
import { type RunDatabase, rowsOf } from '../database.ts';
import { LISTED_COLUMNS, type ListedDocument, listedDocument } from '../documents-data.ts';
import { atPosition } from '../position.ts';
import { committedTotals, type RunFolder } from '../run-folder.ts';

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
  readonly skip: number;
  readonly most: number;
}

export interface Listed {
  readonly documents: readonly (ListedDocument & { readonly near?: number | null })[];
  /** There are more after these. */
  readonly more: boolean;
}

/** Documents in the order of the ledger; those near a threshold by their distance from it. */
export async function browse(folder: RunFolder, db: RunDatabase, wanted: Wanted): Promise<Listed> {
  refuseUnknown(folder, wanted);
  const { where, values } = conditionOf(wanted);
  const near = wanted.near ? thresholdOf(folder, wanted.near) : null;
  if (near) return nearest(db, near, where, values, wanted.most);
  const sql = `SELECT ${LISTED_COLUMNS} FROM ledger WHERE ${where} LIMIT ${wanted.most + 1} OFFSET ${wanted.skip}`;
  const rows = (await rowsOf(db, sql, values)).map(listedDocument);
  return { documents: rows.slice(0, wanted.most), more: rows.length > wanted.most };
}

async function nearest(
  db: RunDatabase,
  { column, threshold }: { readonly column: string; readonly threshold: number },
  where: string,
  values: DuckDBValue[],
  most: number,
): Promise<Listed> {
  const value = `CAST("${column.replaceAll('"', '""')}" AS DOUBLE)`;
  const side = (comparison: string): string =>
    `(SELECT ${LISTED_COLUMNS}, ${value} AS near FROM ledger WHERE ${where} AND ${value} ${comparison} ` +
    `ORDER BY abs(${value} - ${threshold}), file, block, "offset" LIMIT ${Math.ceil(most / 2)})`;
  const sql = `SELECT * FROM (${side(`>= ${threshold}`)} UNION ALL ${side(`< ${threshold}`)}) ORDER BY near DESC`;
  const rows = await rowsOf(db, sql, [...values, ...values]);
  return { documents: rows.map((r) => ({ ...listedDocument(r), near: Number(r.near) })), more: false };
}

function conditionOf(wanted: Wanted): { where: string; values: DuckDBValue[] } {
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

function thresholdOf({ steps }: RunFolder, name: string): { column: string; threshold: number } {
  for (const s of steps) for (const r of s.rules) if (`${s.step}.${r.name}` === name) return r;
  throw new ConfigError({
    expected: 'a rule of this run, as step.rule',
    got: `'${name.slice(0, 100)}'`,
    where: 'near',
  });
}
