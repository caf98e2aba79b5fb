import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { paste } from '../helpers/shell.ts';
import { query } from '../helpers/tables.ts';

const root = resolve(import.meta.dirname, '../..');
const page = readFileSync(join(root, 'docs/operators.md'), 'utf8');

/** Blocks of the page: `language name` behind the fence, or `sh` alone. */
const blocks = [...page.matchAll(/^```(\w+) ?(\S*)\n([\s\S]*?)^```$/gm)].map(([, language, name, text]) => ({
  language,
  name,
  text,
}));
const commands = blocks.filter((b) => b.language === 'sh').flatMap((b) => b.text.trim().split('\n'));

// Files and commands of the page, as a reader makes and gives them: into an empty folder, one after the other.
describe('docs/operators.md', () => {
  let folder: string;
  const outputs = new Map<string, string>();
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'sluice-page-'));
    for (const { name, text } of blocks.filter((b) => b.name !== '')) writeFileSync(join(folder, name), text);
    for (const command of commands) {
      const { code, text } = await paste(command, folder);
      expect([command, code, code === 0 ? '' : text]).toEqual([command, 0, '']);
      outputs.set(command, text);
    }
  }, 120_000);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  const outcomes = async (run: string): Promise<Record<string, unknown>> =>
    Object.fromEntries(
      (await query(`SELECT id, coalesce(rule, outcome) AS what FROM '${join(folder, run)}/ledger/*.parquet'`)).map(
        (row) => [row.id, row.what],
      ),
    );

  it('names each command once, and its files', () => {
    expect(commands.length).toBe(9);
    expect(blocks.filter((b) => b.name !== '').map((b) => b.name)).toEqual([
      'documents.jsonl',
      'drafts.mjs',
      'shouting.mjs',
      'loud.mjs',
      'links-stage.mjs',
      'few-links.mjs',
      'script.mjs',
    ]);
  });

  it('drops by a function', async () => {
    expect(await outcomes('drafts')).toEqual({ calm: 'kept', loud: 'kept', links: 'kept', draft: 'no_drafts' });
    expect(outputs.get('sluice explain drafts draft')).toMatch(/dropped by your function/);
  });

  it('annotates, and drops by a rule on the column', async () => {
    expect(await outcomes('loud')).toEqual({ calm: 'kept', loud: 'too_loud', links: 'kept', draft: 'kept' });
    expect(await outcomes('louder')).toEqual({ calm: 'kept', loud: 'kept', links: 'kept', draft: 'kept' });
    expect(outputs.get('sluice explain loud loud')).toMatch(/would be kept with max_shouting >= 0\.\d+/);
    const sql = [...outputs].find(([command]) => command.startsWith('sluice sql'))![1];
    expect(sql).toMatch(/calm\s.*0\.01/);
  });

  it('decides by a step of its own, whose rule follows its option', async () => {
    expect(await outcomes('few-links')).toEqual({ calm: 'kept', loud: 'kept', links: 'too_many_links', draft: 'kept' });
    expect(await outcomes('more-links')).toEqual({ calm: 'kept', loud: 'kept', links: 'kept', draft: 'kept' });
    expect(outputs.get('sluice explain few-links links')).toMatch(/3 > 2/);
  });

  it('runs in a script where the packages are installed', () => {
    mkdirSync(join(folder, 'node_modules'));
    symlinkSync(root, join(folder, 'node_modules/sluice'));
    symlinkSync(join(root, 'node_modules/rxjs'), join(folder, 'node_modules/rxjs'));
    const { status, stdout, stderr } = spawnSync(process.execPath, ['script.mjs'], { cwd: folder, encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
    expect(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.slice(0, 10)),
    ).toEqual(['The miller', 'BUY NOW!!!', 'See https:']);
  });
});
