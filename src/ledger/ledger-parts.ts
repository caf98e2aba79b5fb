import { join } from 'node:path';
import { LINEAGE_COLUMNS, ledgerSchema } from '../sinks/ledger.ts';
import { liveFiles } from '../streams/commits/log.ts';
import { createsDocuments } from '../streams/operator.ts';
import { type RunDatabase, rowsOf } from './database.ts';
import type { LedgerValues } from './row-reader.ts';
import type { RunFolder } from './run-folder.ts';
import { plainRow } from './sql-values.ts';
import { text, typedColumns } from './view-columns.ts';

/** A file of the ledger; the files one after the other are its order. */
export interface LedgerPart {
  /** Number of its first row in the ledger. */
  readonly first: number;
  readonly rows: number;
  /**
   * A table in SQL, in parentheses: these columns of the ledger and `ROW`, the number of the row in the file. All
   * columns would cost DuckDB a tenth of a second where there are hundreds of row groups.
   */
  readonly table: (names: readonly string[]) => string;
}

/** No annotation has such a name. */
export const ROW = '"row#"';
export const PART = '"part#"';

/** The files of the ledger of a run, as one can ask each of them. */
export function ledgerParts(folder: RunFolder): LedgerPart[] {
  const table = tableOf(folder);
  let first = 0;
  return filesOf(folder).map(({ path, rows }) => {
    first += rows;
    return { first: first - rows, rows, table: (names) => table([path], names) };
  });
}

/** All of them as one table like those of its parts, with `PART`: which of them. */
export function wholeLedger(folder: RunFolder, names: readonly string[]): string | null {
  const paths = filesOf(folder).map((f) => f.path);
  return paths.length === 0 ? null : tableOf(folder)(paths, names);
}

const filesOf = ({ path, commits }: RunFolder) =>
  liveFiles(commits.all, 'ledger')
    .filter((f) => f.rows > 0)
    .map((f) => ({ path: join(path, f.path), rows: f.rows }));

function tableOf(folder: RunFolder): (paths: readonly string[], names: readonly string[]) => string {
  const schema = ledgerSchema(folder.run.schema.annotations, true);
  const absent = folder.steps.some(createsDocuments) ? [] : LINEAGE_COLUMNS;
  return (paths, names) => {
    const columns = typedColumns(
      schema.filter((c) => names.includes(c.name)),
      absent,
    );
    const source = `read_parquet([${paths.map(text).join(', ')}], file_row_number = true)`;
    return `(SELECT ${columns}, file_row_number AS ${ROW}, file_index AS ${PART} FROM ${source})`;
  };
}

/** Rows that one question asks for: more are more row groups, and others wait meanwhile. */
const AT_ONCE = 16;

/** Columns of rows of the ledger by their numbers, in its order. */
export async function rowsAt(
  db: RunDatabase,
  parts: readonly LedgerPart[],
  rows: readonly number[],
  names: readonly string[],
): Promise<{ readonly number: number; readonly values: LedgerValues }[]> {
  const found: { number: number; values: LedgerValues }[] = [];
  for (const { first, rows: count, table } of parts) {
    const own = rows.filter((n) => n >= first && n < first + count).map((n) => n - first);
    for (let k = 0; k < own.length; k += AT_ONCE) {
      const some = own.slice(k, k + AT_ONCE);
      const which = some.length === 1 ? `= ${some[0]}` : `IN (${some.join(', ')})`;
      const sql = `SELECT * FROM ${table(names)} WHERE ${ROW} ${which} ORDER BY ${ROW}`;
      for (const r of await rowsOf(db, sql)) found.push({ number: first + Number(r['row#']), values: plainRow(r) });
    }
  }
  return found;
}
