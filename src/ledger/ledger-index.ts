import type { DuckDBValue } from '@duckdb/node-api';
import { openRunDatabase, type RunDatabase, rowsOf } from './database.ts';
import { hashTable } from './hash-table.ts';
import type { Asked } from './position.ts';
import { type LedgerValues, openRowReader } from './row-reader.ts';
import type { RunFolder } from './run-folder.ts';

/** A row of the ledger with its number in it. */
export interface NumberedRow {
  readonly number: number;
  readonly values: LedgerValues;
}

/** Finds rows of a finished ledger without reading it. Null of a question: too many rows to look at each. */
export interface LedgerIndex {
  /** Rows of an id, or at a position, in the order of the ledger. @param columns those that are read; default all */
  rowsOf(db: RunDatabase, asked: Asked, columns?: readonly string[]): Promise<readonly NumberedRow[] | null>;
  /** Rows that name a position as what they are a copy of. */
  copiesOf(db: RunDatabase, position: string, columns: readonly string[]): Promise<readonly NumberedRow[] | null>;
  /** Columns of a row by its number. */
  at(row: number, columns?: readonly string[]): Promise<LedgerValues>;
  /** Bytes of memory. */
  readonly bytes: number;
  close(): Promise<void>;
}

/** Rows that are looked at one by one; of more the ledger is read from end to end. */
const MOST_ROWS = 64;

const hash32 = (values: string): string => `CAST(hash(${values}) & 4294967295 AS UINTEGER)`;

/** Rows whose column is not null, with its hash: few of a ledger are copies. */
interface Sparse {
  readonly rows: Uint32Array;
  readonly hashes: Uint32Array;
}

/**
 * Tables of 32 bits of a hash of every id, and of what copies are copies of: six bytes a row and six a copy, in memory
 * only, and where the pages of its files lie. A question reads the few rows that match; one at a position those of
 * the row groups that can hold it.
 * @param folder a finished run: its files do not change
 */
export async function indexLedger(folder: RunFolder): Promise<LedgerIndex> {
  const own = await openRunDatabase(folder);
  try {
    const hashes = new Uint32Array(own.views.find((v) => v.name === 'ledger')?.rows ?? 0);
    const sparse = await readHashes(own, hashes);
    const [ids, copies] = [await hashTable(hashes), await hashTable(sparse.hashes, sparse.rows)];
    const reader = await openRowReader(folder, own);
    const hashOf = async (db: RunDatabase, values: string, given: DuckDBValue[]): Promise<number> =>
      Number((await rowsOf(db, `SELECT ${hash32(values)} AS hash`, given))[0].hash);
    const matching = async (rows: readonly number[] | null, asked: Compared, columns?: readonly string[]) => {
      if (rows === null) return null;
      const found: NumberedRow[] = [];
      for (const number of rows) {
        // Bits of a hash may be equal by chance.
        const values = await reader.read(number, columns && [...new Set([...columns, ...Object.keys(asked)])]);
        if (Object.entries(asked).every(([name, value]) => textOf(values[name]) === value))
          found.push({ number, values });
      }
      return found;
    };
    return {
      bytes: ids.bytes + copies.bytes + reader.bytes,
      at: (row, columns) => reader.read(row, columns),
      async rowsOf(db, asked, columns) {
        const compared = comparedOf(asked);
        if (asked.by === 'id')
          return matching(ids.find(await hashOf(db, 'CAST(? AS VARCHAR)', asked.values), MOST_ROWS), compared, columns);
        const { file, block, offset } = compared;
        const place = { file: String(file), block: Number(block), offset: Number(offset) };
        const found = await matching(await reader.placesOf(place, MOST_ROWS), compared, columns);
        // A position is that of one row: of none the ledger is asked, whose files may say less of their row groups.
        return found?.length === 0 ? null : found;
      },
      async copiesOf(db, position, columns) {
        const hash = await hashOf(db, 'CAST(? AS VARCHAR)', [position]);
        return matching(copies.find(hash, MOST_ROWS), { duplicate_of: position }, columns);
      },
      close: () => reader.close(),
    };
  } finally {
    own.close();
  }
}

/** Values of columns as text; null: none. */
type Compared = Readonly<Record<string, string | null>>;

function comparedOf({ by, values }: Asked): Compared {
  if (by === 'id') return { id: String(values[0]) };
  const [file, block, offset, derived] = values;
  const digits = (v: DuckDBValue): string => String(BigInt(String(v)));
  return { file: String(file), block: digits(block), offset: digits(offset), derived: textOf(derived) };
}

const textOf = (value: unknown): string | null => (value === null || value === undefined ? null : String(value));

/** Fills in the hashes of the ids of a ledger; returns what its copies are copies of. */
async function readHashes(db: RunDatabase, ids: Uint32Array): Promise<Sparse> {
  const [rows, hashes]: [number[], number[]] = [[], []];
  const all = await db.connection.stream(
    `SELECT ${hash32('id')}, ${hash32('duplicate_of')}, CAST(duplicate_of IS NOT NULL AS INTEGER) FROM ledger`,
  );
  let at = 0;
  for (let chunk = await all.fetchChunk(); chunk && chunk.rowCount > 0; chunk = await all.fetchChunk()) {
    const own = chunk;
    // No nulls: a hash of nothing is a number too.
    const [id, copy, isCopy] = [0, 1, 2].map(
      (i) => (own.getColumnVector(i) as unknown as { readonly items: Uint32Array }).items,
    );
    ids.set(id, at);
    for (let i = 0; i < chunk.rowCount; i++) {
      if (isCopy[i] === 0) continue;
      rows.push(at + i);
      hashes.push(copy[i]);
    }
    at += chunk.rowCount;
  }
  if (at !== ids.length) throw new RangeError(`${at} rows in a ledger of ${ids.length}`);
  return { rows: Uint32Array.from(rows), hashes: Uint32Array.from(hashes) };
}
