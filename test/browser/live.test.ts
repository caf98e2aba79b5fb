import { appendFile, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { folderState } from '../../src/run/live/follow-folder.ts';
import { StateSource } from '../../src/run/live/live-source.ts';
import { serveLive } from '../../src/sinks/live/server.ts';
import { chromiumPath, openPage, soon } from '../helpers/browser.ts';
import { documents, doneRun, pageOf } from '../helpers/live-run.ts';
import { temporaryFolder } from '../helpers/run.ts';

describe.skipIf(chromiumPath === null)('the live page of what is in work', () => {
  it('shows a change within 300 ms, and says when the run does not answer any more', async () => {
    const done = await folderState(await doneRun(documents()));
    const source = new StateSource({ curves: async () => ({}), documents: async () => ({ documents: [] }) });
    const server = await serveLive(source);
    const progress = { phase: 'curate', phaseNumber: 1, phases: 2, splitsDone: 1, splits: 4, share: 0.25 };
    const running = (kept: number) => ({
      ...done,
      run: { ...done.run, status: 'running' as const },
      progress: { ...progress, bytesPerSecond: 5e6, etaSeconds: 12, seconds: 3 },
      totals: { ...done.totals, kept: { ...done.totals.kept, documents: kept } },
    });
    source.show(running(1));
    const { page } = await openPage();
    await page.goto(server.url);
    await soon(() => page.locator('#status').textContent()).toBe('running');
    expect(await page.locator('progress').evaluate((e) => (e as unknown as { value: number }).value)).toBe(0.25);
    const tookMs = page.evaluate(`new Promise((ok) => {
      const node = document.querySelectorAll('.figure strong')[1];
      new MutationObserver(() => ok(Date.now())).observe(node, { childList: true, characterData: true, subtree: true });
    })`) as Promise<number>;
    await page.evaluate('0');
    const shownMs = Date.now();
    source.show(running(77));
    expect((await tookMs) - shownMs).toBeLessThan(300);
    expect(await page.locator('.figure strong').nth(1).textContent()).toBe('77');
    await server.close();
    await soon(() => page.locator('#lost').isVisible()).toBe(true);
  });

  it('draws the mixture of a feed, with what changed the weights, and follows its log', async () => {
    const folder = await temporaryFolder();
    const header = {
      type: 'header',
      format: 1,
      scheduler: { name: 'doremi', version: 1, options: {} },
      seed: 1,
      lag: 2,
      facts: {
        domains: ['books', 'web'].map((name) => ({ name, tokens: 1000, sequences: 10 })),
        contextLength: 100,
        sequencesPerStep: 2,
        steps: null,
      },
      limits: [null, null],
    };
    const weights = (step: number, w: number) =>
      `${JSON.stringify({ type: 'weights', step, weights: [w, 1 - w], lossWeights: null })}\n`;
    const losses = `${JSON.stringify({ type: 'losses', step: 1, losses: [2.5, null] })}\n`;
    const file = join(folder, 'mixture.jsonl');
    await writeFile(file, `${JSON.stringify(header)}\n${weights(0, 0.5)}${losses}${weights(3, 0.75)}`);
    const { page, errors } = await openPage();
    await page.goto((await pageOf(folder)).url);
    const first = page.locator('#mixture .changes li').first();
    await soon(() => first.textContent()).toBe('step 3 books 75 %, web 25 % by losses up to step 1');
    expect(await page.locator('#mixture tbody tr').first().textContent()).toBe('books75 %––2.5');
    await soon(() => page.locator('#mixture canvas').count()).toBeGreaterThan(0);
    await appendFile(file, weights(9, 0.25));
    await soon(() => first.textContent()).toMatch(/^step 9 books 25 %/);
    expect(await page.locator('#funnel').isVisible()).toBe(false);
    expect(errors).toEqual([]);
  });

  it('shows a spike of one point in a training, at every zoom', async () => {
    const folder = await temporaryFolder();
    await mkdir(folder, { recursive: true });
    const lines = Array.from({ length: 100_000 }, (_, i) => `${i},${i === 54_321 ? 99 : 2},1`);
    await writeFile(join(folder, 'scalars.csv'), `step,loss,rate\n${lines.join('\n')}\n`);
    const { page, errors } = await openPage();
    await page.goto((await pageOf(folder)).url);
    const plot = page.locator('#training .plot').first();
    await soon(() => plot.getAttribute('aria-label')).toBe('loss: between 2 and 99');
    await plot.focus();
    for (let zoom = 0; zoom < 3; zoom++) {
      await page.keyboard.press('+');
      await expect
        .poll(() => page.locator('#training .curve').first().locator('p.small').textContent())
        .toMatch(new RegExp(`^${(100_000 / 2 ** (zoom + 1)).toLocaleString('en-US').slice(0, 2)}`));
      expect(await plot.getAttribute('aria-label')).toBe('loss: between 2 and 99');
    }
    await page.keyboard.press('Escape');
    await soon(() => page.locator('#training .curve').first().locator('p.small').textContent()).toBe('');
    expect(errors).toEqual([]);
  });
});
