import { describe, expect, it } from 'vitest';
import { s3Store } from '../../../src/files/stores/s3/s3-store.ts';
import { folderInStore, folderOnDisk, type SharedFolder } from '../../../src/files/stores/shared-folder.ts';
import { beatPath, claim, fatalSplits } from '../../../src/run/nodes/attempts.ts';
import { heartbeat } from '../../../src/run/nodes/heartbeat.ts';
import { aliveHere, processMark } from '../../../src/run/nodes/process-mark.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { s3Server } from '../../helpers/stores/s3-server.ts';

const times = { beatMs: 1e6, patienceMs: 40 };
const task = 'tasks/split-0/00000';

/** Both kinds of folders in which processes meet. */
const FOLDERS: readonly { readonly name: string; open(): Promise<SharedFolder> }[] = [
  { name: 'a folder', open: async () => folderOnDisk(await temporaryFolder()) },
  { name: 'a store', open: openStore },
];

async function openStore(): Promise<SharedFolder> {
  const { env } = await s3Server();
  return folderInStore(s3Store('bucket', { env, patience: { wait: async () => {} } }), 'run', await temporaryFolder());
}

const beat = (run: SharedFolder, attempt: number, beats: number, splits: readonly number[] = []) =>
  run.put(beatPath(task, attempt), JSON.stringify({ beats, splits }));

/** An attempt of a process on another machine. */
async function foreign(run: SharedFolder, attempt: number, splits: readonly number[] = [4, 9]): Promise<void> {
  const mark = { ...(await processMark()), boot: 'another', host: 'node-7', node: process.version };
  await run.put(`${task}/attempt-000${attempt}.json`, JSON.stringify(mark));
  await beat(run, attempt, 1, splits);
}

describe.each(FOLDERS)('claims in $name', ({ open }) => {
  it('are refused while an attempt lives on this machine, and given once it has ended', async () => {
    const run = await open();
    const first = await claim(run, task, 'shard 0', times);
    await expect(claim(run, task, 'shard 0', times)).rejects.toThrow(
      `one attempt of a task at a time, got attempt 1, which is alive`,
    );
    expect(await first.superseded()).toBe(false);
    await first.end({ how: 'stopped', seconds: 1 });
    const second = await claim(run, task, 'shard 0', times);
    expect([first.attempt, second.attempt]).toEqual([1, 2]);
    await second.end({ how: 'done', seconds: 1 });
    expect((await run.names(task)).sort()).toEqual([
      'attempt-0001',
      'attempt-0001.json',
      'attempt-0002',
      'attempt-0002.json',
    ]);
  });

  it('are given to one of several that ask at once', async () => {
    const run = await open();
    const asked = await Promise.allSettled([1, 2, 3, 4].map(() => claim(run, task, 'shard 0', times)));
    const given = asked.flatMap((a) => (a.status === 'fulfilled' ? [a.value] : []));
    expect(given.map((g) => g.attempt)).toEqual([1]);
    await given[0].end({ how: 'done', seconds: 1 });
  });

  it('are taken from a process of another machine whose heartbeat stands still', async () => {
    const run = await open();
    await foreign(run, 1);
    const watched: number[][] = [];
    const own = await claim(run, task, 'shard 0', times, (...what) => watched.push(what));
    expect(own.attempt).toBe(2);
    expect(watched).toEqual([[1, 1]]);
    await own.end({ how: 'done', seconds: 1 });
  });

  it('are refused while the heartbeat of another machine moves, whatever its clock says', async () => {
    const run = await open();
    await foreign(run, 1);
    let beating = true;
    const heart = (async () => {
      for (let beats = 2; beating; beats++) await beat(run, 1, beats);
    })();
    await expect(claim(run, task, 'shard 0', { ...times, patienceMs: 400 })).rejects.toThrow('node-7');
    beating = false;
    await heart;
  });

  it('say at which splits attempts have died', async () => {
    const run = await open();
    for (const attempt of [1, 2]) await foreign(run, attempt);
    await foreign(run, 3, [9]);
    expect(await fatalSplits(run, task)).toEqual(
      new Map([
        [4, 2],
        [9, 3],
      ]),
    );
  });

  it('end where a later attempt has taken the task', async () => {
    const run = await open();
    // Its heartbeat is that of another machine: nobody here knows that this process lives.
    const first = await claim(run, task, 'shard 0', { beatMs: 1e6, patienceMs: 40 });
    const mark = { ...(await processMark()), boot: 'another', host: 'node-7', node: process.version };
    await run.put(`${task}/attempt-0001.json`, JSON.stringify(mark));
    first.working([3]);
    await expect.poll(async () => JSON.parse((await run.read(beatPath(task, 1))) ?? '{}').splits).toEqual([3]);
    const second = await claim(run, task, 'shard 0', times);
    first.working([3, 4]);
    await expect.poll(() => first.superseded()).toBe(true);
    await first.end({ how: 'failed', seconds: 1 });
    expect(await fatalSplits(run, task).then((f) => f.get(3))).toBe(1);
    await second.end({ how: 'done', seconds: 1 });
  });
});

it('are given where the attempt that was watched has ended after a last beat', async () => {
  const run = await openStore();
  await foreign(run, 1);
  const own = await claim(run, task, 'shard 0', { ...times, patienceMs: 400 }, async () => {
    await beat(run, 1, 2);
    await run.put(`${task}/attempt-0001/end.json`, JSON.stringify({ how: 'done', seconds: 1 }));
  });
  expect(own.attempt).toBe(2);
  await own.end({ how: 'done', seconds: 1 });
});

it('a heartbeat in a store goes over one of its own whose answer never came, and over no seal', async () => {
  const run = await openStore();
  let lost = 0;
  const careless: SharedFolder = {
    ...run,
    async put(...what) {
      const result = await run.put(...what);
      if (lost-- > 0) throw new Error('no answer');
      return result;
    },
  };
  const beats = async (): Promise<number> => JSON.parse((await run.read('beat.json')) ?? '{"beats":0}').beats;
  const heart = heartbeat(careless, 'beat.json', 1e6);
  await expect.poll(beats).toBe(1);
  lost = 1;
  heart.working([1]);
  await expect.poll(beats).toBe(2);
  // This one finds that another stands there, and goes over it.
  for (const split of [2, 3]) {
    heart.working([split]);
    await expect.poll(async () => JSON.parse((await run.read('beat.json')) ?? '{}').splits).toEqual([split]);
  }
  expect(heart.stopped()).toBe(false);
  await run.put('beat.json', JSON.stringify({ beats: 9, splits: [], sealed: true }));
  heart.working([6]);
  await expect.poll(() => heart.stopped()).toBe(true);
  await heart.end();
  expect(await beats()).toBe(9);
});

it('claims know a process by its boot, its container and its start', async () => {
  const own = await processMark();
  const alive = own.boot === null ? null : true;
  expect(await aliveHere(own)).toBe(alive);
  expect(await aliveHere({ ...own, boot: 'another' })).toBeNull();
  expect(await aliveHere({ ...own, started: '1' })).toBe(alive === null ? null : false);
});
