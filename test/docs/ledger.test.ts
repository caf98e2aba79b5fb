import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { annotate, dedup, drop, recipe, rule, shadow, textStatistics } from 'sluice';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openRunDatabase, type RunDatabase, rowsOf } from '../../src/ledger/database.ts';
import { openRunFolder } from '../../src/ledger/run-folder.ts';
import { plain } from '../../src/ledger/sql-values.ts';
import { manyDomains, writeDocuments } from '../helpers/domains.ts';
import { runToEnd } from '../helpers/run.ts';

const page = readFileSync(new URL('../../docs/ledger.md', import.meta.url), 'utf8');
const queries = [...page.matchAll(/\n([^\n]+)\n\n```sql\n([\s\S]*?)```/g)].map(([, question, sql]) => [question, sql]);

let folder: string;
let db: RunDatabase;
let all: Record<string, unknown>[];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-ledger-'));
  await writeDocuments(join(folder, 'in'), manyDomains(200, 5));
  const short = rule('text_chars < 120', { name: 'short' });
  const made = recipe({
    name: 'x',
    steps: [
      dedup.exact(),
      annotate(textStatistics(), { step: 'scores' }),
      drop('length', [short, rule('text_lines > 9', { name: 'tall' }), ...shadow([rule('text_chars < 300')])], {
        where: { domain: ['code'], not: true },
      }),
    ],
  });
  await runToEnd(made, { input: [join(folder, 'in')], output: join(folder, 'out'), workers: 1 });
  db = await openRunDatabase(await openRunFolder(join(folder, 'out')));
  all = await rowsOf(db, 'SELECT domain, outcome, rule, tokens, duplicate_of AS twin FROM ledger');
});
afterAll(async () => {
  db.close();
  await rm(folder, { recursive: true, force: true });
});

const asked = async (sql: string): Promise<Record<string, unknown>[]> =>
  (await rowsOf(db, sql)).map((r) => Object.fromEntries(Object.entries(r).map(([k, v]) => [k, plain(v)])));

describe('docs/ledger.md', () => {
  it('describes every column of the ledger with its type, in order, and nothing else', async () => {
    const described = [...page.matchAll(/^\| `(\w+)` \| `([^`]+)` \|/gm)].map(([, column, type]) => [column, type]);
    const columns = await asked('DESCRIBE ledger');
    const own = columns.map((c) => [c.column_name, c.column_type]).slice(0, described.length);
    expect(described).toEqual(own);
    expect(String(columns[described.length].column_name)).toMatch(/^text_/);
  });

  it('lists the views that there are', async () => {
    const listed = [...page.matchAll(/^\| `(\w+)` \| [^`]/gm)].map(([, view]) => view);
    const views = await asked('SELECT table_name AS name FROM information_schema.tables ORDER BY 1');
    expect(views.map((v) => v.name)).toEqual([...listed].sort());
  });

  it('has ten questions', () => expect(queries.length).toBe(10));

  it.each(queries)('%s', async (_, sql) => {
    expect((await asked(sql)).length).toBeGreaterThan(0);
  });

  it('answers them rightly', async () => {
    const answer = (words: string) => asked(queries.find(([question]) => question.includes(words))![1]);
    const web = all.filter((r) => r.domain === 'web');
    const kept = web.filter((r) => r.outcome === 'kept');
    expect((await answer('How much of each domain')).find((r) => r.domain === 'web')).toEqual({
      domain: 'web',
      read: web.length,
      kept: kept.length,
      percent: Math.round((1000 * kept.length) / web.length) / 10,
      tokens: kept.reduce((n, r) => n + Number(r.tokens), 0),
    });
    const clusters = new Map<string, number>();
    for (const r of all.filter((r) => r.twin !== null))
      clusters.set(String(r.twin), (clusters.get(String(r.twin)) ?? 0) + 1);
    const sizes = [...clusters.values()].sort((a, b) => b - a).slice(0, 10);
    expect((await answer('Which documents have most copies')).map((r) => r.copies)).toEqual(sizes);
    const unjudged = all.filter((r) => r.domain === 'code' && r.outcome === 'kept').length;
    expect(await answer('never judged')).toEqual([{ domain: 'code', unjudged }]);
  });
});
