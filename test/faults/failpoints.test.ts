import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, temporaryFolder } from '../helpers/run.ts';
import { type ChildRun, chain, type Faults, leftovers, linesOf, runChild, runHere, runWhole } from './harness.ts';

/** Every so manieth failpoint, by its name; `npm run test:faults` takes all of them. */
const PARTS = 9;
/** Not `create` and `mkdir`: what they leave is what the next call finds. `npm run test:faults` takes them too. */
const CALLS = '^(write|append|fsync|fsync-folder|rename|link|unlink|rm|truncate) ';

/** What an uninterrupted run does to the disk, call by call, and what it leaves. */
async function recorded(run: ChildRun, folder: string) {
  const output = join(folder, 'whole');
  const file = join(folder, 'recorded');
  await runWhole({ ...run, output, faults: { root: output, mode: 'record', file } });
  return { sites: linesOf(file), bytes: promisedBytes(output) };
}

// One split; `npm run test:faults` does it with three, and with kills of two workers.
describe('kill -9 at failpoints', { timeout: 600_000 }, () => {
  it('of a run with barriers, a rewrite and two sinks ends with the bytes of an uninterrupted one', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(18, 5), 1);
    const run = { recipe: 'barriers', input: join(folder, 'in/*.jsonl') };
    const { sites: all, bytes } = await recorded({ ...run, output: '' }, folder);
    const sites = all.filter((s) => new RegExp(CALLS).test(s));
    expect(sites.length).toBeGreaterThan(90);
    // One run, killed again and again, at failpoints of its recovery too.
    const output = join(folder, 'killed');
    const file = join(folder, 'sites');
    const faults: Faults = { root: output, mode: 'chain', file, share: [6, PARTS], only: CALLS };
    const kills = await chain({ ...run, output, faults });
    const killedAt = linesOf(file);
    expect(kills).toBe(killedAt.length);
    expect(kills).toBeGreaterThan(10);
    const calls = ['append', 'fsync', 'fsync-folder', 'rename', 'rm', 'write'];
    expect([...new Set(killedAt.map((s) => s.split(' ')[0]))]).toEqual(expect.arrayContaining(calls));
    expect(promisedBytes(output)).toEqual(bytes);
    expect(leftovers(output)).toEqual([]);
  });

  it('of the copy of standard input does too, and the copy is gone', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(12, 6), 1);
    const run = { recipe: 'plain', input: '-', output: join(folder, 'out'), stdin: join(folder, 'in/part-000.jsonl') };
    const { bytes } = await recorded(run, folder);
    const file = join(folder, 'sites');
    await chain({ ...run, faults: { root: run.output, mode: 'chain', file, only: 'stdin-copy', share: [1, 2] } });
    expect(linesOf(file).length).toBeGreaterThan(3);
    expect(promisedBytes(run.output)).toEqual(bytes);
    expect(leftovers(run.output)).toEqual([]);
  });

  it('of --fresh leaves a run that goes on, or an empty folder', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(12, 6), 1);
    const run = { recipe: 'plain', input: join(folder, 'in/*.jsonl'), output: join(folder, 'out') };
    await runHere(run);
    const bytes = promisedBytes(run.output);
    const file = join(folder, 'sites');
    const discarding: Faults = {
      root: run.output,
      mode: 'chain',
      file,
      only: '^(rm commits|unlink run|rename run.json .*start)',
    };
    let kills = 0;
    for (;;) {
      // What the kill left is a run that goes on without --fresh; then it is discarded again.
      const { killed } = await runChild({ ...run, recipe: 'plain-fresh', faults: discarding });
      await runHere(run);
      expect(promisedBytes(run.output)).toEqual(bytes);
      expect(leftovers(run.output)).toEqual([]);
      if (!killed) break;
      kills++;
    }
    expect(linesOf(file)).toContain('rm commits.jsonl after run.json');
    expect(linesOf(file)).toContain('unlink run.json after run.json');
    expect(kills).toBe(linesOf(file).length);
  });
});
