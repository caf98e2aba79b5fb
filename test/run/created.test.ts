import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lastValueFrom, toArray } from 'rxjs';
import { dedup, type Operator, type Recipe, readDocuments } from 'sluice';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { readCommitStore } from '../../src/streams/commits/store.ts';
import { chained, type Outcome, outcomesOf } from '../conformance/streams.ts';
import { leftovers, runChild, runHere } from '../faults/harness.ts';
import { runCli } from '../helpers/cli.ts';
import { jsonLines } from '../helpers/corpus.ts';
import { grownRecipe, grownSteps, paragraphed, paragraphedLines, picky } from '../helpers/grown.ts';
import { partition } from '../helpers/partition.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../helpers/run.ts';
import { query } from '../helpers/tables.ts';

const shared = mkdtempSync(join(tmpdir(), 'sluice-created-'));
afterAll(() => rmSync(shared, { recursive: true, force: true }));
const input = join(shared, 'in.jsonl');
writeFileSync(input, paragraphedLines(60));

let folder: string;
beforeEach(async () => {
  folder = await temporaryFolder();
});

const run = async (recipe: Recipe, output: string, more: object = {}): Promise<string> => {
  const { last } = await runToEnd(recipe, { input: [input], output, workers: 1, ...more });
  expect(last.type).toBe('finished');
  return output;
};

const ledger = (output: string, what: string) =>
  query(`SELECT ${what.replace('LEDGER', `FROM read_parquet('${output}/ledger/*.parquet')`)}`);

const one = async (output: string, what: string): Promise<unknown> => Object.values((await ledger(output, what))[0])[0];

const totals = async (output: string) => {
  const store = await readCommitStore(join(output, 'commits.jsonl'), { repair: false });
  return [...store.countersOf(store.all)].map(([, counters]) => counters);
};

describe('documents that a step creates', () => {
  const shardSize = 16 * 1024;
  /** A run of every kind of step, by one worker. */
  const whole = join(shared, 'whole');
  beforeAll(() => run(grownRecipe(), whole, { shardSize }));

  it('go through barriers and rewrites in run() as in a plain pipe', async () => {
    const output = whole;
    const piped = await lastValueFrom(readDocuments(input).pipe(chained(grownSteps()), toArray()));
    const texts = new Map(
      (await query(`SELECT id, text FROM read_json_auto('${output}/sinks/jsonl/*.jsonl')`)).map((r) => [
        String(r.id),
        String(r.text),
      ]),
    );
    const ran = (await ledger(output, 'id, rule LEDGER')).map(({ id, rule }) => [
      id,
      rule,
      texts.get(String(id)) ?? null,
    ]);
    const fates = (all: readonly Outcome[]) => all.map(({ id, rule, text }) => [id, rule, text]);
    // A batch of a pipe leaves what a barrier has dropped behind it, so the ledger has more.
    const wanted = fates(outcomesOf(piped));
    expect(wanted.length).toBeGreaterThan(60);
    const known = new Map(ran.map((fate) => [String(fate[0]), fate]));
    expect(wanted.map(([id]) => known.get(String(id)))).toEqual(wanted);
    expect(new Set(ran.map(([id]) => id)).size).toBe(ran.length);
    const kept = wanted.filter(([, , text]) => text !== null).map(([id]) => id);
    expect(kept.sort()).toEqual([...texts.keys()].sort());
    expect(kept.some((id) => String(id).includes('+'))).toBe(true);
  });

  it('are counted at every commit, and each has its row', async () => {
    const output = await run(grownRecipe(), join(folder, 'run'), { shardSize, workers: 2 });
    const commits = await totals(output);
    const sum = (of: (c: (typeof commits)[number]) => number): number => commits.reduce((n, c) => n + of(c), 0);
    for (const c of commits)
      expect(c.read.documents + c.created.documents + c.received.documents).toBe(
        c.kept.documents + c.dropped.documents + c.passed.documents + c.quarantined.documents,
      );
    const wholes = paragraphed(60).filter(({ text }) => text.includes('\n\n'));
    expect(sum((c) => c.created.documents)).toBeGreaterThan(wholes.length);
    expect(Number(await one(output, 'count(*) LEDGER'))).toBe(60 + sum((c) => c.created.documents));
    expect(Number(await one(output, 'count(DISTINCT (file, "offset", derived)) LEDGER'))).toBe(
      60 + sum((c) => c.created.documents),
    );
    expect(promisedBytes(output)).toEqual(promisedBytes(whole));
  });

  it('have their lineage in the ledger', async () => {
    const output = await run(grownRecipe([partition()]), join(folder, 'run'));
    const at = paragraphed(60).findIndex(({ text }) => text.split('\n\n').length === 3);
    const rows = await ledger(
      output,
      `id, derived, outcome, rule, to_json(parents)::VARCHAR AS parents, generator, prompt_hash, cost
       LEDGER WHERE id = 'doc-${at}' OR starts_with(id, 'doc-${at}+') ORDER BY derived NULLS FIRST`,
    );
    const source = await one(output, `file || '#' || block || '.' || "offset" LEDGER WHERE id = 'doc-${at}'`);
    const row = (derived: string, parents: string[], made: unknown[] = [null, null, null]) => [
      `doc-${at}+${derived.replace('1.', '1+')}`,
      derived,
      'kept',
      null,
      JSON.stringify(parents),
      ...made,
    ];
    expect(rows.map((r) => Object.values(r))).toEqual([
      [`doc-${at}`, null, 'dropped', 'partition_whole', '[]', null, null, null],
      row('1', [`${source}`]),
      row('1.1', [`${source}+1`]),
      row('1.2', [`${source}+1`, `${source}+2`], ['joiner', '00ff', 0.25]),
      row('2', [`${source}`]),
      row('3', [`${source}`]),
    ]);
  });

  it('come of the documents that a limit and a sample take', async () => {
    const few = await run(grownRecipe([partition()]), join(folder, 'limit'), { limit: 5 });
    expect(Number(await one(few, 'count(*) LEDGER WHERE derived IS NULL'))).toBe(5);
    expect(Number(await one(few, 'count(*) LEDGER'))).toBe(5 + [2, 3, 4, 5].reduce((n, parts) => n + parts + 2, 0));
    const sample = await run(grownRecipe([partition()]), join(folder, 'sample'), { samplePercent: 30 });
    const taken = (await ledger(sample, 'id LEDGER WHERE derived IS NULL')).map(({ id }) => String(id));
    expect(taken.length).toBeGreaterThan(5);
    expect(taken.length).toBeLessThan(40);
    const wanted = taken.reduce((n, id) => {
      const parts = (Number(id.slice(4)) % 5) + 1;
      return n + (parts === 1 ? 1 : parts + 3);
    }, 0);
    expect(Number(await one(sample, 'count(*) LEDGER'))).toBe(wanted);
  });

  it('stay when nothing is to be dropped', async () => {
    const output = await run(grownRecipe(), join(folder, 'all'), { annotateOnly: true });
    expect(await ledger(output, 'DISTINCT outcome LEDGER')).toEqual([{ outcome: 'kept' }]);
    expect(Number(await one(output, 'count(*) LEDGER WHERE derived IS NOT NULL'))).toBeGreaterThan(60);
  });

  it('end with the same bytes when their run is killed again and again', async () => {
    const module = join(folder, 'recipe.ts');
    writeFileSync(
      module,
      `import { grownRecipe } from ${JSON.stringify(join(import.meta.dirname, '../helpers/grown.ts'))};
export default grownRecipe();`,
    );
    const output = join(folder, 'killed');
    let kills = 0;
    for (const [site, n] of [
      ['worker', 5],
      ['main', 9],
      ['worker', 14],
      ['main', 4],
    ] as const) {
      const faults = { root: output, mode: 'nth', site, n } as const;
      if ((await runChild({ recipe: module, input, output, faults })).killed) kills++;
    }
    await runHere({ recipe: module, input, output });
    expect(kills).toBe(4);
    expect(promisedBytes(output)).toEqual(promisedBytes(whole));
    expect(leftovers(output)).toEqual([]);
  });
});

describe('a step that throws on a created document', () => {
  const quarantine = (output: string) =>
    query(`SELECT * FROM read_json_auto('${output}/quarantine/*.jsonl', format = 'newline_delimited')`);
  const joined = 'splendid\n';
  const words = (): { id: string; text: string }[] => [
    { id: 'a', text: 'One paragraph, which stays whole.' },
    { id: 'b', text: 'The first is splendid\n\nThe second is plain\n\nThe third too' },
    { id: 'c', text: 'Plain again\n\nAnd once more' },
  ];
  const fates = async (steps: readonly Operator[]) => {
    const few = join(folder, 'in.jsonl');
    writeFileSync(few, jsonLines(words()));
    const output = await run(grownRecipe(steps), join(folder, 'run'), { input: [few] });
    const rows = await ledger(output, 'id, outcome, rule LEDGER ORDER BY id');
    return { output, rows: rows.map((r) => `${r.id} ${r.outcome} ${r.rule ?? ''}`.trim()) };
  };

  it('in the phase that made it takes the document of the input out, and all that was made of it', async () => {
    const { output, rows } = await fates([partition(), picky(joined)]);
    expect(rows).toEqual([
      'a kept',
      'b quarantined step_failed',
      'c dropped partition_whole',
      'c+1 kept',
      'c+1+1 kept',
      'c+1+2 kept',
      'c+2 kept',
    ]);
    const [record, ...more] = await quarantine(output);
    expect([record.detail, record.derived, more]).toEqual(['step picky: not with splendid\n'.trim(), null, []]);
    expect(await ledger(output, "derived, len(parents)::INTEGER AS parents LEDGER WHERE id = 'b'")).toEqual([
      { derived: null, parents: 0 },
    ]);
  });

  it('behind a barrier takes that document out alone, and its lineage stays', async () => {
    const { output, rows } = await fates([partition(), dedup.exact(), picky(joined)]);
    expect(rows).toEqual([
      'a kept',
      'b dropped partition_whole',
      'b+1 kept',
      'b+1+1 dropped exact_duplicate',
      'b+1+2 quarantined step_failed',
      'b+2 kept',
      'b+3 kept',
      'c dropped partition_whole',
      'c+1 kept',
      'c+1+1 dropped exact_duplicate',
      'c+1+2 kept',
      'c+2 kept',
    ]);
    const [record] = await quarantine(output);
    expect(record.derived).toBe('1.2');
    const whole = await one(output, `file || '#' || block || '.' || "offset" LEDGER WHERE id = 'b'`);
    expect(
      await ledger(
        output,
        "to_json(parents)::VARCHAR AS parents, generator, prompt_hash, cost LEDGER WHERE id = 'b+1+2'",
      ),
    ).toEqual([
      { parents: JSON.stringify([`${whole}+1`, `${whole}+2`]), generator: 'joiner', prompt_hash: '00ff', cost: 0.25 },
    ]);
  });
});

describe('the command line of a run that creates documents', () => {
  it('says so in plan, summary, status, README, explain and sql', async () => {
    writeFileSync(join(folder, 'in.jsonl'), paragraphedLines(60));
    const helper = (name: string): string => JSON.stringify(join(import.meta.dirname, '../helpers', name));
    writeFileSync(
      join(folder, 'recipe.ts'),
      `import { annotate, drop, recipe, rule, textStatistics } from 'sluice';
import { partition } from ${helper('partition.ts')};
export default recipe({ name: 'grown', input: ['in.jsonl'], steps: [
  annotate(textStatistics(), { step: 'scores' }), drop('length', [rule('text_chars < 2')]), partition(),
] });`,
    );
    const ask = async (...args: string[]): Promise<string> => {
      const { code, stdout, stderr } = await runCli(args, { cwd: folder, env: { COLUMNS: '120' } });
      expect(stderr.replace(/^grown: .*\n|^\d.*documents.*\n/gm, '')).toBe('');
      expect(code).toBe(0);
      return stdout;
    };
    const made = paragraphed(60).reduce(
      (n, { text }) => n + (text.includes('\n\n') ? text.split('\n\n').length + 2 : 0),
      0,
    );
    expect(await ask('plan', 'recipe.ts', '--no-probe')).toMatch(
      new RegExp(
        String.raw`partition {2}creates documents \(partition@1\); the ledger records what each is made of` +
          String.raw`\n +and drops.*\n +partition_whole@1`,
      ),
    );
    expect(await ask('run', 'recipe.ts')).toContain(`of ${60 + made} documents (60 read, ${made} created)`);
    const status = await ask('status', 'sluice-out/grown');
    expect(status).toContain(`60 read (`);
    expect(status).toContain(`${made} created, `);
    expect(readFileSync(join(folder, 'sluice-out/grown/README.md'), 'utf8')).toMatch(
      new RegExp(`documents created.*${made}`),
    );
    const parent = await ask('explain', 'sluice-out/grown', 'doc-4');
    expect(parent).toContain('5 documents created from it: doc-4+1 (');
    expect(parent).toContain('dropped by step partition, rule partition_whole');
    const child = await ask('explain', 'sluice-out/grown', 'doc-4+1+2');
    expect(child).toMatch(
      /Created from doc-4\+1 \(in\.jsonl#0\.\d+\+1\) and doc-4\+2 \(in\.jsonl#0\.\d+\+2\)\s+by joiner/,
    );
    expect(child.match(/came before this document was created/g)?.length).toBe(3);
    expect(
      JSON.parse(
        await ask('sql', 'sluice-out/grown', 'SELECT count(*) AS n FROM ledger WHERE len(parents) = 2', '--json'),
      ),
    ).toEqual([{ n: 48 }]);
  });
});
