import { join } from 'node:path';
import type { DuckDBValue } from '@duckdb/node-api';
import { liveFiles } from '../streams/commits/log.ts';
import { openRunDatabase, type RunDatabase, rowsOf } from './database.ts';
import type { RunFolder } from './run-folder.ts';

/** A condition on the ledger that finds documents of one position, and its values. */
export interface Place {
  readonly where: string;
  readonly values: DuckDBValue[];
}

export interface IdIndex {
  /**
   * Where the documents of an id stand, in the order of the ledger; none: there is no such document. Null: too many
   * rows to look at each.
   */
  placesOf(db: RunDatabase, id: string): Promise<readonly Place[] | null>;
}

/** Rows of an id that are looked at one by one; of more the ledger is read from end to end. */
const MOST_ROWS = 64;

const HASH = (value: string): string => `CAST(hash(${value}) & 4294967295 AS UINTEGER)`;
const text = (s: string): string => `'${s.replaceAll("'", "''")}'`;

/**
 * 32 bits of a hash of every id, in the order of the ledger: four bytes a row, in memory only. A question passes over
 * them (a millisecond for a million) and reads the few rows that match, each in its row group.
 * @param folder a finished run: its files do not change
 */
export async function indexIds(folder: RunFolder): Promise<IdIndex> {
  const files = liveFiles(folder.commits.all, 'ledger').filter((f) => f.rows > 0);
  const hashes = new Uint32Array(files.reduce((n, f) => n + f.rows, 0));
  await readHashes(folder, hashes);
  return {
    async placesOf(db, id) {
      const [{ hash }] = await rowsOf(db, `SELECT ${HASH('CAST(? AS VARCHAR)')} AS hash`, [id]);
      const rows: number[] = [];
      for (let at = hashes.indexOf(Number(hash)); at >= 0; at = hashes.indexOf(Number(hash), at + 1)) {
        if (rows.length === MOST_ROWS) return null;
        rows.push(at);
      }
      const places = new Map<string, Place>();
      let from = 0;
      for (const f of files) {
        const own = rows.filter((n) => n >= from && n < from + f.rows).map((n) => n - from);
        for (const place of await placesIn(db, join(folder.path, f.path), own, id))
          places.set(String(place.values), place);
        from += f.rows;
      }
      return [...places.values()];
    },
  };
}

/** Over a connection of its own: other questions are answered meanwhile. */
async function readHashes(folder: RunFolder, into: Uint32Array): Promise<void> {
  const db = await openRunDatabase(folder);
  try {
    const all = await db.connection.stream(`SELECT ${HASH('id')} AS hash FROM ledger`);
    let at = 0;
    for (let chunk = await all.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await all.fetchChunk()) {
      into.set(chunk.getColumnValues(0) as number[], at);
      at += chunk.rowCount;
    }
    if (at !== into.length) throw new RangeError(`${at} rows in a ledger of ${into.length}`);
  } finally {
    db.close();
  }
}

/** Of rows of a file those that have the id itself: 32 bits may be equal by chance. */
async function placesIn(db: RunDatabase, path: string, rows: readonly number[], id: string): Promise<Place[]> {
  const places: Place[] = [];
  for (const n of rows) {
    // One number at a time: DuckDB reads one row group then.
    const sql =
      `SELECT file, block, "offset" FROM read_parquet(${text(path)}, file_row_number = true) ` +
      `WHERE file_row_number = ${n} AND id = ?`;
    for (const r of await rowsOf(db, sql, [id])) {
      const values = [id, String(r.file), String(r.block), String(r.offset)];
      const where = 'id = ? AND file = ? AND block = CAST(? AS BIGINT) AND "offset" = CAST(? AS BIGINT)';
      places.push({ where, values });
    }
  }
  return places;
}
