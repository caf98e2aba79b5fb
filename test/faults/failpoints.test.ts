import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { madeDocuments, writeCorpus } from '../helpers/corpus.ts';
import { promisedBytes, temporaryFolder } from '../helpers/run.ts';
import { type ChildRun, chain, type Faults, leftovers, linesOf, runChild, runWhole } from './harness.ts';

const CHAINS = 2;
/** Not `create` and `mkdir`: what they leave is what the next call finds. `npm run test:faults` takes them too. */
const CALLS = '^(write|append|fsync|fsync-folder|rename|link|unlink|rm|truncate) ';

/** What an uninterrupted run does to the disk, call by call, and what it leaves. */
async function recorded(run: ChildRun, folder: string) {
  const output = join(folder, 'whole');
  const file = join(folder, 'recorded');
  await runWhole({ ...run, output, faults: { root: output, mode: 'record', file } });
  return { sites: linesOf(file), bytes: promisedBytes(output) };
}

// One split, so that all of it fits into a minute; `npm run test:faults` does it with three, and with kills of two
// workers.
describe('kill -9 at every failpoint', { timeout: 600_000 }, () => {
  it(
    'of a run with two barriers, a rewrite, two sinks and shards ends with the bytes of an uninterrupted ' + 'run',
    async () => {
      const folder = await temporaryFolder();
      await writeCorpus(join(folder, 'in'), madeDocuments(18, 5), 1);
      const run = { recipe: 'barriers', input: join(folder, 'in/*.jsonl') };
      const { sites: all, bytes } = await recorded({ ...run, output: '' }, folder);
      const sites = all.filter((s) => new RegExp(CALLS).test(s));
      expect(sites.length).toBeGreaterThan(90);
      // Two runs share the failpoints; each is killed at every one of its own, those of its recovery among them.
      const outputs = Array.from({ length: CHAINS }, (_, i) => join(folder, `killed-${i}`));
      const files = outputs.map((o) => `${o}.sites`);
      const faults = outputs.map(
        (root, i): Faults => ({ root, mode: 'chain', file: files[i], share: [i, CHAINS], only: CALLS }),
      );
      const kills = await Promise.all(outputs.map((output, i) => chain({ ...run, output, faults: faults[i] })));
      const killedAt = files.flatMap(linesOf);
      expect(kills[0] + kills[1]).toBe(killedAt.length);
      expect(killedAt.some((s) => s.startsWith('unlink ledger/'))).toBe(true);
      expect(killedAt.some((s) => s.startsWith('truncate commits.jsonl'))).toBe(true);
      // Those that a run which was killed before has no need of: one run each, killed there and nowhere else.
      const rest = sites.filter((s) => !killedAt.includes(s));
      for (const [i, site] of rest.entries()) {
        const output = join(folder, `once-${i}`);
        const end = await runChild({ ...run, output, faults: { root: output, mode: 'kill', site } });
        expect({ site, killed: end.killed }).toEqual({ site, killed: true });
        await runWhole({ ...run, output });
        outputs.push(output);
      }
      for (const output of outputs) {
        expect(promisedBytes(output)).toEqual(bytes);
        expect(leftovers(output)).toEqual([]);
      }
      console.log(
        `${killedAt.length + rest.length} kills: all ${sites.length} failpoints, and ` +
          `${killedAt.length + rest.length - sites.length} of recovery`,
      );
    },
  );

  it('of the copy of standard input does too, and the copy is gone', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(12, 6), 1);
    const run = { recipe: 'plain', input: '-', output: join(folder, 'out'), stdin: join(folder, 'in/part-000.jsonl') };
    const { sites, bytes } = await recorded(run, folder);
    const file = join(folder, 'sites');
    await chain({ ...run, faults: { root: run.output, mode: 'chain', file, only: 'stdin-copy' } });
    expect(sites.filter((s) => s.includes('stdin-copy') && !linesOf(file).includes(s))).toEqual([]);
    expect(linesOf(file).length).toBeGreaterThan(5);
    expect(promisedBytes(run.output)).toEqual(bytes);
    expect(leftovers(run.output)).toEqual([]);
  });

  it('of --fresh leaves a run that goes on, or an empty folder', async () => {
    const folder = await temporaryFolder();
    await writeCorpus(join(folder, 'in'), madeDocuments(12, 6), 1);
    const run = { recipe: 'plain', input: join(folder, 'in/*.jsonl'), output: join(folder, 'out') };
    await runWhole(run);
    const bytes = promisedBytes(run.output);
    const file = join(folder, 'sites');
    const discarding: Faults = {
      root: run.output,
      mode: 'chain',
      file,
      only: '^(rm (commits|documents)|unlink run|rename run.json .*start|fsync-folder . .*run.json)',
    };
    let kills = 0;
    for (;;) {
      // What the kill left is a run that goes on without --fresh; then it is discarded again.
      const { killed } = await runChild({ ...run, recipe: 'plain-fresh', faults: discarding });
      await runWhole(run);
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
