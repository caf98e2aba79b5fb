import { DuckDBInstance } from '@duckdb/node-api';
import { expect, it } from 'vitest';
import { groupingsOf, ruleBias } from '../../../src/ledger/bias/bias-data.ts';
import type { RunDatabase } from '../../../src/ledger/database.ts';

/** Groups of all rules together by period, of a ledger with documents of these years; every third is dropped. */
async function periods(years: string): Promise<{ group: string; documents: number; few: boolean }[]> {
  const instance = await DuckDBInstance.create(':memory:');
  const connection = await instance.connect();
  try {
    await connection.run(
      "CREATE TABLE ledger AS SELECT 'web' AS domain, 900 AS text_bytes, year AS metadata_date, " +
        "CASE WHEN row_number() OVER () % 3 = 0 THEN 'dropped' ELSE 'kept' END AS outcome, 's' AS step, 'r' AS rule " +
        `FROM (${years})`,
    );
    const groupings = groupingsOf([{ name: 'metadata_date', type: 'utf8' }]).filter((g) => g.name === 'period');
    const [all] = await ruleBias({ connection } as RunDatabase, groupings, 0);
    return all.groups.map(({ group, documents, few }) => ({ group, documents, few }));
  } finally {
    connection.closeSync();
    instance.closeSync();
  }
}

it('keeps few years in their order, and says where a group is too small', async () => {
  expect(
    await periods("SELECT CASE WHEN i < 40 THEN '2021-05-01' WHEN i < 45 THEN '2019' END AS year FROM range(50) r(i)"),
  ).toEqual([
    { group: '2019', documents: 5, few: true },
    { group: '2021', documents: 40, few: false },
    { group: '(unknown)', documents: 5, few: true },
  ]);
});

it('puts many years together by decade', async () => {
  expect(await periods('SELECT CAST(1985 + i AS VARCHAR) AS year FROM range(36) r(i), range(3)')).toEqual([
    { group: '1980s', documents: 15, few: true },
    { group: '1990s', documents: 30, few: false },
    { group: '2000s', documents: 30, few: false },
    { group: '2010s', documents: 30, few: false },
    { group: '2020s', documents: 3, few: true },
  ]);
});
