import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, said, startCli } from '../helpers/cli.ts';
import { madeDocuments } from '../helpers/corpus.ts';
import { waitingRecipe, writeProject } from '../helpers/recipes.ts';
import { promisedBytes, temporaryFolder } from '../helpers/run.ts';
import { leftovers } from './harness.ts';

const output = (cwd: string): string => join(cwd, 'sluice-out/slow');

describe('Ctrl-C, then the same command again', () => {
  it.each([
    ['once', 'for ctrl-c', 1],
    ['twice', 'for ever', 2],
  ] as const)('%s: ends with the bytes of an uninterrupted run, and leaves nothing', async (_, wait, times) => {
    const cwd = await temporaryFolder();
    await writeProject(cwd, { recipe: waitingRecipe(['dedup.exact()']), documents: madeDocuments(60) });
    expect((await runCli(['run', 'recipe.ts', '--workers', '2'], { cwd })).code).toBe(0);
    const bytes = promisedBytes(output(cwd));
    await rm(output(cwd), { recursive: true });
    const { child, done } = startCli(['run', 'recipe.ts', '--workers', '1'], { cwd, env: { WAIT: wait } });
    await said(child, 'in work');
    for (let i = 0; i < times; i++) {
      const finishing = said(child, 'Finishing');
      child.kill('SIGINT');
      if (i + 1 < times) await finishing;
    }
    expect((await done).code).toBe(130);
    // The second stops at once: what is half done is deleted by the next start.
    if (times === 1) expect(leftovers(output(cwd)).filter((f) => f.endsWith('.tmp') || f === 'lock')).toEqual([]);
    expect((await runCli(['run', 'recipe.ts', '--workers', '2'], { cwd })).code).toBe(0);
    expect(promisedBytes(output(cwd))).toEqual(bytes);
    expect(leftovers(output(cwd))).toEqual([]);
  });
});
