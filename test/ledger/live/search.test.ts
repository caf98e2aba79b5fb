import { beforeAll, describe, expect, it } from 'vitest';
import { openRunDatabase, type RunDatabase, rowsOf } from '../../../src/ledger/database.ts';
import { indexLedger, type LedgerIndex } from '../../../src/ledger/ledger-index.ts';
import { ledgerParts } from '../../../src/ledger/ledger-parts.ts';
import { browse, type Wanted } from '../../../src/ledger/live/browse.ts';
import { LedgerSearch } from '../../../src/ledger/live/search.ts';
import { openRunFolder, type RunFolder } from '../../../src/ledger/run-folder.ts';
import { documents, doneRun } from '../../helpers/live-run.ts';

describe('a search in the ledger', () => {
  let folder: RunFolder;
  let db: RunDatabase;
  let index: LedgerIndex;
  let search: LedgerSearch;
  beforeAll(async () => {
    folder = await openRunFolder(await doneRun(documents()));
    db = await openRunDatabase(folder);
    index = await indexLedger(folder);
    search = new LedgerSearch(ledgerParts(folder), db);
    return async () => {
      await index.close();
      db.close();
    };
  });
  const rowsOfAll = async (where: string): Promise<number[]> => {
    const found = await rowsOf(
      db,
      `SELECT n FROM (SELECT *, row_number() OVER () - 1 AS n FROM ledger) WHERE ${where}`,
    );
    return found.map((r) => Number(r.n));
  };
  const ask = (wanted: Partial<Wanted>, by: LedgerIndex | null = null) =>
    browse({ folder, db, search, index: by }, { from: null, most: 40, ...wanted });

  it('goes on where it stopped, by number and by time', async () => {
    const short = { where: "outcome = 'dropped' AND rule = 'min_chars'", values: [] };
    const all = await rowsOfAll(short.where);
    expect(all).toHaveLength(40);
    const found: number[] = [];
    for (let from = 0; from < search.rows; ) {
      const { rows, at } = await search.next(short, from, 7, 1e6);
      found.push(...rows);
      // It stands at the next one, or at the end.
      expect(at).toBe(all[found.length] ?? search.rows);
      from = at;
    }
    expect(found).toEqual(all);
    // Something is looked at by every question, so that all together come to the end.
    const none = { where: 'false', values: [] };
    let [at, questions] = [0, 0];
    for (; at < search.rows; questions++) ({ at } = await search.next(none, at, 7, -1));
    expect([at, questions > 1]).toEqual([240, true]);
    expect(await search.next(none, 0, 7, 1e6)).toEqual({ rows: [], at: 240 });
    expect(await search.next(short, all[3] + 1, 2, 1e6)).toEqual({ rows: [all[4], all[5]], at: all[6] });
    expect(await search.next(short, 9999, 2, 1e6)).toEqual({ rows: [], at: 240 });
  });

  it('is of many files as of one', async () => {
    const [part] = ledgerParts(folder);
    const pieces = [0, 100, 130].map((first, i) => {
      const end = [100, 130, 240][i];
      const where = `WHERE "row#" >= ${first} AND "row#" < ${end}`;
      const table = (names: readonly string[]): string =>
        `(SELECT * REPLACE ("row#" - ${first} AS "row#") FROM ${part.table(names)} ${where})`;
      return { first, rows: end - first, table };
    });
    const many = new LedgerSearch(pieces, db);
    const copies = await rowsOfAll('duplicate_of IS NOT NULL');
    const where = { where: 'duplicate_of IS NOT NULL', values: [] };
    expect((await many.next(where, 0, 99, 1e6)).rows).toEqual(copies);
    expect((await many.next(where, 120, 99, 1e6)).rows).toEqual(copies.filter((n) => n >= 120));
  });

  it('lists what is asked for, and first whose id it is', async () => {
    const web = await ask({ domain: 'web', outcome: 'kept', most: 5 });
    expect(web.documents.map((d) => [d.domain, d.outcome])).toEqual(Array(5).fill(['web', 'kept']));
    const next = await ask({ domain: 'web', outcome: 'kept', most: 5, from: web.next! });
    expect(next.documents[0].position).not.toBe(web.documents[4].position);
    // The second looks like a position, in a file longer than any.
    for (const text of ['nobody knows this', 'a.jsonl#0.9223372036854775808'])
      expect(await ask({ text }, index)).toEqual({ documents: [], next: null, searched: 240, rows: 240 });
    // doc-1... come before doc-3 in the order of the ledger, and hold its name.
    const named = await ask({ text: 'DOC-2' }, index);
    const exact = await ask({ text: 'doc-28' }, index);
    expect(named.documents.length).toBeGreaterThan(exact.documents.length);
    expect(exact).toMatchObject({ documents: [{ id: 'doc-28' }], next: 0, searched: 0 });
    const rest = await ask({ text: 'doc-28', from: 0 }, index);
    expect(rest).toMatchObject({ documents: [{ id: 'doc-28' }], next: null, searched: 240 });
    const place = exact.documents[0].position;
    expect((await ask({ text: place }, index)).documents.map((d) => d.id)).toEqual(['doc-28']);
    expect((await ask({ text: place, outcome: 'dropped' }, index)).documents).toEqual([]);
  });

  it('finds the nearest to a cut on both sides, with and without an index', async () => {
    const near = await ask({ near: 'length.min_chars', most: 10 });
    const values = near.documents.map((d) => d.near!);
    expect(values).toEqual([...values].sort((a, b) => b - a));
    expect(values.filter((v) => v < 200)).toHaveLength(5);
    const all = (await rowsOf(db, 'SELECT text_chars AS v FROM ledger WHERE text_chars >= 200 ORDER BY 1 LIMIT 5')).map(
      (r) => Number(r.v),
    );
    expect(values.filter((v) => v >= 200).reverse()).toEqual(all);
    expect(await ask({ near: 'length.min_chars', most: 10 }, index)).toEqual(near);
  });
});
