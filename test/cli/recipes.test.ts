import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, spawnCli } from '../helpers/cli.ts';
import { RECIPE, writeProject } from '../helpers/recipes.ts';
import { temporaryFolder } from '../helpers/run.ts';

/** Runs a recipe module from a folder without node_modules; returns what was said, and the totals where it ran. */
async function runRecipe(file: string, recipe: string, more: Readonly<Record<string, string>> = {}, run = runCli) {
  const cwd = await temporaryFolder();
  await writeProject(cwd, { recipe, file });
  for (const [name, text] of Object.entries(more)) await writeFile(join(cwd, name), text);
  const result = await run(['run', file, '--json', '--workers', '1'], { cwd });
  const events = result.stdout
    .split('\n')
    .filter(Boolean)
    .map((l) => JSON.parse(l) as { type: string; totals?: { kept: { documents: number } } });
  return { ...result, cwd, kept: events.at(-1)?.totals?.kept.documents };
}

describe('a recipe in an empty folder', () => {
  it.each([
    ['TypeScript', 'recipe.ts', RECIPE.replace('splitBytes: 4096', 'splitBytes: 4096 as number')],
    ['TypeScript with its extension', 'recipe.mts', RECIPE],
    ['JavaScript', 'recipe.js', RECIPE],
    ['JavaScript with its extension', 'recipe.mjs', RECIPE],
  ])('may be %s', async (_, file, recipe) => {
    const { code, stderr, kept } = await runRecipe(file, recipe);
    expect(stderr).toBe('');
    expect({ code, kept }).toEqual({ code: 0, kept: 2 });
  });

  it('is found without its extension, and beside a package.json that says commonjs', async () => {
    const cwd = await temporaryFolder();
    await writeProject(cwd);
    await writeFile(join(cwd, 'package.json'), '{"type": "commonjs"}');
    const { code, stdout } = await runCli(['plan', './recipe', '--no-probe'], { cwd });
    expect(stdout).toContain('min_chars@1');
    expect(code).toBe(0);
  });

  it('may import modules beside it, and name one that workers load', async () => {
    const annotator = `
      import { annotate, type AnnotatorDescriptor } from 'sluice';
      void annotate;
      export const shout = (): AnnotatorDescriptor => ({
        name: 'shout', version: 1, module: import.meta.url, export: 'shoutAnnotator', options: {}, reads: [],
        writes: [{ name: 'shout_marks', type: 'int32' }],
      });
      export const shoutAnnotator = () => (batch: { rows: number; text(row: number): string }) => {
        const values = new Int32Array(batch.rows);
        for (let i = 0; i < batch.rows; i++) values[i] = batch.text(i).split('.').length - 1;
        return [['shout_marks', { type: 'int32', values, valid: null }]];
      };`;
    const recipe = `
      import { annotate, drop, recipe, rule } from 'sluice';
      import { shout } from './shout.ts';
      export default recipe({ name: 'own', input: ['in'],
        steps: [annotate(shout()), drop('loud', [rule('shout_marks > 2')])] });`;
    const { code, stderr, kept } = await runRecipe('recipe.ts', recipe, { 'shout.ts': annotator });
    expect(stderr).toBe('');
    expect({ code, kept }).toEqual({ code: 0, kept: 5 });
  });
});

describe('a recipe that is not right exits with 2 before anything is read', () => {
  it.each([
    [
      'a column that nobody writes',
      "import { annotate, drop, recipe, rule, textStatistics } from 'sluice';\nexport default recipe({ " +
        "name: 'x', input: ['in'], steps: [annotate(textStatistics()), drop('q', [rule('text_char < 4')])] " +
        '});',
      [
        /expected {2}a column that an earlier step writes \(text_chars, /,
        /got {7}text_char\n {2}fix {7}Did you mean text_chars\?/,
      ],
    ],
    [
      'no default export',
      'export const steps = [];',
      [/expected {2}`export default recipe\(\{ \.\.\. \}\)`\n {2}got {7}no default export \(only steps\)/],
    ],
    [
      'a plain object',
      "export default { name: 'x', steps: [] };",
      [/got {7}a plain object with name, steps \(wrap it in recipe\(\)\)/],
    ],
    [
      'a syntax error',
      "import { recipe } from 'sluice';\nexport default recipe({ name: 'x', ;\n",
      [/expected {2}a module without syntax errors/, /:2:\d+: ERROR: /],
    ],
    [
      'an unknown key',
      "import { dedup, recipe } from 'sluice';\nexport default recipe({ name: 'x', steps: [dedup.exact()], " +
        'sink: [] } as never);',
      [/got {7}the option sink\n {2}fix {7}Did you mean sinks\?/],
    ],
    [
      'an import that is not there',
      "import x from 'left-pad-of-nobody';\nexport default x;",
      [
        new RegExp(
          String.raw`got {7}'left-pad-of-nobody', which is not there\n {2}fix {7}Install it beside the recipe: ` +
            'npm install left-pad-of-nobody',
        ),
      ],
    ],
    [
      'an error of its own',
      'const nothing: never[] = [];\nexport default nothing[0].name;',
      [/expected {2}a recipe that loads\n {2}got {7}TypeError: .*\(line 2\)/],
    ],
  ])('%s', async (_, recipe, patterns) => {
    // Lines of a stack are those of the source in a process of Sluice's own, not in that of a test runner.
    const { code, stderr, cwd } = await runRecipe('recipe.ts', recipe, {}, recipe.includes('[0]') ? spawnCli : runCli);
    for (const pattern of patterns) expect(stderr).toMatch(pattern);
    expect(stderr).toMatch(/^error {2}.*recipe\.ts/);
    expect(code).toBe(2);
    expect(existsSync(join(cwd, 'sluice-out'))).toBe(false);
  });

  it('a syntax error in JavaScript names the line', async () => {
    const { code, stderr } = await runRecipe(
      'recipe.mjs',
      "import { recipe } from 'sluice';\nexport default recipe({ name: 'x', ;\n",
    );
    expect(stderr).toMatch(/expected {2}a module without syntax errors\n {2}got {7}Unexpected token ';' \(line 2\)/);
    expect(code).toBe(2);
  });
});
