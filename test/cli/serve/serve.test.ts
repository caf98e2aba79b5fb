import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type CliResult, runCli, startCli } from '../../helpers/cli.ts';
import { finishedRun } from '../../helpers/finished-run.ts';
import { writeProject } from '../../helpers/recipes.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const { cwd, ask } = finishedRun();

/** Starts `sluice serve`; asks its page what `use` wants, then ends it as Ctrl-C does. */
async function served(
  args: readonly string[],
  use: (address: string) => Promise<void>,
  env: Record<string, string> = {},
): Promise<CliResult> {
  const { child, done } = startCli(['serve', ...args], { cwd: cwd(), env });
  let out = '';
  const address = await new Promise<string>((ok, fail) => {
    child.stdout?.on('data', (s: string) => {
      out += s;
      const found = /Live page {2}(\S+)/.exec(out);
      if (found && out.includes('Ctrl-C')) ok(found[1]);
    });
    void done.then(({ stderr }) => fail(new Error(stderr)));
  });
  await use(address);
  child.kill('SIGINT');
  return done;
}

describe('sluice serve', () => {
  it('shows a run from its directory alone, as page, JSON and metrics, until Ctrl-C', async () => {
    const result = await served(['sluice-out/mine', '--port', '0'], async (address) => {
      const page = await fetch(address);
      expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8']);
      const state = (await (await fetch(`${address}api/state`)).json()) as Record<string, { status?: string }>;
      expect(state.run.status).toBe('done');
      expect(state['step/2']).toMatchObject({ step: 'length', dropped: { documents: 2 } });
      expect(await (await fetch(`${address}metrics`)).text()).toContain('{outcome="kept"} 2\n');
      const { name } = (await (await fetch(`${address}api/run`)).json()) as { name: string };
      expect(name).toBe('mine');
    });
    expect(result).toMatchObject({ code: 0, stderr: '' });
  });

  it('says how to see the page from another machine over ssh', async () => {
    const env = { SSH_CONNECTION: '10.0.0.9 50000 10.0.0.2 2222' };
    const { stdout } = await served(['sluice-out/mine', '--port', '0'], async () => {}, env);
    expect(stdout).toMatch(/ssh -p 2222 -L (\d+):127\.0\.0\.1:\1 \S+@10\.0\.0\.2\n/);
  });

  it('writes the page as one file that loads nothing', async () => {
    const { code, stdout } = await ask('serve', 'sluice-out/mine', '--export', 'page.html');
    expect([code, stdout]).toEqual([0, expect.stringMatching(/^Page {2}page\.html {2}\(\d+ kB; needs no server/)]);
    const html = await readFile(join(cwd(), 'page.html'), 'utf8');
    expect(html).not.toMatch(/<(link|script)[^>]*(href|src)="(?!data:)/);
    expect(html).toContain("default-src 'none'; script-src 'sha256-");
    const [, json] = /<script type="application\/json" id="sluice-data">(.*?)<\/script>/s.exec(html) ?? [];
    expect(JSON.parse(json).cells.run).toMatchObject({ name: 'mine', status: 'done' });
  });

  it('refuses a folder that is no run, and a port that is taken', async () => {
    expect(await ask('serve', 'in')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('a folder with a run.json'),
    });
    await served(['sluice-out/mine', '--port', '0'], async (address) => {
      const { port } = new URL(address);
      const taken = await ask('serve', 'sluice-out/mine', '--port', port);
      expect(taken).toMatchObject({ code: 2, stderr: expect.stringContaining(`port ${port} free`) });
    });
  });
});

describe('sluice status --steps', () => {
  it('prints the funnel of the page in 80 columns', async () => {
    const { code, stdout } = await ask('status', 'sluice-out/mine', '--steps');
    expect(code).toBe(0);
    const rows = stdout.split('\n').filter((line) => /^ {2}(read|exact_dedup|scores|length|web|kept) +\d/.test(line));
    expect(rows.map((line) => line.trim().split(/ +/).slice(0, 3))).toMatchObject([
      ['read', '7', '-1'],
      ['exact_dedup', '5', '-1'],
      ['scores', '5', expect.anything()],
      ['length', '3', '-2'],
      ['web', '2', '-1'],
      ['kept', '2', expect.anything()],
    ]);
    for (const line of rows) expect(line.length).toBeLessThanOrEqual(80);
    expect(stdout).toMatch(/\n {2}plan +\S+ s {2}one thread\n/);
    expect(stdout).toMatch(/\n {2}join the files +\S+ s {2}one thread\n/);
  });
});

describe('sluice run --live', () => {
  it('says where the page is, and ends with the run where there is no terminal', async () => {
    const folder = await temporaryFolder();
    await writeProject(folder);
    const { code, stderr } = await runCli(['run', 'recipe.ts', '--live=0'], { cwd: folder });
    expect(code).toBe(0);
    expect(stderr).toMatch(/^Live page {2}http:\/\/127\.0\.0\.1:\d+\/$/m);
  });
});
