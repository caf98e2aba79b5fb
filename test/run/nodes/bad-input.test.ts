import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { join } from 'node:path';
import { lastValueFrom, tap, toArray } from 'rxjs';
import { annotate, dedup, drop, type Recipe, recipe, rule, textStatistics } from 'sluice';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { taskFolder } from '../../../src/ledger/fleet-commits.ts';
import { openAttempt } from '../../../src/run/nodes/attempt-store.ts';
import { claim } from '../../../src/run/nodes/attempts.ts';
import { finishNodes } from '../../../src/run/nodes/finish.ts';
import { type Fleet, openFleet, readNodesJson } from '../../../src/run/nodes/fleet.ts';
import { committedBy, undone, writeOutcome } from '../../../src/run/nodes/outcome.ts';
import { planNodes } from '../../../src/run/nodes/plan-nodes.ts';
import { runShard, type ShardOptions } from '../../../src/run/nodes/shard.ts';
import { openShared } from '../../../src/run/nodes/shared.ts';
import { emptyCounters } from '../../../src/streams/commits/counters.ts';
import { splitPhase } from '../../../src/streams/commits/phase.ts';
import { runCli } from '../../helpers/cli.ts';
import { madeDocuments, writeCorpus } from '../../helpers/corpus.ts';
import { promisedBytes, runToEnd, temporaryFolder } from '../../helpers/run.ts';
import { storeEnvironment } from '../../helpers/stores/environment.ts';
import { s3Server } from '../../helpers/stores/s3-server.ts';
import { storedFolder } from '../../helpers/stores/stored-folder.ts';

// What docs/many-nodes.md lists under "Bad input", beside nodes.test.ts and attempts.test.ts.
const STORED = 's3://bucket/runs/many';
const times = { beatMs: 1e6, patienceMs: 400 };

const made = recipe({
  name: 'bad',
  splitBytes: 8192,
  steps: [
    dedup.exact(),
    annotate(textStatistics(), { step: 'scores' }),
    drop('short', [rule('text_chars < 100', { name: 'chars' })]),
  ],
});

async function bench(place: 'folder' | 'store', documents = 40) {
  const folder = await temporaryFolder();
  const server = await s3Server();
  storeEnvironment(server.env);
  const input = join(folder, 'in/*.jsonl');
  await writeCorpus(join(folder, 'in'), madeDocuments(documents, 5), 2);
  const run = place === 'store' ? STORED : join(folder, 'many');
  const one = join(folder, 'one');
  await runToEnd(made, { input: [input], output: one, workers: 1, shardSize: 20_000 });
  const planned = (from = input, fresh = false) =>
    planNodes(made, {
      ...{ shards: 2, recipe: made.name, args: [], output: run },
      options: { input: [from], shardSize: 20_000, fresh },
    });
  const part = (options: Partial<ShardOptions> = {}, by: Recipe = made) =>
    runShard(by, run, { workers: 1 }, { index: 0, count: 1, wait: true, times, ...options });
  const finished = async (): Promise<void> => {
    await finishNodes(made, run, {}, times);
    const local = place === 'store' ? await storedFolder(server, 'bucket/runs/many/') : run;
    expect(promisedBytes(local)).toEqual(promisedBytes(one));
  };
  return { folder, server, input, run, planned, part, finished };
}

describe.each(['folder', 'store'] as const)(
  'bad input of a run on many nodes in a %s',
  { timeout: 180_000 },
  (place) => {
    afterEach(() => {
      vi.useRealTimers();
    });

    it('a shard of a plan that was replaced meanwhile ends by name, and changes nothing of the new one', async () => {
      const { folder, input, planned, part, finished } = await bench(place);
      await writeCorpus(join(folder, 'other'), madeDocuments(60, 9), 1);
      await planned(join(folder, 'other/*.jsonl'));
      // On a disk it may meet files that the old process makes while it deletes: then it is given again.
      let again: Promise<boolean> | null = null;
      const old = part().pipe(
        tap((e) => {
          if (e.type === 'split')
            again ??= planned(input, true).then(
              () => true,
              () => false,
            );
        }),
        toArray(),
      );
      await expect(lastValueFrom(old)).rejects.toThrow('which this process began with');
      if (!(await again)) await planned(input, true);
      await lastValueFrom(part());
      await finished();
    });

    it('a process of a plan that was replaced writes nowhere where one of the new plan does', async () => {
      const { input, run, planned, part, finished } = await bench(place);
      await planned();
      const [older, newer] = [await openShared(run), await openShared(run)];
      const old = await openFleet(older.shared);
      const task = (fleet: Fleet): string => taskFolder(fleet.shared, 'split-0', 0);
      const late = await claim(old.shared, task(old), 'shard 0', times);
      await planned(input, true);
      const fleet = await openFleet(newer.shared);
      const own = await claim(fleet.shared, task(fleet), 'shard 0', times);
      // It has the same shard, and the same number of attempt.
      expect([late.attempt, own.attempt]).toEqual([1, 1]);
      const directory = await openAttempt(old.shared, late.folder);
      // Its folder was deleted with its plan; that it makes it anew is the worst.
      await directory.makeFolders(['ledger']);
      const counters = { ...emptyCounters(), read: { documents: 7, bytes: 7, tokens: 0 } };
      const rest = { files: [], replaces: [], counters };
      await directory.commit({ phase: splitPhase(0), split: 0, ...rest });
      await directory.close({ failed: false });
      await writeOutcome(old.shared, 'split-0', 0, []);
      await late.end({ how: 'done', seconds: 1 });
      expect(await own.superseded()).toBe(false);
      expect(await committedBy(fleet.shared, 'split-0', 0)).toEqual(new Map());
      expect(await undone(fleet.shared, { name: 'split-0', tasks: 2 })).toEqual([0, 1]);
      await own.end({ how: 'stopped', seconds: 1 });
      for (const { close } of [older, newer]) await close();
      await lastValueFrom(part());
      await finished();
    });

    it('a run that was planned before plans had an id goes on', async () => {
      const { server, run, planned, part, finished } = await bench(place);
      await planned();
      const asBefore = (text: string): string => text.replace('"format": 2', '"format": 1').replace(/ *"id": .*\n/, '');
      if (place === 'folder') {
        const nodes = join(run, 'nodes.json');
        writeFileSync(nodes, asBefore(readFileSync(nodes, 'utf8')));
      } else {
        const opened = await openShared(run);
        await opened.shared.put('nodes.json', asBefore((await opened.shared.read('nodes.json'))!));
        await opened.close();
      }
      await lastValueFrom(part());
      const names =
        place === 'folder' ? readdirSync(join(run, 'tasks')) : [...server.objects.keys()].map((k) => k.split('/')[4]);
      expect(names).toContain('split-0');
      await finished();
    });

    it('clocks that are an hour wrong, one fast and one slow, change no byte', async () => {
      const { planned, part, finished } = await bench(place);
      const now = Date.now();
      vi.useFakeTimers({ toFake: ['Date'] });
      vi.setSystemTime(now + 3_600_000);
      await planned();
      for (const phase of ['split-0', 'decide-0', 'split-1'])
        for (const index of [0, 1]) {
          vi.setSystemTime(now + (index === 0 ? 3_600_000 : -3_600_000));
          await lastValueFrom(part({ index, count: 2, wait: false, phase }));
        }
      vi.setSystemTime(now);
      await finished();
    });

    it('a quota that is full ends the shard by name; with room the same command goes on', async () => {
      if (place === 'folder') return; // scripts/certify/nodes/full-disk.ts fills a real one.
      const { server, planned, part, finished } = await bench(place);
      await planned();
      let puts = 0;
      server.fault = ({ method, path }) =>
        method === 'PUT' && /\/(work|documents|ledger)\//.test(path) && ++puts > 3
          ? { status: 403, code: 'QuotaExceeded' }
          : null;
      await expect(lastValueFrom(part())).rejects.toThrow('QuotaExceeded');
      server.fault = () => null;
      await lastValueFrom(part());
      await finished();
    });

    it('an outcome of another plan that somebody copied in is refused by the finisher', async () => {
      if (place === 'store') return;
      const { folder, input, run, planned, part } = await bench(place);
      await planned();
      await lastValueFrom(part());
      // A shard of a plan with three shards holds other splits than one of two.
      const other = join(folder, 'other');
      await planNodes(made, {
        ...{ shards: 3, recipe: made.name, args: [], output: other },
        options: { input: [input], shardSize: 20_000 },
      });
      await lastValueFrom(runShard(made, other, { workers: 1 }, { index: 0, count: 1, wait: true, times }));
      const done = async (at: string): Promise<string> =>
        join(at, 'tasks', (await readNodesJson(at)).id!, 'split-1/done/00000.jsonl');
      await cp(await done(other), await done(run));
      await expect(finishNodes(made, run, {}, times)).rejects.toThrow(/splits of split-1|shard 0 of split-1/);
    });
  },
);

it('a store without conditional writes is refused before anything is planned, and doctor says why', async () => {
  const cwd = await temporaryFolder();
  const careless = await s3Server({ heed: false });
  storeEnvironment(careless.env);
  await writeCorpus(join(cwd, 'in'), madeDocuments(3, 1), 1);
  writeFileSync(
    join(cwd, 'r.ts'),
    `import { recipe } from 'sluice';\nexport default recipe({ name: 'r', steps: [] });\n`,
  );
  const plan = await runCli(['plan', 'r.ts', '--input', 'in', '--nodes', '2', '--output', STORED], { cwd });
  expect([plan.code, plan.stderr]).toEqual([2, expect.stringContaining('does not keep its promises (create only')]);
  expect([...careless.objects.keys()]).toEqual([]);
  const doctor = await runCli(['doctor', STORED], { cwd });
  expect([doctor.code, doctor.stdout]).toEqual([1, expect.stringContaining('If-None-Match is ignored')]);
});
