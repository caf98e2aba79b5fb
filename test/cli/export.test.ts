import { readdirSync, readFileSync, watch } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { runCli, startCli } from '../helpers/cli.ts';
import { storedDocuments } from '../helpers/exports.ts';
import { tokenStore } from '../helpers/feed.ts';
import { temporaryFolder } from '../helpers/run.ts';

const ARGS: readonly string[] = ['--to', 'nanogpt', '--output', 'out', '--val-share', '0'];

describe('sluice export', () => {
  it('killed at once and started again gives all tokens; before, a reader finds nothing or all', async () => {
    const cwd = await temporaryFolder();
    const run = await tokenStore(cwd);
    await mkdir(join(cwd, 'out'));
    const { child, done } = startCli(['export', run, ...ARGS], { cwd });
    // The first thing that appears in the folder.
    const watcher = watch(join(cwd, 'out'), (_, name) => {
      if (name?.startsWith('.unfinished')) child.kill('SIGKILL');
    });
    await done;
    watcher.close();
    const ids = (await storedDocuments(run)).flatMap((d) => d.ids);
    const stream = (): number[] => [
      ...new Uint16Array(Uint8Array.from(readFileSync(join(cwd, 'out/train.bin'))).buffer),
    ];
    if (readdirSync(join(cwd, 'out')).includes('train.bin')) expect(stream()).toEqual(ids);
    const again = await runCli(['export', run, ...ARGS], { cwd });
    expect([again.code, again.stderr]).toEqual([0, '']);
    expect(again.stdout).toMatch(/Exported .*360 documents, [\d,]+ tokens as nanogpt/);
    expect(stream()).toEqual(ids);
    expect(readdirSync(join(cwd, 'out')).sort()).toEqual(['.sluice-export.json', 'meta.json', 'meta.pkl', 'train.bin']);
  });

  it('deletes no file that was put in the place of its own', async () => {
    const cwd = await temporaryFolder();
    const run = await tokenStore(cwd);
    expect((await runCli(['export', run, ...ARGS], { cwd })).code).toBe(0);
    await writeFile(join(cwd, 'out/train.bin'), 'my own');
    const again = await runCli(['export', run, ...ARGS], { cwd });
    expect([again.code, again.stderr]).toEqual([2, expect.stringContaining('changed or replaced since')]);
    expect(readFileSync(join(cwd, 'out/train.bin'), 'utf8')).toBe('my own');
  });

  it('writes the documents of one domain alone, which trainers that mix files by themselves want', async () => {
    const cwd = await temporaryFolder();
    const run = await tokenStore(cwd);
    const documents = await storedDocuments(run);
    for (const domain of ['news', 'web']) {
      const args = ['export', run, ...ARGS.with(3, domain), '--domain', domain, '--json'];
      const wanted = documents.filter((d) => d.domain === domain);
      const ids = wanted.flatMap((d) => d.ids);
      const { code, stdout } = await runCli(args, { cwd });
      expect(code).toBe(0);
      expect(JSON.parse(stdout)).toMatchObject({ documents: wanted.length, tokens: ids.length });
      const bytes = Uint8Array.from(readFileSync(join(cwd, domain, 'train.bin')));
      expect([...new Uint16Array(bytes.buffer)]).toEqual(ids);
    }
    const rows = [
      'export',
      run,
      '--to',
      'parquet',
      '--output',
      'rows',
      '--context',
      '32',
      '--domain',
      'news',
      '--json',
    ];
    const sequences = await runCli(rows, { cwd });
    const news = documents.filter((d) => d.domain === 'news');
    const tokens = news.reduce((n, d) => n + d.ids.length, 0);
    expect(JSON.parse(sequences.stdout)).toMatchObject({ documents: news.length, tokens });
    const stranger = await runCli(['export', run, ...ARGS, '--domain', 'wiki'], { cwd });
    expect(stranger).toMatchObject({ code: 2, stderr: expect.stringMatching(/domains of code, news, web.*wiki/s) });
  });

  it('says what is missing or wrong, and what would be right', async () => {
    const cwd = await temporaryFolder();
    const run = await tokenStore(cwd);
    const [to, near, none, json] = await Promise.all(
      [
        ['export', run, '--output', 'x'],
        ['export', run, '--to', 'megatrn', '--output', 'x'],
        ['export', cwd, '--to', 'mds', '--output', 'x'],
        ['export', run, '--to', 'mds', '--output', 'y', '--context', '32', '--json'],
      ].map((args) => runCli(args, { cwd })),
    );
    expect(to).toMatchObject({ code: 2, stderr: expect.stringMatching(/--to: nanogpt, llm\.c, megatron/) });
    expect(near).toMatchObject({ code: 2, stderr: expect.stringMatching(/Did you mean megatron\?/) });
    expect(none).toMatchObject({ code: 2, stderr: expect.stringMatching(/a run directory/) });
    expect(JSON.parse(json.stdout)).toMatchObject({ format: 'mds', documents: 360, empty: 0 });
  });
});
