import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { finishedRun } from '../../helpers/finished-run.ts';
import { DOCUMENTS } from '../../helpers/recipes.ts';

const { cwd, ask, offsetOf } = finishedRun();

const sql = async (query: string): Promise<unknown> =>
  JSON.parse((await ask('sql', 'sluice-out/mine', '--json', query)).stdout);

describe('sluice sql', () => {
  it('answers exactly, from every view', async () => {
    expect(await sql('SELECT id, text, domain, "offset" FROM documents ORDER BY "offset"')).toEqual([
      { id: 'kept-1', text: DOCUMENTS[0].text, domain: 'web', offset: 0 },
      { id: 'kept-2', text: DOCUMENTS[1].text, domain: 'books', offset: offsetOf(1) },
    ]);
    expect(
      await sql(
        'SELECT id, outcome, step, rule, value, threshold, failed, text_bytes FROM ledger ORDER BY outcome, id, rule',
      ),
    ).toEqual([
      {
        id: 'copy',
        outcome: 'dropped',
        step: 'exact_dedup',
        rule: 'exact_duplicate',
        value: 1,
        threshold: 1,
        failed: ['exact_duplicate'],
        text_bytes: 117,
      },
      {
        id: 'short',
        outcome: 'dropped',
        step: 'length',
        rule: 'min_chars',
        value: 37,
        threshold: 60,
        failed: ['min_chars'],
        text_bytes: 37,
      },
      {
        id: 'twice',
        outcome: 'dropped',
        step: 'length',
        rule: 'min_chars',
        value: 34,
        threshold: 60,
        failed: ['min_chars'],
        text_bytes: 34,
      },
      {
        id: 'twice',
        outcome: 'dropped',
        step: 'web',
        rule: 'min_lines',
        value: 1,
        threshold: 2,
        failed: ['min_lines'],
        text_bytes: 132,
      },
      {
        id: 'kept-1',
        outcome: 'kept',
        step: null,
        rule: null,
        value: null,
        threshold: null,
        failed: [],
        text_bytes: 117,
      },
      {
        id: 'kept-2',
        outcome: 'kept',
        step: null,
        rule: null,
        value: null,
        threshold: null,
        failed: [],
        text_bytes: 130,
      },
      {
        id: null,
        outcome: 'quarantined',
        step: 'read',
        rule: 'invalid_json',
        value: null,
        threshold: null,
        failed: [],
        text_bytes: null,
      },
    ]);
    expect(await sql('SELECT file, bytes, reason, excerpt FROM quarantine')).toEqual([
      { file: 'part-000.jsonl', bytes: 16, reason: 'invalid_json', excerpt: '{"text": broken}' },
    ]);
    expect(await sql('SELECT phase, split, read, kept, dropped FROM commits ORDER BY number LIMIT 3')).toEqual([
      { phase: 'split/0', split: 0, read: 7, kept: 0, dropped: 0 },
      { phase: 'decide/exact_dedup', split: 0, read: null, kept: null, dropped: null },
      { phase: 'split/1', split: 0, read: 0, kept: 2, dropped: 4 },
    ]);
  });

  it('writes integers, decimals, times and nested values without loss', async () => {
    const query = `SELECT 9007199254740991 AS safe, 9007199254740993 AS big,
      170141183460469231731687303715884105727::HUGEINT AS huge, 1.50 AS dec,
      12345678901234567890.12::DECIMAL(38,2) AS long,
      0.1::DOUBLE AS d, 'NaN'::DOUBLE AS nan, DATE '2020-02-29' AS day,
      TIMESTAMP '2020-01-02 03:04:05.678' AS ts, TIMESTAMPTZ '2020-01-02 03:04:05+02' AS tz,
      [1, 2] AS list, {a: 1, b: ['x', NULL]} AS struct,
      MAP {'k': 1} AS map, NULL AS nothing, TRUE AS yes, INTERVAL 3 DAY AS span`;
    expect(await sql(query)).toEqual([
      {
        safe: 9007199254740991,
        big: '9007199254740993',
        huge: '170141183460469231731687303715884105727',
        dec: 1.5,
        long: '12345678901234567890.12',
        d: 0.1,
        nan: 'NaN',
        day: '2020-02-29',
        ts: '2020-01-02T03:04:05.678',
        tz: '2020-01-02T01:04:05Z',
        list: [1, 2],
        struct: { a: 1, b: ['x', null] },
        map: { k: 1 },
        nothing: null,
        yes: true,
        span: '3 days',
      },
    ]);
    expect(await sql('SELECT 1 AS a WHERE false')).toEqual([]);
  });

  it('prints a table with a count of rows, and CSV', async () => {
    const table = await ask('sql', 'sluice-out/mine', 'SELECT id, length(text) AS n FROM documents ORDER BY id');
    expect(table.stdout).toBe('id        n\nkept-1  117\nkept-2  130\n(2 rows)\n');
    const csv = await ask(
      'sql',
      'sluice-out/mine',
      '--csv',
      `SELECT id, 'a "b", c' AS q, NULL AS x FROM documents ORDER BY id`,
    );
    expect(csv.stdout).toBe('id,q,x\r\nkept-1,"a ""b"", c",\r\nkept-2,"a ""b"", c",\r\n');
  });

  it('cuts long texts, and ids last: they go into the next command', async () => {
    const query =
      "SELECT 'books-0123456789-0123456789-0123456789' AS id, repeat('long ', 40) AS a, repeat('text ', " + '40) AS b';
    const { stdout } = await ask('sql', 'sluice-out/mine', query);
    const [, row] = stdout.split('\n');
    expect(row).toMatch(/^books-0123456789-0123456789-0123456789 {2}(long )+lo?n?g?… {2}(text )+t?e?x?t?…$/);
    expect(row.length).toBeLessThanOrEqual(100);
  });

  it('has typed views where there is no file', async () => {
    const folder = join(cwd(), 'empty');
    mkdirSync(folder);
    writeFileSync(join(folder, 'in.jsonl'), '{"text":"tiny"}\n');
    await ask('run', 'recipe.ts', '--input', 'empty/in.jsonl', '--output', 'none');
    const describeDocuments = await ask(
      'sql',
      'none',
      '--json',
      'SELECT column_name, column_type FROM (DESCRIBE documents) LIMIT 8',
    );
    expect(
      JSON.parse(describeDocuments.stdout).map(
        (r: { column_name: string; column_type: string }) => `${r.column_name} ${r.column_type}`,
      ),
    ).toEqual([
      'id VARCHAR',
      'text VARCHAR',
      'domain VARCHAR',
      'metadata VARCHAR',
      'file VARCHAR',
      'block BIGINT',
      'offset BIGINT',
      'row UINTEGER',
    ]);
    const counts = await ask(
      'sql',
      'none',
      '--json',
      'SELECT (SELECT count(*) FROM documents) AS d, (SELECT count(*) FROM quarantine) AS q, (SELECT ' +
        'count(*) FROM ledger) AS l',
    );
    expect(JSON.parse(counts.stdout)).toEqual([{ d: 0, q: 0, l: 1 }]);
  });

  it('reads nothing but the run, and writes nothing', async () => {
    const queries = [
      "SELECT * FROM read_csv('in/part-000.jsonl')",
      "SELECT * FROM '/etc/hostname'",
      "COPY ledger TO 'stolen.csv'",
      "COPY ledger TO 'sluice-out/mine/ledger/part-00000-of-00001.parquet' (USE_TMP_FILE false)",
      "ATTACH 'other.db'",
      'SET enable_external_access = true',
      'DROP TABLE commits',
      'SELECT 1; SELECT 2',
      'INSTALL httpfs',
    ];
    const before = readFileSync(join(cwd(), 'sluice-out/mine/ledger/part-00000-of-00001.parquet'));
    for (const query of queries) {
      const { code, stdout, stderr } = await ask('sql', 'sluice-out/mine', query);
      expect({ query, code, stdout }).toEqual({ query, code: 2, stdout: '' });
      expect(stderr).toMatch(/expected {2}(one SELECT|a query that DuckDB understands)/);
    }
    expect(readFileSync(join(cwd(), 'sluice-out/mine/ledger/part-00000-of-00001.parquet'))).toEqual(before);
  });

  it('says which views there are when a name is wrong', async () => {
    const { code, stderr } = await ask('sql', 'sluice-out/mine', 'SELECT * FROM ledgr');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(
        String.raw`got {7}Catalog Error: Table with name ledgr does not exist![\s\S]*fix {7}Views: documents, ` +
          String.raw`ledger, quarantine, commits\.`,
      ),
    );
  });
});
