import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../../helpers/cli.ts';
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
    expect(csv.stdout).toBe('id,q,x\nkept-1,"a ""b"", c",\nkept-2,"a ""b"", c",\n');
    const fraction = 'SELECT 1484.4499999999998::DOUBLE AS a, 5 AS n, 1e-7::DOUBLE / 3 AS t';
    expect((await ask('sql', 'sluice-out/mine', fraction)).stdout.split('\n')[1]).toBe('1484.45  5  3.33333333333e-8');
    expect((await ask('sql', 'sluice-out/mine', '--csv', fraction)).stdout).toContain('\n1484.4499999999998,5,');
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

  it('shows times in UTC whatever the time zone of the process is', async () => {
    const query = `SELECT TIMESTAMPTZ '2024-07-01 12:00:00+00' AS t, [TIMESTAMPTZ '1960-01-01 00:00:00.25+00'] AS l,
      TIMESTAMPTZ '2024-12-31 23:59:59.000001+00' AS micro, TIMESTAMPTZ 'infinity' AS i, "at" FROM commits LIMIT 1`;
    const under = async (TZ: string): Promise<unknown> => {
      const { stdout } = await runCli(['sql', 'sluice-out/mine', '--json', query], { cwd: cwd(), env: { TZ } });
      return JSON.parse(stdout);
    };
    const utc = await under('UTC');
    expect(utc).toEqual([
      {
        t: '2024-07-01T12:00:00Z',
        l: ['1960-01-01T00:00:00.25Z'],
        micro: '2024-12-31T23:59:59.000001Z',
        i: 'infinity',
        at: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      },
    ]);
    for (const zone of ['Asia/Kolkata', 'America/St_Johns']) expect(await under(zone)).toEqual(utc);
  });

  it('takes a query that begins with a comment', async () => {
    expect(await sql('-- how many = all\nSELECT 1 AS n')).toEqual([{ n: 1 }]);
    expect(await sql('--all\nSELECT 2 AS n -- two')).toEqual([{ n: 2 }]);
  });

  it.each(['', ' ;\n', '-- only a comment', '/* nothing */'])('says that %j is empty', async (query) => {
    const { code, stderr } = await ask('sql', 'sluice-out/mine', query);
    expect(code).toBe(2);
    expect(stderr).toMatch(/expected {2}one SELECT .*\n {2}got {7}an empty query/);
  });

  it.each([
    ['SELECT offset FROM ledger', '"offset"'],
    ['SELECT at FROM commits', '"at"'],
  ])('says how to write a column that is a keyword: %s', async (query, quoted) => {
    const { code, stderr } = await ask('sql', 'sluice-out/mine', query);
    expect(code).toBe(2);
    expect(stderr).toContain(`A column that is a keyword of SQL needs quotes: ${quoted}. Views: documents, ledger`);
    expect((await ask('sql', 'sluice-out/mine', query.replace(/offset|at\b/, quoted))).code).toBe(0);
  });

  it('says which views there are when a name is wrong', async () => {
    const { code, stderr } = await ask('sql', 'sluice-out/mine', 'SELECT * FROM ledgr');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      new RegExp(
        String.raw`got {7}Catalog Error: Table with name ledgr does not exist![\s\S]*fix {7}Views: documents, ` +
          String.raw`ledger, quarantine, files, commits, shadow_rules\.`,
      ),
    );
  });
});
