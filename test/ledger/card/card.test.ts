import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import type { Card, CardField } from '../../../src/ledger/card/card.ts';
import { openRunDatabase, query } from '../../../src/ledger/database.ts';
import { openRunFolder } from '../../../src/ledger/run-folder.ts';
import { plain } from '../../../src/ledger/sql-values.ts';
import { finishedRun } from '../../helpers/finished-run.ts';
import { DOCUMENTS, writeProject } from '../../helpers/recipes.ts';

const { cwd, ask } = finishedRun();
const run = (): string => join(cwd(), 'sluice-out/mine');
const HOSTILE = '<script>alert(1)</script><img src=x onerror=alert(1)> `code` | **bold** \u202egnol\u0007';

let card: Card;
let html: string;
let markdown: string;
beforeAll(async () => {
  const text = `${HOSTILE} ${'A long enough line of a document that is kept. '.repeat(3)}\nSecond.`;
  await writeProject(cwd(), { documents: [...DOCUMENTS, { id: HOSTILE, text, domain: 'forum' }] });
  expect((await ask('run', 'recipe.ts', '--fresh', '--card')).code).toBe(0);
  card = JSON.parse(await readFile(join(run(), 'card.json'), 'utf8')) as Card;
  html = await readFile(join(run(), 'card.html'), 'utf8');
  markdown = await readFile(join(run(), 'card.md'), 'utf8');
});

const fields = (): readonly CardField[] => card.sections.flatMap((s) => s.fields);
const field = (name: string): CardField => fields().find((f) => f.name === name)!;

describe('data card', () => {
  it('has the fifteen sections of the template, and questions where only people know', () => {
    expect(card.sections.map((s) => s.title)).toEqual([
      ...['Authorship', 'Dataset overview', 'Example of data points', 'Motivations and intentions'],
      ...['Access, retention and wipeout', 'Provenance', 'Human and other sensitive attributes', 'Extended use'],
      ...['Transformations', 'Annotations and labeling', 'Validation types', 'Sampling methods'],
      ...['Known applications and benchmarks', 'Terms of art', 'Reflections on data'],
    ]);
    expect(field('Intended use')).toEqual({ name: 'Intended use' });
    expect(markdown).toContain('**Intended use**: *unanswered*');
    expect(html).toContain('<b>Intended use</b>: <span class="q">unanswered</span>');
  });

  it('has the numbers of its queries, of the run of its hash', async () => {
    const folder = await openRunFolder(run());
    const db = await openRunDatabase(folder);
    try {
      const tables = fields().filter((f) => f.sql !== undefined && !f.name.startsWith('Dropped by'));
      expect(tables.length).toBeGreaterThan(7);
      for (const { sql, table } of tables) {
        const result = await query(db, sql!);
        const rows = [];
        for await (const part of result.yieldRows()) rows.push(...part.map((r) => r.map(plain)));
        expect({ sql, rows }).toEqual({ sql, rows: table!.rows });
      }
    } finally {
      db.close();
    }
    expect(card.run).toMatchObject(folder.run.hashes);
    expect(card.run.commits).toMatch(/^[0-9a-f]{64}$/);
  });

  it('says what each step found and left, and whom the rules hit', () => {
    expect(field('Before and after each step').table!.rows.map((r) => r.slice(0, 3))).toEqual([
      ['exact_dedup', 7, 6],
      ['length', 6, 4],
      ['web', 4, 3],
    ]);
    expect(field('Dropped by all rules, by domain').table!.rows.map((r) => r.slice(0, 4))).toEqual([
      ['web', 4, 3, 0.75],
      ['books', 2, 1, 0.5],
      ['forum', 1, 0, 0],
    ]);
    expect(
      field('Borderline: dropped nearest to the threshold, by the rules that drop most').table!.rows.map((r) => r[3]),
    ).toEqual(['short', 'twice']);
  });

  it('is one page in which documents are text only', () => {
    for (const live of ['<script', '<img', '\u202e', '\u0007']) expect(html.includes(live)).toBe(false);
    expect(html).toContain('&lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).not.toMatch(/(src|href)="(?!#)/);
    expect(html).toContain("default-src 'none'");
    expect(html.match(/<svg role="img"/g)!.length).toBeGreaterThan(2);
    expect(markdown).not.toMatch(/(?<!\\)<script|\u202e|[^\\]\*\*bold\*\*/);
  });

  it('leaves out excerpts, ids and paths with --redact', async () => {
    expect((await ask('card', 'sluice-out/mine', '--redact', '--output', 'shared')).code).toBe(0);
    const shared = await readFile(join(cwd(), 'shared/card.json'), 'utf8');
    expect(JSON.parse(shared)).toMatchObject({ redacted: true });
    for (const secret of ['alert(1)', 'kept-1', 'The mill stands', 'in/part', '.jsonl'])
      expect(shared.includes(secret)).toBe(false);
  });
});
