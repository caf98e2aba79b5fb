import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { parquet } from '../../../src/sinks/descriptors.ts';
import { openSegmentWriter } from '../../../src/sinks/writers.ts';
import { type AnyRow, anyRow, batchesOf, plainRow, query, repeated, sinkFolder } from '../../helpers/tables.ts';

async function write(rows: readonly AnyRow[], options: Parameters<typeof parquet>[0] = {}): Promise<string> {
  const runDirectory = await sinkFolder();
  const writer = await openSegmentWriter(parquet(options), { runDirectory, path: 'segment' });
  for (const batch of batchesOf(rows, [1000])) await writer.write(batch);
  const file = await writer.finish();
  return join(runDirectory, `${file!.path}.tmp`);
}

const arrayBuffer = (path: string): ArrayBuffer => new Uint8Array(readFileSync(path)).buffer as ArrayBuffer;
const compressors = { ZSTD: (bytes: Uint8Array, size: number) => decompress(bytes, new Uint8Array(size)) };

async function readHyparquet(path: string): Promise<unknown[]> {
  const rows = await parquetReadObjects({ file: arrayBuffer(path), compressors });
  // It leaves null lists out of the object.
  return rows.map((r) => ('failed' in r ? { ...r, failed: r.failed ?? null } : r));
}
const readDuckdb = (path: string): Promise<unknown[]> => query(`SELECT * FROM read_parquet('${path}')`);

const exact = (v: unknown): string =>
  JSON.stringify(v, (_, x: unknown) =>
    typeof x === 'bigint' ? `${x}n` : typeof x === 'number' && !Number.isFinite(x) ? String(x) : x,
  );

/** Equal row by row; shows the first that differs only. */
function expectRows(got: readonly unknown[], expected: readonly AnyRow[]): void {
  const at = expected.findIndex((row, i) => exact(row) !== exact(got[i]));
  expect([got.length, at, exact(got[at])]).toEqual([expected.length, -1, undefined]);
}

describe.each(['zstd', 'snappy', 'none'] as const)('parquet %s', (compression) => {
  it('reads back exactly with DuckDB and hyparquet', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 40 }), async (rows) => {
        const path = await write(rows, { compression });
        expectRows(await readHyparquet(path), rows);
        expectRows(await readDuckdb(path), rows);
      }),
      { seed: 5, numRuns: 25 },
    );
  });

  it('reads back over several row groups and pages', async () => {
    const rows = repeated(
      [
        plainRow,
        { ...plainRow, id: 'ż'.repeat(300), text: 'łódź '.repeat(60), score: null, failed: null },
        { ...plainRow, text: '', spans: [], failed: [] },
      ],
      17_000,
    );
    const path = await write(rows, { compression });
    expect(parquetMetadata(arrayBuffer(path)).row_groups.map((g) => Number(g.num_rows))).toEqual([8192, 8192, 616]);
    expectRows(await readHyparquet(path), rows);
    expectRows(await readDuckdb(path), rows);
  });
});

describe('parquet', () => {
  it('has the types that SQL users expect', async () => {
    const path = await write([plainRow]);
    const types = await query(`DESCRIBE SELECT * FROM read_parquet('${path}')`);
    expect(types.map((t) => `${t.column_name} ${t.column_type}`)).toEqual([
      'id VARCHAR',
      'text VARCHAR',
      'score DOUBLE',
      'count INTEGER',
      'row UINTEGER',
      'offset BIGINT',
      'failed VARCHAR[]',
      'spans STRUCT("start" INTEGER, "end" INTEGER, "rule" VARCHAR)[]',
    ]);
    expect(
      await query(
        `SELECT f, count(*)::INT AS n FROM (SELECT unnest(failed) AS f FROM read_parquet('${path}')) GROUP ` +
          'BY f ORDER BY f',
      ),
    ).toEqual([
      { f: 'x', n: 1 },
      { f: 'y', n: 1 },
    ]);
  });

  it('takes a text of 20 MB in one row', async () => {
    const huge = 'żółw i pies '.repeat(1_250_000);
    const path = await write([plainRow, { ...plainRow, text: huge }, plainRow], { compression: 'snappy' });
    expect(Buffer.byteLength(huge)).toBe(18_750_000);
    expect(parquetMetadata(arrayBuffer(path)).row_groups.map((g) => Number(g.num_rows))).toEqual([1, 1, 1]);
    const rows = (await readHyparquet(path)) as AnyRow[];
    expect(rows.map((r) => r.text === huge)).toEqual([false, true, false]);
    expect(await query(`SELECT strlen(text)::INT AS n FROM read_parquet('${path}')`)).toEqual([
      { n: 9 },
      { n: 18_750_000 },
      { n: 9 },
    ]);
  });

  it('keeps statistics that hold for every value, and filters by them find the rows', async () => {
    const rows: AnyRow[] = [
      { ...plainRow, id: '~', score: -0, row: 4_000_000_000, offset: -5n },
      { ...plainRow, id: 'ż', score: 0, row: 1, offset: null },
      { ...plainRow, id: null, score: null, row: 2, offset: 2n ** 62n },
    ];
    const path = await write(rows);
    const [group] = parquetMetadata(arrayBuffer(path)).row_groups;
    const statistics = Object.fromEntries(
      group.columns.map((c) => [c.meta_data!.path_in_schema[0], c.meta_data!.statistics]),
    );
    expect(statistics.id).toMatchObject({ min_value: '~', max_value: 'ż', null_count: 1n });
    expect(Object.is(statistics.score!.min_value, -0) && Object.is(statistics.score!.max_value, 0)).toBe(true);
    expect(statistics.row).toMatchObject({ min_value: 1, max_value: 4_000_000_000, null_count: 0n });
    expect(statistics.offset).toMatchObject({ min_value: -5n, max_value: 2n ** 62n, null_count: 1n });
    expect(statistics.text).toMatchObject({ null_count: 0n });
    expect(statistics.text!.min_value).toBeUndefined();
    const found = await query(
      `SELECT "row" FROM read_parquet('${path}') WHERE "row" > 3000000000 OR id = 'ż' ORDER BY 1`,
    );
    expect(found).toEqual([{ row: 1 }, { row: 4_000_000_000 }]);
  });

  it('has no bounds where a string is long, and none where all is null', async () => {
    const path = await write([{ ...plainRow, id: 'x'.repeat(65), score: null }]);
    const [group] = parquetMetadata(arrayBuffer(path)).row_groups;
    expect(group.columns[0].meta_data!.statistics!.max_value).toBeUndefined();
    expect(group.columns[2].meta_data!.statistics).toMatchObject({ null_count: 1n });
    expect(group.columns[2].meta_data!.statistics!.max_value).toBeUndefined();
  });

  it('writes the chosen columns in the chosen order', async () => {
    const path = await write([plainRow], { columns: ['text', 'id'] });
    expect(await query(`SELECT * FROM read_parquet('${path}')`)).toEqual([{ text: 'some text', id: 'a' }]);
  });
});
