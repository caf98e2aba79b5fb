// docs/live.png and docs/live.gif: the live page as README shows it. Runs the recipe `node-modules` on this
// repository's own node_modules, films the page while it runs, then drags a threshold on the page of the finished run
// (Chromium: SLUICE_CHROMIUM, or where it usually is). Needs a build.
import { spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { animation } from './gif.mjs';

const root = fileURLToPath(new URL('../..', import.meta.url));
const cli = join(root, 'dist/cli.js');
const places = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'];
const executablePath = process.env.SLUICE_CHROMIUM ?? places.find((p) => existsSync(p));
if (!executablePath) throw new Error('no Chromium: SLUICE_CHROMIUM names one');

const folder = mkdtempSync(join(tmpdir(), 'sluice-picture-'));
/** As it is by default: the page shows it in a command. */
const output = 'sluice-out/node-modules';

/** Starts a command that prints the address of a live page. @returns the process, its address and its end */
async function livePage(...args) {
  const child = spawn(process.execPath, [cli, ...args], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  const ended = new Promise((ok) => child.once('exit', ok));
  let text = '';
  const url = await new Promise((ok, fail) => {
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (s) => {
        text += s;
        const found = /Live page {2}(\S+)/.exec(text);
        if (found) ok(found[1]);
      });
    ended.then((code) => fail(new Error(`ended with ${code}: ${text}`)));
  });
  return { child, url, ended };
}

const browser = await chromium.launch({ executablePath, args: ['--no-sandbox', '--disable-lcd-text'] });
/** Frames of the animation: PNG, and for how many milliseconds each is shown. */
const frames = [];
try {
  await film();
  const served = await livePage('serve', output, '--port', '0');
  try {
    await drag(served.url);
    await photograph(served.url);
  } finally {
    served.child.kill();
    await served.ended;
  }
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
const gif = animation(frames);
writeFileSync(join(root, 'docs/live.gif'), gif);
console.log(`docs/live.gif: ${frames.length} pictures, ${Math.round(gif.length / 1000)} kB`);

async function shot(page, delay) {
  frames.push({ png: await page.screenshot(), delay });
}

async function open(url) {
  const page = await browser.newPage({ viewport: { width: 800, height: 720 }, reducedMotion: 'reduce' });
  // Other programs may keep the machine busy.
  page.setDefaultTimeout(180_000);
  await page.goto(url);
  return page;
}

/** The run in work: about three pictures a second, of which a dozen at equal distances are used. */
async function film() {
  const input = ['--input', join(root, 'node_modules')];
  const { url, ended } = await livePage('run', 'node-modules', ...input, '--output', output, '--live=0');
  let over = false;
  const end = ended.then((code) => {
    over = true;
    if (code !== 0) throw new Error(`the run ended with ${code}`);
  });
  const page = await open(url);
  await page.locator('.funnel li').nth(3).waitFor();
  await page.evaluate('document.getElementById("curves").hidden = true');
  const taken = [];
  while (!over) {
    const png = await page.screenshot();
    if ((await page.locator('#status').textContent()) === 'running' && !over) taken.push(png);
    await Promise.race([page.waitForTimeout(330), end]);
  }
  await end;
  await page.close();
  if (taken.length === 0) throw new Error('the run was over before the page was open');
  const most = Math.min(14, taken.length);
  for (let i = 0; i < most; i++)
    frames.push({ png: taken[Math.round((i * (taken.length - 1)) / Math.max(1, most - 1))], delay: 280 });
}

/** Two thresholds that are dragged, and the documents that they lose and save. */
async function drag(url) {
  const page = await open(url);
  await page.locator('.documents li').first().waitFor();
  await shot(page, 1400);
  await page.locator('#thresholds').evaluate((e) => e.scrollIntoView());
  await page.locator('.grip').first().waitFor();
  await shot(page, 900);
  await dragged(page, page.locator('.grip').first(), [-6, -12, -18, -24, -28]);
  await dragged(page, page.locator('.grip').last(), [-12, -24, -38, -52, -66, -80, -94, -108]);
  await page.locator('.answer .sides li').first().waitFor();
  await shot(page, 2000);
  await page.locator('.answer .sides').evaluate((e) => {
    window.scrollTo(0, e.getBoundingClientRect().top + window.scrollY - 250);
  });
  await shot(page, 4000);
  await page.close();
}

async function dragged(page, grip, steps) {
  const box = await grip.boundingBox();
  const [x, y] = [box.x + box.width / 2, box.y + 40];
  await page.mouse.move(x, y);
  await page.mouse.down();
  for (const step of steps) {
    const answered = page.waitForResponse((r) => r.url().includes('what-if?set'));
    await page.mouse.move(x + step, y);
    await answered;
    await page.locator('#what-if').waitFor();
    await shot(page, 200);
  }
  await page.mouse.up();
}

/** What fits beside a text: the overview, the funnel, and a threshold that was moved. */
async function photograph(url) {
  const page = await browser.newPage({ viewport: { width: 980, height: 900 } });
  page.setDefaultTimeout(180_000);
  await page.goto(url);
  await page.locator('.documents li').first().waitFor();
  await page.locator('.grip').first().focus();
  for (let i = 0; i < 10; i++) await page.keyboard.press('ArrowRight');
  await page.locator('#what-if').waitFor();
  await page.locator('.answer .sides li').first().waitFor();
  const path = join(root, 'docs/live.png');
  await page.evaluate(() => {
    for (const id of ['curves', 'domains', 'rules', 'documents', 'quarantine', 'alerts', 'bias'])
      document.getElementById(id)?.setAttribute('hidden', '');
    for (const part of ['.answer .sides', '.sliders', '#thresholds p.small'])
      document.querySelector(part)?.setAttribute('hidden', '');
    document.querySelector('main').style.paddingBottom = '0';
    window.scrollTo(0, 0);
    document.activeElement?.blur();
  });
  await page.screenshot({ path, fullPage: true });
  console.log(`docs/live.png: ${Math.round(statSync(path).size / 1000)} kB`);
}
