import { mkdirSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type CliResult, runCli } from '../helpers/cli.ts';
import { DOCUMENTS, writeProject } from '../helpers/recipes.ts';

let cwd: string;
const ask = (...args: string[]): Promise<CliResult> => runCli(args, { cwd });
const sql = async (query: string): Promise<unknown> =>
  JSON.parse((await ask('sql', 'sluice-out/mine', '--json', query)).stdout);

beforeAll(async () => {
  cwd = mkdtempSync(join(tmpdir(), 'sluice-cli-'));
  await writeProject(cwd, { raw: '{"text": broken}\n' });
  expect((await ask('run', 'recipe.ts')).code).toBe(0);
});
afterAll(() => rm(cwd, { recursive: true, force: true }));

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
    const query = `SELECT 9007199254740991 AS safe, 9007199254740993 AS big, 170141183460469231731687303715884105727::HUGEINT AS huge, 1.50 AS dec, 12345678901234567890.12::DECIMAL(38,2) AS long,
      0.1::DOUBLE AS d, 'NaN'::DOUBLE AS nan, DATE '2020-02-29' AS day, TIMESTAMP '2020-01-02 03:04:05.678' AS ts, TIMESTAMPTZ '2020-01-02 03:04:05+02' AS tz,
      [1, 2] AS list, {a: 1, b: ['x', NULL]} AS struct, MAP {'k': 1} AS map, NULL AS nothing, TRUE AS yes, INTERVAL 3 DAY AS span`;
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

  it('has typed views where there is no file', async () => {
    const folder = join(cwd, 'empty');
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
      'SELECT (SELECT count(*) FROM documents) AS d, (SELECT count(*) FROM quarantine) AS q, (SELECT count(*) FROM ledger) AS l',
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
    const before = readFileSync(join(cwd, 'sluice-out/mine/ledger/part-00000-of-00001.parquet'));
    for (const query of queries) {
      const { code, stdout, stderr } = await ask('sql', 'sluice-out/mine', query);
      expect({ query, code, stdout }).toEqual({ query, code: 2, stdout: '' });
      expect(stderr).toMatch(/expected {2}(one SELECT|a query that DuckDB understands)/);
    }
    expect(readFileSync(join(cwd, 'sluice-out/mine/ledger/part-00000-of-00001.parquet'))).toEqual(before);
  });

  it('says which views there are when a name is wrong', async () => {
    const { code, stderr } = await ask('sql', 'sluice-out/mine', 'SELECT * FROM ledgr');
    expect(code).toBe(2);
    expect(stderr).toMatch(
      /came {6}Catalog Error: Table with name ledgr does not exist![\s\S]*to do {5}Views: documents, ledger, quarantine, commits\./,
    );
  });
});

/** Byte at which a line of the input starts. */
const offsetOf = (line: number): number =>
  readFileSync(join(cwd, 'in/part-000.jsonl'), 'utf8').split('\n').slice(0, line).join('\n').length +
  (line > 0 ? 1 : 0);

describe('sluice explain', () => {
  it('shows every decision in order, and the threshold that would have kept the document', async () => {
    const { code, stdout } = await ask('explain', 'sluice-out/mine', 'short');
    expect(code).toBe(0);
    expect(stdout).toBe(
      [
        'short: dropped by step length, rule min_chars',
        `  part-000.jsonl#0.${offsetOf(3)} · domain web · 37 B of text · ≈ 9 tokens`,
        '  “A text of thirty-seven characters....”',
        '',
        '  1 exact_dedup  no copy of an earlier document',
        '  2 scores       19 values measured',
        '  3 length       1 failed, 1 passed',
        '      ✗  min_chars@1  text_chars  37 < 60  would be kept with min_chars <= 37',
        '      ✓ max_chars@1 37 ≤ 5,000',
        '  4 web          not reached: 1 would fail',
        '      ✗  min_lines@1  text_lines  1 < 2  would be kept with min_lines <= 1',
        '',
        '  To have kept it: --set length.min_chars=37 --set web.min_lines=1',
        '',
      ].join('\n'),
    );
  });

  it('names thresholds under which a run does keep the document', async () => {
    const { code } = await ask(
      'run',
      'recipe.ts',
      '--set',
      'length.min_chars=37',
      '--set',
      'web.min_lines=1',
      '--output',
      'kept',
    );
    expect(code).toBe(0);
    const { stdout } = await ask('explain', 'kept', 'short');
    expect(stdout).toMatch(/^short: kept\n/);
    expect(stdout).not.toContain('To have kept it');
  });

  it('resolves a copy to its twin, and the twin to its copies', async () => {
    const copy = await ask('explain', 'sluice-out/mine', 'copy');
    expect(copy.stdout).toMatch(/^copy: dropped by step exact_dedup, rule exact_duplicate\n/);
    expect(copy.stdout).toContain(
      '  1 exact_dedup  copy of kept-1 (part-000.jsonl#0.0), similarity 1\n  2 scores       not reached\n',
    );
    expect(copy.stdout).toContain('Its twin kept-1 (part-000.jsonl#0.0) decides whether this text is in the output.');
    const twin = await ask('explain', 'sluice-out/mine', 'kept-1');
    expect(twin.stdout).toContain('It stands for 1 copy that was left out: copy');
  });

  it('lists every document of an id, and finds one by its position', async () => {
    const both = await ask('explain', 'sluice-out/mine', 'twice');
    expect(both.stdout).toMatch(
      /^2 documents have this id\.\n\ntwice: dropped by step length[\s\S]*\ntwice: dropped by step web/,
    );
    expect(both.stdout).toContain('  4 web          not for domain books\n');
    const one = await ask('explain', 'sluice-out/mine', `part-000.jsonl#0.${offsetOf(5)}`);
    expect(one.stdout).toMatch(/^twice: dropped by step web, rule min_lines\n/);
    const quarantined = await ask('explain', 'sluice-out/mine', `part-000.jsonl#0.${offsetOf(6)}`);
    expect(quarantined.stdout).toMatch(
      /: quarantined\n[\s\S]*It could not be read as a document: invalid_json: expected one JSON object/,
    );
  });

  it('has all of it as JSON', async () => {
    const { stdout } = await ask('explain', 'sluice-out/mine', 'twice', '--json');
    const { total, documents } = JSON.parse(stdout);
    expect(total).toBe(2);
    expect(documents[0]).toMatchObject({
      id: 'twice',
      outcome: 'dropped',
      keepWith: ['--set length.min_chars=34'],
      decisions: [
        { state: 'done' },
        { state: 'done' },
        {
          state: 'dropped',
          rules: [
            { rule: 'min_chars', version: 1, value: 34, threshold: 60, verdict: 'failed', rescue: { threshold: 34 } },
            { verdict: 'passed' },
          ],
        },
        { state: 'out of scope' },
      ],
    });
  });

  it('proposes ids that are near', async () => {
    const { code, stderr } = await ask('explain', 'sluice-out/mine', 'kept1');
    expect(code).toBe(2);
    expect(stderr).toMatch(/came {6}'kept1'\n {2}to do {5}Near: kept-1, kept-2, /);
  });
});

describe('sluice status, inspect, plan', () => {
  it('status tells totals and files of a finished run', async () => {
    const { stdout } = await ask('status', 'sluice-out/mine', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      name: 'mine',
      state: 'done',
      process: null,
      splits: 1,
      phases: [
        { phase: 'before exact_dedup', splitsDone: 1 },
        { phase: 'after exact_dedup', splitsDone: 1 },
      ],
      totals: {
        read: { documents: 7 },
        kept: { documents: 2 },
        dropped: { documents: 4 },
        quarantined: { records: 1 },
      },
      files: [
        { sink: 'documents', files: 1, rows: 2 },
        { sink: 'ledger', files: 1, rows: 7 },
        { sink: 'quarantine', files: 1, rows: 1 },
      ],
    });
    expect((await ask('status', 'sluice-out/mine')).stdout).toMatch(
      /^mine in sluice-out\/mine: done\n[\s\S]* documents +7 read \(\d+ B\), 2 kept \(28\.6 %\), 4 left out, 1 in quarantine\n/,
    );
  });

  it('inspect shows fields, counts, samples and what could not be read', async () => {
    const { code, stdout } = await ask('inspect', 'in');
    expect(code).toBe(0);
    expect(stdout).toMatch(/^1 file \(jsonl\), /);
    expect(stdout).toMatch(/\n {2}text +string +100 % +≈ \d+ characters +text\n/);
    expect(stdout).toMatch(
      /\nDocuments, the first 6: \d+ B of text, .*\n {2}domains: web 4, books 2\n {2}1 record would go to quarantine: invalid_json 1\n/,
    );
    expect(stdout).toContain('\n  kept-1  web · 117 B\n  The mill stands by the river');
  });

  it('inspect finds the field that holds the text', async () => {
    writeFileSync(
      join(cwd, 'other.jsonl'),
      `{"key":1,"body":{"content":"${'long text '.repeat(20)}"},"url":"http://example.org"}\n`,
    );
    const { stdout } = await ask('inspect', 'other.jsonl');
    expect(stdout).toContain(
      'There is no field text. The longest texts are in body.content.\nNext: sluice inspect other.jsonl --text-field body.content\n',
    );
    const facts = JSON.parse((await ask('inspect', 'other.jsonl', '--text-field', 'body.content', '--json')).stdout);
    expect(facts).toMatchObject({
      files: [{ path: 'other.jsonl', format: 'jsonl', codec: 'none' }],
      sample: { documents: 1, textBytes: 200, quarantined: { records: 0 } },
    });
  });

  it('inspect reads what a run has written', async () => {
    const { stdout } = await ask('inspect', 'sluice-out/mine/documents', '--json');
    expect(JSON.parse(stdout)).toMatchObject({
      files: [{ format: 'parquet' }],
      rows: 2,
      sample: { documents: 2, domains: { web: 1, books: 1 } },
    });
  });

  it('plan shows steps, rules and thresholds, tries a little, and writes nothing', async () => {
    const { code, stdout } = await ask('plan', 'recipe.ts', '--set', 'web.min_lines=3', '--input', 'in');
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /\nSteps\n {3}1 exact_dedup {2}drops copies .*\n {3}2 scores {2}measures 19 columns \(text@1\)\n {3}3 length {2}drops a document when {2}\(--set length\.OPTION=NUMBER\)\n {7}min_chars@1 {2}text_chars < 60 +min_chars\n/,
    );
    expect(stdout).toContain(
      '   4 web  only for web  drops a document when  (--set web.OPTION=NUMBER)\n       min_lines@1  text_lines < 3  min_lines\n',
    );
    expect(stdout).toMatch(
      /\nEstimate, from 7 documents of all parts of the input \(\S+ B\) in .* on one thread\n {2}speed /,
    );
    expect(stdout).toContain('Nothing was written.');
    const facts = JSON.parse((await ask('plan', 'recipe.ts', '--input', 'in', '--json')).stdout);
    expect(facts).toMatchObject({
      recipe: 'mine',
      splits: 1,
      files: [{ path: 'part-000.jsonl', format: 'jsonl' }],
      probe: { documents: 7 },
      estimate: { scratchBytes: expect.any(Number) },
    });
  });
});
