import { describe, expect, it } from 'vitest';
import { chromiumPath, openPage, soon } from '../helpers/browser.ts';
import { startCli } from '../helpers/cli.ts';
import { waitingRecipe, writeProject } from '../helpers/recipes.ts';
import { temporaryFolder } from '../helpers/run.ts';

describe.skipIf(chromiumPath === null)('sluice run --live', () => {
  it('shows a run in work, the step that it waits for, and its end', async () => {
    const cwd = await temporaryFolder();
    const documents = Array.from({ length: 60 }, (_, i) => ({
      id: `${i}`,
      text: `A document, number ${i}.`,
      domain: 'web',
    }));
    await writeProject(cwd, { documents, recipe: waitingRecipe(), file: 'slow.ts' });
    const args = ['run', 'slow.ts', '--live=0'];
    const { child, done } = startCli(args, { cwd, env: { WAIT: 'for ctrl-c' } });
    let said = '';
    child.stderr?.on('data', (s: string) => {
      said += s;
    });
    await soon(() => said).toContain('in work');
    const [, url] = /Live page {2}(\S+)/.exec(said) ?? [];
    const { page } = await openPage();
    await page.goto(url);
    await soon(() => page.locator('#status').textContent()).toBe('running');
    await soon(() => page.locator('#bottleneck').textContent()).toMatch(/^Step wait takes \d+ % of the time at work/);
    expect(await page.locator('.funnel li[data-bottleneck] .who strong').textContent()).toBe('wait');
    child.kill('SIGINT');
    expect((await done).code).toBe(130);
    await soon(() => page.locator('#lost').textContent()).toContain('see it with: sluice serve');
  });
});
