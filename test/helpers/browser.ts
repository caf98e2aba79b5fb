import { existsSync } from 'node:fs';
import { type Browser, type BrowserContextOptions, chromium, type Page } from 'playwright-core';
import { afterAll, afterEach, expect } from 'vitest';

const PLACES = [
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Chromium.app/Contents/MacOS/Chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
];

/** The browser: SLUICE_CHROMIUM, or where it usually is; null (said once on the console) where there is none. */
export const chromiumPath: string | null =
  process.env.SLUICE_CHROMIUM ?? PLACES.find((path) => existsSync(path)) ?? null;
if (chromiumPath === null) console.warn('skipped: no Chromium; SLUICE_CHROMIUM names one');

let browser: Promise<Browser> | null = null;
const pages: { page: Page; errors: string[] }[] = [];

afterEach(async () => {
  for (const { page } of pages.splice(0)) await page.context().close();
});
afterAll(async () => {
  await (await browser)?.close();
  browser = null;
});

/** A fresh page, and what it complained about: errors of scripts, and what its policy refused. */
export async function openPage(options: BrowserContextOptions = {}): Promise<{ page: Page; errors: string[] }> {
  browser ??= chromium.launch({ executablePath: chromiumPath!, args: ['--no-sandbox'] });
  const context = await (await browser).newContext({ viewport: { width: 1280, height: 900 }, ...options });
  const page = await context.newPage();
  const errors: string[] = [];
  page.on('pageerror', (e) => errors.push(e.message));
  page.on('console', (m) => {
    if (m.type() === 'error') errors.push(m.text());
  });
  page.on('dialog', (d) => {
    errors.push(`dialog: ${d.message()}`);
    void d.dismiss();
  });
  pages.push({ page, errors });
  return { page, errors };
}

/** Asks again until it is so: a page is drawn, and a run opened, when they get to it. */
export const soon = (ask: () => unknown): ReturnType<typeof expect.poll> => expect.poll(ask, { timeout: 20_000 });
