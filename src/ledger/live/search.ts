import type { DuckDBResult } from '@duckdb/node-api';
import { query, type RunDatabase, readError } from '../database.ts';
import { type LedgerPart, ROW } from '../ledger-parts.ts';
import type { Condition } from '../position.ts';

/** What one question has found: numbers of rows, in the order of the ledger. */
export interface Found {
  readonly rows: readonly number[];
  /** The row at which the next question goes on; all of them: the number of rows. */
  readonly at: number;
}

interface Open {
  readonly key: string;
  readonly result: DuckDBResult;
  /** Whether the condition holds, of the rows from `at` on that have come. */
  hits: Uint8Array;
  at: number;
}

/** What conditions are about. */
export const SEARCHED: readonly string[] = [
  ...['file', 'block', 'offset', 'derived', 'id', 'domain', 'outcome', 'step', 'rule', 'excerpt', 'duplicate_of'],
];

/** A condition is tried on so many files with one query. */
const FILES = 32;

/**
 * Looks for rows of which a condition holds, a while at a time: a query over the whole ledger is left open where time
 * is up, and goes on when the same is asked from there on.
 */
export class LedgerSearch {
  readonly #parts: readonly LedgerPart[];
  readonly #db: () => Promise<RunDatabase>;
  readonly rows: number;
  #own: Promise<RunDatabase> | null = null;
  #open: Open | null = null;

  /** @param db of the run: a further connection to it is made */
  constructor(parts: readonly LedgerPart[], db: RunDatabase) {
    this.#parts = parts;
    this.rows = parts.reduce((n, p) => n + p.rows, 0);
    this.#db = () => db.beside();
  }

  /** Rows from `from` on, until there are more than `most` or the time is up. */
  async next(condition: Condition, from: number, most: number, milliseconds: number): Promise<Found> {
    const began = performance.now();
    const rows: number[] = [];
    const key = JSON.stringify([condition.where, condition.values]);
    let at = from;
    while (at < this.rows) {
      const open = this.#open?.key === key && this.#open.at === at ? this.#open : await this.#begin(key, condition, at);
      const more = await this.#walk(open, rows, most, began + milliseconds).catch(async (error) => {
        // The next question begins a query of its own.
        this.#open = null;
        throw await readError(await this.#own!, error);
      });
      // Files that hold fewer rows than was committed end the search, too.
      at = more || open.at > at ? open.at : this.rows;
      if (more) break;
      // These files are read to their end.
      this.#open = null;
    }
    return { rows, at: Math.min(at, this.rows) };
  }

  /** Whether there is more in the open query; it stands at the first row that was not taken. */
  async #walk(open: Open, rows: number[], most: number, end: number): Promise<boolean> {
    const from = open.at;
    for (;;) {
      const { hits } = open;
      for (let i = 0; i < hits.length; i++) {
        if (hits[i] === 0) continue;
        if (rows.length < most) {
          rows.push(open.at + i);
          continue;
        }
        open.hits = hits.subarray(i);
        open.at += i;
        return true;
      }
      open.at += hits.length;
      open.hits = hits.subarray(hits.length);
      // Something is looked at by every question, however long it took to begin.
      if (open.at > from && performance.now() > end) return true;
      const chunk = await open.result.fetchChunk();
      if (!chunk || chunk.rowCount === 0) return false;
      open.hits = (chunk.getColumnVector(0) as unknown as { readonly items: Uint8Array }).items;
    }
  }

  async #begin(key: string, { where, values }: Condition, from: number): Promise<Open> {
    const parts = this.#parts.filter((p) => p.first + p.rows > from).slice(0, FILES);
    const of = (p: LedgerPart): string =>
      `SELECT CAST(coalesce(${where}, false) AS UTINYINT) FROM ${p.table(SEARCHED)}` +
      (p.first < from ? ` WHERE ${ROW} >= ${from - p.first}` : '');
    const all = parts.map(of).join(' UNION ALL ');
    this.#own ??= this.#db();
    const result = await query(
      await this.#own,
      all,
      parts.flatMap(() => values),
    );
    this.#open = { key, result, hits: new Uint8Array(0), at: from };
    return this.#open;
  }
}
