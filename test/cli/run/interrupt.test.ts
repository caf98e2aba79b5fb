import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, said, startCli } from '../../helpers/cli.ts';
import { madeDocuments } from '../../helpers/corpus.ts';
import { waitingRecipe, writeProject } from '../../helpers/recipes.ts';
import { temporaryFolder } from '../../helpers/run.ts';

async function started(wait: string, ...more: string[]) {
  const cwd = await temporaryFolder();
  await writeProject(cwd, { recipe: waitingRecipe(), documents: madeDocuments(60) });
  const run = startCli(['run', 'recipe.ts', '--workers', '1', ...more], { cwd, env: { WAIT: wait } });
  await said(run.child, 'in work');
  return { cwd, ...run };
}

describe('Ctrl-C', () => {
  it('once: finishes the split in work, tells how to go on, and the same command does', async () => {
    const { cwd, child, done } = await started('for ctrl-c');
    child.kill('SIGINT');
    const { code, stdout, stderr } = await done;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      new RegExp(
        String.raw`\nFinishing the splits in progress \(Ctrl-C again stops immediately\) \.\.\.\nStopped: 1 of ` +
          String.raw`3 splits done\. Committed work is kept in sluice-out\/slow\. To resume:\n {2}sluice run ` +
          String.raw`recipe\.ts --workers 1\n$`,
      ),
    );
    expect(stdout).toBe('');
    const status = await runCli(['status', 'sluice-out/slow'], { cwd });
    expect(status.stdout).toMatch(/^slow in sluice-out\/slow: interrupted\n[\s\S]* splits +1 of 3\n/);
    const again = await runCli(['run', 'recipe.ts', '--workers', '1'], { cwd });
    expect(again.stderr).toMatch(/^slow: 1 file, .* 3 splits, 1 already done\n/);
    expect(again.stdout).toMatch(/\nDone: kept 60 of 60 documents/);
    expect(again.code).toBe(0);
  });

  it('twice: stops at once; what was committed stays, and the run goes on later', async () => {
    const { cwd, child, done } = await started('for ever', '--limit', '1000');
    const finishing = said(child, 'Finishing');
    child.kill('SIGINT');
    await finishing;
    child.kill('SIGINT');
    const { code, stderr } = await done;
    expect(code).toBe(130);
    expect(stderr).toMatch(
      new RegExp(
        String.raw`\nStopped immediately\. Committed work is kept\. To resume:\n {2}sluice run recipe\.ts ` +
          String.raw`--workers 1 --limit 1000\n$`,
      ),
    );
    expect(existsSync(join(cwd, 'sluice-out/slow/run.json'))).toBe(true);
    // Without the limit it would be refused as another run.
    const { stdout } = await runCli(['status', 'sluice-out/slow'], { cwd });
    expect(stdout).toContain('  sluice run recipe.ts --workers 1 --limit 1000\n');
    const again = await runCli(['run', 'recipe.ts', '--workers', '1', '--limit', '1000'], { cwd });
    expect(again.code).toBe(0);
    const { totals } = JSON.parse(readFileSync(join(cwd, 'sluice-out/slow/run.json'), 'utf8'));
    expect(totals.kept.documents).toBe(60);
  });
});
