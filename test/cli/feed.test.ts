import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { feedClient } from '../../src/sinks/feed/client.ts';
import type { FeedSource } from '../../src/sinks/feed/source.ts';
import { runCli } from '../helpers/cli.ts';
import { shown, writeDomains } from '../helpers/feed.ts';

const cli = resolve(import.meta.dirname, '../../dist/cli.js');
const NEVER = new AbortController().signal;

let folder = '';
let port = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-cli-feed-'));
  writeDomains(join(folder, 'in'), 2);
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const servers: ChildProcess[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.kill('SIGKILL');
});

const ended = (child: ChildProcess): Promise<number | null> =>
  new Promise((done) => {
    if (child.exitCode !== null || child.signalCode !== null) done(child.exitCode);
    else child.once('exit', (code) => done(code));
  });

/** `sluice feed`, once it serves; its output so far and to come. */
async function served(...args: string[]): Promise<{ server: ChildProcess; url: string; said: () => string }> {
  const all = [cli, 'feed', ...args, '--port', String(port)];
  const server = spawn(process.execPath, all, { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] });
  servers.push(server);
  let text = '';
  const url = await new Promise<string>((done, fail) => {
    server.once('exit', () => fail(new Error(text)));
    server.stderr.on('data', (data: Buffer) => {
      text += data.toString();
    });
    server.stdout.on('data', (data: Buffer) => {
      text += data.toString();
      const found = /http:\/\/[\d.]+:\d+/.exec(text);
      if (found) done(found[0]);
    });
  });
  port = Number(new URL(url).port);
  return { server, url, said: () => text };
}

describe('sluice feed', () => {
  it('serves what --tokens wrote; after a kill it gives the same, and says what it has drawn', async () => {
    const made = ['run', 'tokens', '--input', 'in', '--domain-from', 'path', '--tokens', 'bytes', '--output', 'out'];
    const run = await runCli(made, { cwd: folder });
    expect(run.code).toBe(0);
    expect(run.stdout).toMatch(/sinks\/tokens\/ .* tokens, exactly, for sluice feed/);
    expect(run.stdout).toContain('sluice feed out');
    const options = ['--context', '32', '--batch', '6', '--window', '1'];
    const first = await served('out', ...options);
    expect(first.said()).toMatch(/Tokens +out: bytes, 257 ids/);
    const client = await feedClient(first.url);
    const asked = { from: 0, count: 8, stride: 1, rank: 0, world: 1 };
    const before = shown((await client.pull(asked, NEVER)).steps, client.facts.domains);
    expect(before.length).toBe(48);
    first.server.removeAllListeners('exit');
    first.server.kill('SIGKILL');
    await ended(first.server);
    const second = await served('out', ...options);
    expect(second.url).toBe(first.url);
    expect(shown((await client.pull(asked, NEVER)).steps, client.facts.domains)).toEqual(before);
    const status = await runCli(['status', second.url], { cwd: folder });
    expect(status.stdout).toMatch(/step 8, ≈ 1.5 k tokens/);
    expect(status.stdout).toMatch(/1 rank of 1 asked; slowest: rank 0, at step 8/);
    second.server.removeAllListeners('exit');
    second.server.kill('SIGINT');
    expect(await ended(second.server)).toBe(0);
    expect(await readFile(join(folder, 'out/feed/mixture.jsonl'), 'utf8')).toMatch(/^\{"type":"header"/);
  });

  it('is served by two; the one that writes is killed, the other goes on, and nothing comes twice', async () => {
    const bandit = ['--scheduler', 'bandit', '--options', '{"warmup":3}', '--lag', '3'];
    const options = ['--context', '32', '--batch', '6', '--window', '1', ...bandit];
    const steps = async (client: FeedSource, from: number, to: number, into: string[][]): Promise<void> => {
      for (let step = from; step < to; step++) {
        const { steps } = await client.pull({ from: step, count: 1, stride: 1, rank: 0, world: 1 }, NEVER);
        into[step] = shown(steps, client.facts.domains);
        await client.post(step, { code: 1 + (step % 3), news: 2, web: 3 - (step % 2) });
      }
    };
    port = 0;
    const alone = await served('out', ...options, '--state', 'alone');
    const expected: string[][] = [];
    await steps(await feedClient(alone.url), 0, 24, expected);
    port = 0;
    const first = await served('out', ...options, '--state', 'both', '--shared');
    port = 0;
    const second = await served('out', ...options, '--state', 'both', '--shared');
    const client = await feedClient([first.url, second.url]);
    const got: string[][] = [];
    await steps(client, 0, 10, got);
    const own = await runCli(['status', first.url], { cwd: folder });
    expect(own.stdout).toContain(`${first.url}, writes the log, this one: step 10`);
    const other = await runCli(['status', second.url], { cwd: folder });
    // The second may not have heard of the first yet.
    const seen = /(seen \d+ s ago|not seen since this server started)/.source;
    expect(other.stdout).toMatch(
      new RegExp(`2 servers:\\n {4}http:\\S+, writes the log: step \\d+, ${seen}\\n {4}http`),
    );
    first.server.removeAllListeners('exit');
    first.server.kill('SIGKILL');
    await steps(client, 10, 24, got);
    expect(got).toEqual(expected);
    const after = await runCli(['status', second.url], { cwd: folder });
    expect(after.stdout).toContain('writer number 2');
    expect(after.stdout).toContain(`${second.url}, writes the log, this one: step 24`);
  });

  it('refuses what cannot be, and says what to do', async () => {
    const ask = (...args: string[]) => runCli(['feed', ...args, '--port', '0'], { cwd: folder });
    const refused = async (expected: RegExp, ...args: string[]): Promise<void> => {
      const { code, stderr } = await ask(...args);
      expect([code, stderr]).toEqual([2, expect.stringMatching(expected)]);
    };
    await refused(/a run directory: a folder with a run.json/, 'in');
    await refused(/concat or best-fit/, 'out', '--packing', 'worst');
    await refused(/--weights, or another --scheduler/, 'out', '--weights', 'code=1', '--scheduler', 'unimax');
    await refused(/a domain of the stores: code, news, web/, 'out', '--weights', 'code=1,wiki=2', '--state', 'x');
    await refused(
      /this feed was begun with another context length: 32, now 2048/,
      'out',
      '--batch',
      '6',
      '--window',
      '1',
    );
    const planned = await runCli(
      ['mix', 'plan', '--domains', 'out', '--steps', '20', '--batch', '4', '--context', '64', '--json'],
      { cwd: folder },
    );
    const { domains } = JSON.parse(planned.stdout) as { domains: { name: string }[] };
    expect(domains.map((d) => d.name)).toEqual(['code', 'news', 'web']);
  });
});
