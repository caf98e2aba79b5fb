// docs/live.png: the live page as README shows it. Runs the recipe `node-modules` on this repository's own
// node_modules, once, and photographs the page in Chromium (SLUICE_CHROMIUM, or where it usually is).
import { spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist/cli.js');
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = process.env.SLUICE_CHROMIUM ?? places.find((p) => existsSync(p));
if (!executablePath) throw new Error('no Chromium: SLUICE_CHROMIUM names one');

const given = process.argv[2];
const folder = mkdtempSync(join(tmpdir(), 'sluice-picture-'));
const run = given ?? join(folder, 'node-modules');
if (!given) {
  const args = [cli, 'run', 'node-modules', '--input', join(root, 'node_modules'), '--output', run];
  const { status } = spawnSync(process.execPath, args, { stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error(`the run ended with ${status}`);
}
const server = spawn(process.execPath, [cli, 'serve', run, '--port', '0'], { stdio: ['ignore', 'pipe', 'inherit'] });
const url = await new Promise((ok) => {
  let text = '';
  server.stdout.on('data', (s) => {
    text += s;
    const found = /Live page {2}(\S+)/.exec(text);
    if (found) ok(found[1]);
  });
});
const browser = await chromium.launch({ executablePath, args: ['--no-sandbox'] });
const page = await browser.newPage({ viewport: { width: 980, height: 900 } });
await page.goto(url);
await page.locator('.documents li').first().waitFor();
await page.locator('.grip').first().focus();
for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowRight');
await page.locator('#what-if').waitFor();
await page.locator('.answer .sides li').first().waitFor();
// What fits beside a text: the overview, the funnel, and a threshold that was moved.
const path = join(root, 'docs/live.png');
await page.evaluate(() => {
  for (const id of ['curves', 'domains', 'rules', 'documents', 'quarantine', 'alerts'])
    document.getElementById(id)?.setAttribute('hidden', '');
  for (const part of ['.answer .sides', '.sliders', '#thresholds p.small'])
    document.querySelector(part)?.setAttribute('hidden', '');
  document.querySelector('main').style.paddingBottom = '0';
  window.scrollTo(0, 0);
  document.activeElement?.blur();
});
await page.screenshot({ path, fullPage: true });
await browser.close();
server.kill();
rmSync(folder, { recursive: true, force: true });
console.log(`docs/live.png: ${Math.round(statSync(path).size / 1000)} kB`);
