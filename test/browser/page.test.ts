import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { exportRun } from '../../src/run/live/export-run.ts';
import { chromiumPath, openPage, soon } from '../helpers/browser.ts';
import { documents, doneRun, MENU, pageOf } from '../helpers/live-run.ts';
import { temporaryFolder } from '../helpers/run.ts';

const cell = (page: Page, row: string, column: number): Promise<string | null> =>
  page.locator(row).locator('td').nth(column).textContent();

describe.skipIf(chromiumPath === null)('the live page of a finished run', () => {
  let folder = '';
  let url = '';
  beforeAll(async () => {
    folder = await doneRun(documents(), '{broken\n');
    url = (await pageOf(folder)).url;
  });

  it('shows the totals, the funnel and the bottleneck, and complains about nothing', async () => {
    const { page, errors } = await openPage();
    await page.goto(url);
    await soon(() => page.title()).toBe('mill · Sluice');
    await soon(() => page.locator('#status').textContent()).toBe('done');
    const figures = await page.locator('.figure strong').allTextContents();
    expect(figures.slice(0, 4)).toEqual(['241', '180', '60', '1']);
    expect(await page.locator('.funnel .who strong').allTextContents()).toEqual([
      'read',
      'exact_dedup',
      'c4',
      'scores',
      'length',
      'kept',
    ]);
    const lost = await page.locator('.funnel .lost-here').allTextContents();
    expect(lost).toEqual(['− 1', '− 20', '', '', '− 40', '']);
    expect(await page.locator('#bottleneck').textContent()).toMatch(
      /takes \d+ % of the time at work, all phases together: it is /,
    );
    expect(await page.locator('.funnel li[data-bottleneck]').count()).toBe(1);
    const length = page.locator('.funnel li', { hasText: 'length' });
    await length.locator('summary').click();
    expect(await length.locator('tbody tr').allTextContents()).toEqual([expect.stringMatching(/^web40\d/)]);
    expect(errors).toEqual([]);
  });

  it('shows domains, rules and quarantine', async () => {
    const { page } = await openPage();
    await page.goto(url);
    await page.locator('#rules tbody tr').first().waitFor();
    expect(await page.locator('#domains tbody th').allTextContents()).toEqual(['web', 'books']);
    const rule = '#rules tbody tr:has-text("min_chars")';
    expect([await cell(page, rule, 1), await cell(page, rule, 2)]).toEqual(['text_chars < 200', '40']);
    expect(await page.locator('#quarantine tbody tr').allTextContents()).toEqual(['invalid_json1']);
  });

  it('moves a threshold with the keyboard, by hand and by number, and says at once what changes', async () => {
    const { page, errors } = await openPage();
    await page.goto(url);
    const grip = page.locator('.grip[aria-label="Threshold of length.min_chars"]');
    await grip.focus();
    await page.keyboard.press('ArrowRight');
    await soon(async () => Number(await grip.getAttribute('aria-valuenow'))).toBeGreaterThan(200);
    await page.locator('input[id="set-length.min_chars"]').fill('1');
    const all = '#what-if tbody tr:has-text("all")';
    await soon(() => cell(page, all, 1)).toBe('220');
    expect([await cell(page, all, 0), await cell(page, all, 2)]).toEqual(['180', '+ 40']);
    await soon(() => page.locator('.answer .sides li').count()).toBe(8);
    expect(await page.locator('.answer code').textContent()).toBe('sluice run … --set length.min_chars=1');
    const box = (await grip.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + 40);
    await page.mouse.down();
    await page.mouse.move(box.x + 2000, box.y + 40, { steps: 5 });
    await page.mouse.up();
    await soon(() => cell(page, all, 2)).toMatch(/^− \d+$/);
    await page.getByRole('button', { name: 'All thresholds as they were' }).click();
    await soon(() => page.locator('#what-if').count()).toBe(0);
    expect(errors).toEqual([]);
  });

  it('shows which groups the rules hit harder, once that is opened', async () => {
    const { page, errors } = await openPage();
    await page.goto(url);
    expect(await page.locator('#bias table').count()).toBe(0);
    await page.locator('#bias summary').click();
    const table = page.locator('#bias table').first();
    await soon(() => table.locator('caption').textContent()).toBe(
      'All rules together by domain: 25.0 % of all documents',
    );
    const rows = await table.locator('tbody tr').allTextContents();
    expect(rows).toEqual(['web16037.5 %30.4 % to 45.2 %1.50 ×', 'books800 %0 % to 4.6 %–']);
    expect(errors).toEqual([]);
  });

  it('finds documents by words, outcome, rule and nearness to a cut', async () => {
    const { page } = await openPage();
    await page.goto(url);
    const ids = () => page.locator('.documents button').allTextContents();
    await soon(async () => (await ids()).length).toBe(40);
    await page.getByRole('button', { name: 'More' }).click();
    await soon(async () => (await ids()).length).toBe(80);
    await page.locator('#find').fill('SHORT-1');
    const short = Array.from({ length: 240 }, (_, i) => i).filter((i) => i % 6 === 1 && String(i).startsWith('1'));
    await soon(ids).toEqual(short.map((i) => `short-${i}`));
    await page.locator('#find').fill('');
    await page.locator('#outcome').selectOption('quarantined');
    await soon(ids).toHaveLength(1);
    await page.locator('#outcome').selectOption('');
    await page.locator('#rule').selectOption('exact_dedup.exact_duplicate');
    await soon(ids).toHaveLength(20);
    await page.locator('#rule').selectOption('');
    await page.locator('#near').selectOption('length.min_chars');
    await soon(ids).toHaveLength(40);
    const outcomes = await page.locator('.documents .tag').allTextContents();
    expect(outcomes.slice(0, 20)).toEqual(Array(20).fill('kept'));
    expect(outcomes.slice(20)).toEqual(Array(20).fill('dropped'));
  });

  it('shows a document with every decision, what was cut from it, and how it differs from its twin', async () => {
    const { page } = await openPage();
    await page.goto(url);
    const open = async (id: string): Promise<void> => {
      await page.locator('#find').fill(id);
      await soon(() => page.locator('.documents button').first().textContent()).toBe(id);
      await page.locator('.documents button').first().click();
      await page.locator('dialog .decisions details').first().waitFor();
    };
    await open('doc-2');
    expect(await page.locator('dialog mark').allTextContents()).toEqual([expect.stringContaining(MENU)]);
    expect(await page.locator('dialog .panel').nth(1).textContent()).not.toContain(MENU);
    await page.keyboard.press('Escape');
    await open('short-1');
    expect(await page.locator('dialog .verdict').textContent()).toMatch(/^Dropped by min_chars of step length: \d+, /);
    expect(await page.locator('dialog code').textContent()).toMatch(/^--set length\.min_chars=\d+$/);
    await page.getByRole('button', { name: 'Close' }).click();
    await open('copy-23');
    expect(await page.locator('dialog').textContent()).toContain('A copy of doc-12');
    expect(await page.locator('dialog .panel h3').allTextContents()).toEqual(['Text', 'Compared with its twin']);
  });

  it('is dark where the reader wants it, and remembers the button', async () => {
    const { page } = await openPage({ colorScheme: 'dark' });
    await page.goto(url);
    const back = () => page.evaluate('getComputedStyle(document.body).backgroundColor');
    expect(await back()).toBe('rgb(20, 23, 27)');
    await page.getByRole('button', { name: 'Use light colours' }).click();
    expect(await back()).toBe('rgb(255, 255, 255)');
    await page.reload();
    expect(await back()).toBe('rgb(255, 255, 255)');
  });

  it('can be used by the keyboard alone, and names what it shows', async () => {
    const { page } = await openPage();
    await page.goto(url);
    await page.locator('.documents li').first().waitFor();
    await page.keyboard.press('Tab');
    expect(await page.evaluate('document.activeElement.textContent')).toBe('To the run');
    const unnamed =
      await page.evaluate(`[...document.querySelectorAll('button, input, select, [role=slider], [role=img]')]
      .filter((e) => e.checkVisibility() && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length))
      .map((e) => e.outerHTML)`);
    expect(unnamed).toEqual([]);
    const levels = await page.locator('h1, h2, h3').evaluateAll((all) => all.map((e) => Number(e.tagName[1])));
    expect(levels[0]).toBe(1);
    for (let i = 1; i < levels.length; i++) expect(levels[i] - levels[i - 1]).toBeLessThanOrEqual(1);
  });

  it('fits a narrow window', async () => {
    const { page } = await openPage({ viewport: { width: 390, height: 800 } });
    await page.goto(url);
    await page.locator('.documents li').first().waitFor();
    expect(await page.evaluate('document.documentElement.scrollWidth')).toBeLessThanOrEqual(390);
  });

  it('is the same page from one file without a server', async () => {
    const file = join(await temporaryFolder(), 'page.html');
    await writeFile(file, await exportRun(folder));
    const { page, errors } = await openPage({ offline: true });
    await page.goto(`file://${file}`);
    await soon(() => page.title()).toBe('mill · Sluice');
    const { page: live } = await openPage();
    await live.goto(url);
    await live.locator('#rules tbody tr').first().waitFor();
    for (const shown of [page, live]) await shown.locator('.histogram .tick').first().waitFor();
    for (const part of ['.figures', '.funnel', '#domains', '#rules tbody', '.histogram'])
      expect(await page.locator(part).textContent()).toBe(await live.locator(part).textContent());
    // What cannot answer without a server is not there, and a sentence says so.
    expect(await page.locator('[role=slider], #thresholds input').count()).toBe(0);
    expect(await page.locator('#still').textContent()).toContain('sluice serve');
    expect(await page.locator('#held').textContent()).toMatch(/^This file holds \d+ of 241 documents: /);
    const outcomes = () => page.locator('.documents li').evaluateAll((all) => all.map((li) => li.dataset.outcome));
    for (const outcome of ['kept', 'dropped', 'quarantined']) {
      await page.locator('#outcome').selectOption(outcome);
      await soon(async () => [...new Set(await outcomes())]).toEqual([outcome]);
    }
    await page.locator('#outcome').selectOption('');
    await page.locator('#find').fill('zzzz');
    await soon(() => page.locator('#documents [role=status]').textContent()).toBe('No document is like that.');
    await page.locator('#find').fill('SHORT-');
    await soon(async () => [...new Set(await outcomes())]).toEqual(['dropped']);
    await page.locator('#near').selectOption('length.min_chars');
    await soon(() => page.locator('.documents li').count()).toBe(2);
    await page.locator('.documents li .link').first().click();
    const dialog = page.locator('dialog.document');
    await dialog.locator('.verdict').waitFor();
    expect(await dialog.locator('.verdict').textContent()).toContain('Dropped by min_chars of step length');
    expect(await dialog.locator('pre').first().textContent()).toContain('That was year');
    expect(await dialog.locator('.decisions').textContent()).toContain('text_chars < 200');
    expect(errors).toEqual([]);
    const bare = await exportRun(folder, { text: false });
    expect(bare).not.toContain('The mill stands');
    expect(bare).not.toContain('short-1');
  });
});
