import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { annotate, custom, dedup, drop, type Recipe, type RunJson, recipe, rule, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { jsonLines } from '../../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../../helpers/run.ts';

const module = new URL('../hostile-steps.mjs', import.meta.url).href;
const step = (name: string) =>
  annotate(
    {
      name,
      version: 1,
      module,
      export: name,
      options: {},
      reads: ['text'],
      writes: [{ name: 'trouble_length', type: 'int32' }],
    },
    { step: name },
  );

/** 40 documents, some of which say what they do to the step. */
const documents = (trouble: Readonly<Record<number, string>>, count = 40) =>
  Array.from({ length: count }, (_, i) => ({
    id: `d${i}`,
    text: `${trouble[i] ?? 'calm'} water at the gate, ${i} buckets of it`,
    domain: i % 2 ? 'odd' : 'even',
    note: '.'.repeat(200),
  }));

async function runOn(
  steps: Recipe['steps'],
  records: readonly object[],
  options: { workers?: number; timeoutSeconds?: number; allow?: { quarantine?: boolean } } = {},
) {
  const folder = await temporaryFolder();
  await mkdir(join(folder, 'in'));
  await writeFile(join(folder, 'in/a.jsonl'), jsonLines(records));
  const output = join(folder, 'out');
  const { events } = await runToEnd(recipe({ name: 'hostile', splitBytes: 4096, steps: [...steps] }), {
    input: [join(folder, 'in/*.jsonl')],
    output,
    workers: 2,
    timeoutSeconds: 120,
    ...options,
  });
  const { totals } = JSON.parse(readFileSync(join(output, 'run.json'), 'utf8')) as RunJson;
  return { output, totals: totals!, events };
}

async function rowsOf(output: string, query: string): Promise<unknown[][]> {
  const db = await (await DuckDBInstance.create()).connect();
  const files = `${output}/ledger/*.parquet`;
  return (await db.runAndReadAll(query.replace('LEDGER', `read_parquet('${files}')`))).getRowsJson();
}

const aside = (output: string): Record<string, unknown>[] =>
  readdirSync(join(output, 'quarantine'))
    .flatMap((f) =>
      readFileSync(join(output, 'quarantine', f), 'utf8')
        .trim()
        .split('\n'),
    )
    .map((l) => JSON.parse(l) as Record<string, unknown>);

describe('documents on which a step fails', () => {
  it('go to quarantine when it throws, with their place, and everything else goes on', async () => {
    const records = documents({ 3: 'THROW', 4: 'THROW', 38: 'THROW' });
    const { output, totals } = await runOn([step('trouble')], records);
    expect(totals.kept.documents).toBe(37);
    expect(totals.quarantined).toMatchObject({ records: 3, byReason: { step_failed: 3 } });
    const lines = records.map((r) => Buffer.byteLength(JSON.stringify(r)) + 1);
    expect(aside(output)).toMatchObject(
      [3, 4, 38].map((i) => ({
        file: 'a.jsonl',
        offset: lines.slice(0, i).reduce((a, b) => a + b, 0),
        bytes: Buffer.byteLength(records[i].text),
        reason: 'step_failed',
        detail: 'step trouble: no use for THROW wate',
        excerpt: records[i].text,
      })),
    );
    expect(
      await rowsOf(output, 'SELECT id, domain, outcome, step, rule, trouble_length FROM LEDGER ORDER BY "offset"'),
    ).toEqual(
      records.map(({ id, domain, text }) =>
        text.startsWith('THROW')
          ? [id, domain, 'quarantined', 'trouble', 'step_failed', null]
          : [id, domain, 'kept', null, null, text.length],
      ),
    );
  });

  it('go there too when it ends its thread or eats its memory; the same with any number of workers', async () => {
    const records = documents({ 17: 'EXIT', 25: 'ALLOCATE', 39: 'THROW' });
    const reasons = ['crash', 'out_of_memory', 'step_failed'];
    const one = await runOn([step('trouble')], records, { workers: 1 });
    expect(aside(one.output).map((r) => [r.reason, r.excerpt])).toEqual(
      [17, 25, 39].map((i, k) => [reasons[k], records[i].text]),
    );
    expect(aside(one.output).map((r) => r.detail)).toEqual([
      'step trouble: it exited with code 7',
      'step trouble: it ran out of memory',
      'step trouble: no use for THROW wate',
    ]);
    expect(one.totals).toMatchObject({ read: { documents: 40 }, kept: { documents: 37 }, quarantined: { records: 3 } });
    const three = await runOn([step('trouble')], records, { workers: 3 });
    expect(promisedBytes(three.output)).toEqual(promisedBytes(one.output));
  }, 120_000);

  it('go there when it hangs or never answers; behind a barrier they are counted once', async () => {
    const records = [...documents({ 5: 'THROW', 9: 'WAIT', 30: 'LOOP' }), ...documents({ 5: 'THROW' }, 8)];
    const { totals, output } = await runOn([dedup.exact(), step('trouble')], records, { timeoutSeconds: 4 });
    expect(totals).toMatchObject({
      read: { documents: 48 },
      dropped: { documents: 8 },
      kept: { documents: 37 },
      quarantined: { records: 3, byReason: { step_failed: 1, timeout: 2 } },
    });
    expect(await rowsOf(output, "SELECT id, rule FROM LEDGER WHERE outcome = 'quarantined' ORDER BY 1")).toEqual([
      ['d30', 'timeout'],
      ['d5', 'step_failed'],
      ['d9', 'timeout'],
    ]);
  }, 60_000);

  it('go there when a closure throws', async () => {
    const strict = custom('strict', 1, ({ text }) => {
      if (text.startsWith('THROW')) throw new Error('not this one');
      return !text.startsWith('DROP');
    });
    const { totals, output } = await runOn(
      [annotate(textStatistics()), strict, drop('long', [rule('text_chars > 40', { name: 'long' })])],
      documents({ 0: 'THROW', 20: 'DROP', 30: 'THROW', 31: 'a very long story about' }),
    );
    expect(totals).toMatchObject({ kept: { documents: 36 }, dropped: { documents: 2 }, quarantined: { records: 2 } });
    expect(aside(output).map((r) => r.detail)).toEqual(['step strict: not this one', 'step strict: not this one']);
  });

  it('stop the run when there are many of them, unless that is allowed', async () => {
    const all = documents(Object.fromEntries(Array.from({ length: 40 }, (_, i) => [i, 'THROW'])));
    await expect(runOn([step('trouble')], all)).rejects.toMatchObject({
      code: 'guard',
      message: expect.stringMatching(/documents on which a step fails to be at most 1 %.*--allow-quarantine/s),
    });
    const { totals } = await runOn([step('trouble')], all, { allow: { quarantine: true } });
    expect(totals).toMatchObject({ kept: { documents: 0 }, quarantined: { records: 40 } });
    const many = documents(Object.fromEntries(Array.from({ length: 300 }, (_, i) => [i, 'THROW'])), 300).map((d) => ({
      ...d,
      text: d.text.slice(0, 5),
    }));
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.jsonl'), jsonLines(many));
    const big = recipe({ name: 'hostile', steps: [step('trouble')] });
    await expect(
      runToEnd(big, { input: [join(folder, 'a.jsonl')], output: join(folder, 'out'), workers: 1 }),
    ).rejects.toMatchObject({
      code: 'guard',
      message: expect.stringMatching(
        /a\.jsonl#0\.\d+: expected step trouble to fail on at most 100 documents per split/,
      ),
    });
    expect(existsSync(join(folder, 'out/documents')) && readdirSync(join(folder, 'out/documents'))).toEqual([]);
  });

  it('say so when a step fails on documents together and on none alone', async () => {
    const folder = await temporaryFolder();
    await writeFile(join(folder, 'a.jsonl'), jsonLines(documents({ 3: 'MEET', 7: 'MEET' })));
    const meeting = recipe({ name: 'hostile', steps: [step('company')] });
    await expect(
      runToEnd(meeting, { input: [join(folder, 'a.jsonl')], output: join(folder, 'out'), workers: 1 }),
    ).rejects.toMatchObject({
      code: 'invariant',
      message: expect.stringMatching(
        /step company to handle 40 documents together as it does one by one, got step company: two/,
      ),
    });
  });
});
