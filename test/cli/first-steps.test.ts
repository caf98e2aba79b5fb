import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli } from '../helpers/cli.ts';
import { writeProject } from '../helpers/recipes.ts';
import { temporaryFolder } from '../helpers/run.ts';

describe('sluice init', () => {
  it.each([
    ['recipe.ts', []],
    ['recipe.js', ['--js']],
    ['mine.ts', ['mine.ts']],
  ])('writes a %s that runs as it is, and never over a file', async (file, flags) => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { file: 'other.ts' });
    const made = await runCli(['init', ...flags], { cwd });
    expect(made).toMatchObject({ code: 0, stderr: '' });
    expect(made.stdout).toContain(`Wrote ${file}.`);
    const text = readFileSync(join(cwd, file), 'utf8');
    const again = await runCli(['init', ...flags], { cwd });
    expect(again.code).toBe(2);
    expect(again.stderr).toContain(`error  the file already exists\n  in        ${file}\n`);
    expect(readFileSync(join(cwd, file), 'utf8')).toBe(text);
    const run = await runCli(['run', file, '--input', 'in'], { cwd });
    expect(run.stdout).toMatch(/\nDone: kept 3 of 6 documents/);
    expect(run.code).toBe(0);
    expect(existsSync(join(cwd, 'sluice-out/my-recipe/run.json'))).toBe(true);
  });
});

describe('sluice init --from', () => {
  it.each(['quickstart', 'c4'])('copies the recipe %s, which runs as the one that it was', async (name) => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { file: 'other.ts' });
    expect(await runCli(['init', '--from', name], { cwd })).toMatchObject({ code: 0, stderr: '' });
    const source = readFileSync(new URL(`../../recipes/${name}.ts`, import.meta.url), 'utf8');
    expect(readFileSync(join(cwd, 'recipe.ts'), 'utf8')).toBe(source);
    const plan = await runCli(['plan', 'recipe.ts', '--input', 'in'], { cwd });
    expect(plan).toMatchObject({ code: 0 });
    expect(plan.stdout).toContain(name);
  });

  it('says what the recipe is run by, if it is one of a reference model', async () => {
    const { code, stdout } = await runCli(['init', '--from', 'reference'], { cwd: await temporaryFolder() });
    expect(code).toBe(0);
    expect(stdout).toContain('train-reference recipe.ts --input');
    expect(stdout).not.toContain(' run recipe.ts');
  });

  it('names the recipes that there are, and the nearest', async () => {
    const cwd = await temporaryFolder();
    const { code, stderr } = await runCli(['init', '--from', 'quikstart'], { cwd });
    expect(code).toBe(2);
    expect(stderr).toContain('Did you mean quickstart?');
    expect(existsSync(join(cwd, 'recipe.ts'))).toBe(false);
  });
});

describe('sluice doctor', () => {
  it('tries everything and finds it well here', async () => {
    const { code, stdout } = await runCli(['doctor', '--json'], { cwd: await temporaryFolder() });
    const { ok, checks } = JSON.parse(stdout) as { ok: boolean; checks: { name: string; state: string }[] };
    expect({ code, ok }).toEqual({ code: 0, ok: true });
    expect(checks.map((c) => c.name)).toEqual([
      'Node.js',
      'processor',
      'memory',
      'disk',
      'kernels',
      'zstd',
      'Parquet',
      'DuckDB',
      'TypeScript',
      'recipes',
      'models',
    ]);
    expect(checks.filter((c) => c.state === 'broken')).toEqual([]);
  });

  it('says when SLUICE_EXECUTOR names an executor that does not work', async () => {
    const env = { SLUICE_EXECUTOR: 'onnxruntime' };
    const { code, stdout } = await runCli(['doctor', '--json'], { cwd: await temporaryFolder(), env });
    const { checks } = JSON.parse(stdout) as { checks: { name: string; state: string; found: string }[] };
    expect(code).toBe(0);
    expect(checks.find((c) => c.name === 'models')).toMatchObject({
      state: 'warning',
      found: 'SLUICE_EXECUTOR is onnxruntime: no executor has this name',
    });
  });
});

describe('text that would act on the terminal', () => {
  const evil = '\u001b[31mred\u001b]0;title\u0007 \u009b2J \u202eback\u2028line';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: that is what it looks for
  const RAW = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u2028\u202e]/;

  it('never reaches it, whatever the command', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, {
      documents: [{ id: `id-${evil}`, text: `short ${evil}`, domain: `web ${evil}` }],
      raw: `{"text": ${evil}}\n`,
    });
    const run = await runCli(['run', 'recipe.ts'], { cwd });
    expect(run.stdout).toContain('e.g. id-\\e[31mred\\e]0;title\\x07');
    const outputs = [run];
    for (const args of [
      ['explain', 'sluice-out/mine', `id-${evil}`],
      ['explain', 'sluice-out/mine', `id-${evil}`, '--json'],
      ['explain', 'sluice-out/mine', `no ${evil}`],
      ['sql', 'sluice-out/mine', 'SELECT id, domain, excerpt FROM ledger'],
      ['sql', 'sluice-out/mine', '--json', 'SELECT id, domain, excerpt FROM ledger'],
      ['sql', 'sluice-out/mine', `SELECT "${evil}"`],
      ['inspect', 'in'],
      ['inspect', 'in', '--json'],
      ['status', 'sluice-out/mine', '--json'],
      ['run', 'recipe.ts', '--json'],
      ['run', evil],
      ['run', 'recipe.ts', `--${evil}`],
    ])
      outputs.push(await runCli(args, { cwd }));
    for (const { stdout, stderr } of outputs) {
      expect(stdout).not.toMatch(RAW);
      expect(stderr).not.toMatch(RAW);
    }
    const json = await runCli(['sql', 'sluice-out/mine', '--json', 'SELECT id FROM ledger WHERE id IS NOT NULL'], {
      cwd,
    });
    expect(JSON.parse(json.stdout)).toEqual([{ id: `id-${evil}` }]);
  });
});
