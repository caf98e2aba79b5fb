import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { addUnread } from '../streams/batch/unread.ts';
import { PLAN_FILE } from '../streams/plan/plan-file.ts';
import type { RunFolder } from './run-folder.ts';

const text = (s: string): string => `'${s.replaceAll("'", "''")}'`;

/** The files of the input, read or skipped; those of a run of an earlier version are not known. */
export function filesView({ path, commits }: RunFolder, within = ''): string {
  const plan = join(path, PLAN_FILE);
  const columns =
    'path VARCHAR, format VARCHAR, packing VARCHAR, encoding VARCHAR, bytes BIGINT, skipped VARCHAR, unread VARCHAR[]';
  if (!existsSync(plan)) return `CREATE TABLE ${within}files (${columns})`;
  const unread = [...commits.countersOf(commits.all)].flatMap(([, c]) => c.unread ?? []).reduce(addUnread, []);
  const values = unread.map((u) => `(${text(u.file)}, ${text(`${u.column} (${u.type}): ${u.detail}`)})`);
  const of = (member: string, from: string): string => `json_extract_string(${from}, '$.${member}')`;
  return (
    `CREATE VIEW ${within}files AS ` +
    `WITH t(f, c) AS (VALUES ${values.join(', ') || '(NULL, NULL)'}), ` +
    'u AS (SELECT f, list(c) AS columns FROM t GROUP BY f), ' +
    `p AS (SELECT ${of('path', 'coalesce(file, skipped)')} AS path, ` +
    `${of('format', 'file')} AS format, ${of('codec', 'file')} AS packing, ` +
    `CASE WHEN ${of('format', 'file')} NOT IN ('parquet', 'arrow') ` +
    `THEN coalesce(${of('encoding', 'file')}, 'utf-8') END AS encoding, ` +
    `CAST(${of('size', 'file')} AS BIGINT) AS bytes, ${of('reason', 'skipped')} AS skipped ` +
    `FROM read_json(${text(plan)}, format = 'newline_delimited', columns = {file: 'JSON', skipped: 'JSON'})) ` +
    'SELECT p.*, u.columns AS unread FROM p LEFT JOIN u ON u.f = p.path WHERE p.path IS NOT NULL'
  );
}
