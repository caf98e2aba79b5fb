import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { annotate, drop, recipe, rule, shadow, textStatistics } from 'sluice';
import { describe, expect, it } from 'vitest';
import { openRunDatabase, rowsOf } from '../../src/ledger/database.ts';
import { openRunFolder } from '../../src/ledger/run-folder.ts';
import { openWhatIf } from '../../src/ledger/what-if/load.ts';
import { redecide } from '../../src/ledger/what-if/redecide.ts';
import { changesOf } from '../../src/ledger/what-if/settings.ts';
import { tally } from '../../src/ledger/what-if/tally.ts';
import { withSettings } from '../../src/recipe/recipe.ts';
import { runCli } from '../helpers/cli.ts';
import { manyDomains, writeDocuments } from '../helpers/domains.ts';
import { runToEnd, temporaryFolder } from '../helpers/run.ts';

const steps = () => [
  annotate(textStatistics(), { step: 'scores' }),
  drop('length', [rule('text_chars < 60'), ...shadow([rule('text_lines > 5', { name: 'many_lines' })])]),
  drop('mixed', [
    rule('text_chars < 300 and (text_lines > 3 or not text_letter_ratio >= 0.6)', { name: 'menu' }),
    rule('text_lines < 2 and text_chars > 500', { name: 'one_line', shadow: true }),
  ]),
];

async function finished() {
  const folder = await temporaryFolder();
  await writeDocuments(join(folder, 'in'), manyDomains(240, 3));
  const made = recipe({ name: 'x', steps: steps(), splitBytes: 16384 });
  const run = join(folder, 'out');
  const { last } = await runToEnd(made, { input: [join(folder, 'in')], output: run, workers: 1 });
  if (last.type !== 'finished') throw new Error(last.type);
  return { folder, made, run, totals: last.result.totals! };
}

async function ask(run: string, sql: string): Promise<Record<string, unknown>[]> {
  const db = await openRunDatabase(await openRunFolder(run));
  try {
    return await rowsOf(db, sql);
  } finally {
    db.close();
  }
}

describe('shadow rules and rules of several comparisons', () => {
  it('judge, never drop, and are counted in the totals as in SQL', async () => {
    const { folder, run, totals } = await finished();
    const fails = async (rule: string): Promise<number> =>
      Number((await ask(run, `SELECT count(*) AS n FROM shadow_rules WHERE rule = '${rule}'`))[0].n);
    expect(totals.steps.length.many_lines).toMatchObject({ dropped: 0, failed: await fails('many_lines') });
    expect(totals.steps.mixed.one_line).toMatchObject({ dropped: 0, failed: await fails('one_line') });
    expect(await fails('many_lines')).toBeGreaterThan(10);
    const [dropped] = await ask(
      run,
      'SELECT count(*) AS n FROM ledger WHERE (text_chars < 300 AND (text_lines > 3 OR text_letter_ratio < 0.6)) ' +
        'AND text_chars >= 60',
    );
    expect(Number(dropped.n)).toBe(totals.steps.mixed.menu.dropped);
    expect(totals.steps.mixed.menu.dropped).toBeGreaterThan(10);
    const [own] = await ask(run, "SELECT count(*) AS n FROM ledger WHERE rule IN ('many_lines', 'one_line')");
    expect(Number(own.n)).toBe(0);
    // A sample of a shadow rule is of what it would drop more than the run did.
    const [more] = await ask(
      run,
      "SELECT count(*) AS n FROM shadow_rules WHERE rule = 'many_lines' AND outcome = 'kept'",
    );
    const sampled = await runCli(['sample', run, '--rule', 'length.many_lines', '-n', '2'], { cwd: folder });
    expect(sampled.stdout).toMatch(
      new RegExp(`^2 of ${more.n} documents that the shadow rule length.many_lines would drop and the run kept,`),
    );
    const listed = await runCli(['sample', run, '--rule', 'many_lines', '-n', '500', '--json'], { cwd: folder });
    const { total, documents } = JSON.parse(listed.stdout);
    expect([total, documents.length]).toEqual([Number(more.n), Number(more.n)]);
    expect(Number(more.n)).toBeGreaterThan(5);
  });

  it('are set by their options, and what-if equals a run', async () => {
    const { folder, made, run } = await finished();
    const settings = ['mixed.menu=200', 'mixed.menu_2=1', 'length.text_chars_below=40'];
    const again = `${run}-2`;
    const options = { input: [join(folder, 'in')], output: again, workers: 1 };
    await runToEnd(withSettings(made, settings), options);
    const opened = await openRunFolder(run);
    const db = await openRunDatabase(opened);
    const prepared = await openWhatIf(opened, db);
    const result = tally(prepared, redecide(prepared, changesOf(prepared.plan, settings)));
    db.close();
    const [kept] = await ask(again, "SELECT count(*) AS n FROM ledger WHERE outcome = 'kept'");
    expect(result.exact).toBe(true);
    expect(result.total.kept.documents).toBe(Number(kept.n));
    expect(result.saved.length).toBeGreaterThan(0);
  });

  it('stand in the summary and in explain', async () => {
    const cwd = await temporaryFolder();
    await writeDocuments(join(cwd, 'in'), [
      { id: 'menu', text: `${'Home\n'.repeat(20)}About`, metadata: { domain: 'web' } },
      {
        id: 'lines',
        text: `${'A line that is long enough for a text of many lines.\n'.repeat(8)}End.`,
        metadata: { domain: 'web' },
      },
    ]);
    await writeFile(
      join(cwd, 'recipe.ts'),
      `import { annotate, drop, recipe, rule, textStatistics } from 'sluice';
export default recipe({ name: 'x', input: ['in'], steps: [
  annotate(textStatistics(), { step: 'scores' }),
  drop('mixed', [
    rule('text_chars < 300 and text_lines > 3', { name: 'menu' }),
    rule('text_lines > 5', { name: 'many', shadow: true }),
  ]),
] });\n`,
    );
    const { stdout } = await runCli(['run', 'recipe.ts'], { cwd });
    expect(stdout).toContain('1  menu  text_chars < 300 and text_lines > 3\n');
    expect(stdout).toContain(
      'Shadow rules: what they fail, and do not drop\n    100 %          2  many  text_lines > 5\n',
    );
    const explained = await runCli(['explain', 'sluice-out/x', 'lines'], { cwd });
    expect(explained.stdout).toContain('lines: kept');
    expect(explained.stdout).toMatch(/✗ {2}many@1 \(shadow\) {2}text_lines {2}9 > 5\n/);
    const menu = await runCli(['explain', 'sluice-out/x', 'menu'], { cwd });
    expect(menu.stdout).toMatch(/✗ {2}menu@1\n +drops where text_chars < 300 and text_lines > 3\n/);
    expect(menu.stdout).toMatch(/\n +text_chars +105 < 300 +holds\n/);
    expect(menu.stdout).toContain('--set mixed.menu=105\n');
    const settings = ['--set', 'mixed.menu=200', '--set', 'mixed.menu_2=30'];
    const asked = await runCli(['what-if', 'sluice-out/x', ...settings], { cwd });
    const [now, was] = ['text_chars < 200 and text_lines > 30', 'text_chars < 300 and text_lines > 3'];
    expect(asked.stdout.replaceAll(/\s+/g, ' ')).toContain(`mixed.menu drops ${now} (was ${was}) Kept`);
  });
});
