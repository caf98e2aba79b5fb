import { mkdir, readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { writeWhole } from '../../../src/files/whole.ts';
import { claim, fatalSplits } from '../../../src/run/nodes/attempts.ts';
import { aliveHere, processMark } from '../../../src/run/nodes/process-mark.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const times = { beatMs: 1e6, patienceMs: 40 };

/** An attempt of a process on another machine. */
async function foreign(task: string, attempt: number): Promise<string> {
  const folder = join(task, `attempt-000${attempt}`);
  await mkdir(folder, { recursive: true });
  const mark = { ...(await processMark()), boot: 'another', host: 'node-7', node: process.version };
  await writeFile(join(folder, 'claim.json'), JSON.stringify(mark));
  await writeFile(join(folder, 'beat.json'), JSON.stringify({ beats: 1, splits: [4, 9] }));
  return folder;
}

describe('claims', () => {
  it('are refused while an attempt lives on this machine, and given once it has ended', async () => {
    const task = join(await temporaryFolder(), 'task');
    const first = await claim(task, 'shard 0', times);
    await expect(claim(task, 'shard 0', times)).rejects.toThrow(
      `one attempt of a task at a time, got attempt 1, which is alive`,
    );
    expect(await first.superseded()).toBe(false);
    await first.end({ how: 'stopped', seconds: 1 });
    const second = await claim(task, 'shard 0', times);
    expect(second.attempt).toBe(2);
    expect(await first.superseded()).toBe(true);
    await second.end({ how: 'done', seconds: 1 });
    expect(await readdir(task)).toEqual(['attempt-0001', 'attempt-0002']);
  });

  it('are taken from a process of another machine whose heartbeat stands still', async () => {
    const task = join(await temporaryFolder(), 'task');
    await foreign(task, 1);
    const watched: number[][] = [];
    const own = await claim(task, 'shard 0', times, (...what) => watched.push(what));
    expect(own.attempt).toBe(2);
    expect(watched).toEqual([[1, 1]]);
    await own.end({ how: 'done', seconds: 1 });
  });

  it('are given at once where a process died before its claim was written', async () => {
    const task = join(await temporaryFolder(), 'task');
    await mkdir(join(task, 'attempt-0001'), { recursive: true });
    await writeFile(join(task, 'attempt-0001', 'claim.json.0123456789ab.tmp'), '');
    const watched: number[] = [];
    const own = await claim(task, 'shard 0', { ...times, patienceMs: 1e6 }, (attempt) => watched.push(attempt));
    expect([own.attempt, watched]).toEqual([2, []]);
    await own.end({ how: 'done', seconds: 1 });
    expect(await readdir(task)).toEqual(['attempt-0001', 'attempt-0002']);
  });

  it('are refused while the heartbeat of another machine moves, whatever its clock says', async () => {
    const task = join(await temporaryFolder(), 'task');
    const folder = await foreign(task, 1);
    let beating = true;
    const heart = (async () => {
      for (let beats = 2; beating; beats++)
        await writeWhole(join(folder, 'beat.json'), JSON.stringify({ beats, splits: [] }));
    })();
    await expect(claim(task, 'shard 0', { ...times, patienceMs: 60_000 })).rejects.toThrow('node-7');
    beating = false;
    await heart;
  });

  it('say at which splits attempts have died', async () => {
    const task = join(await temporaryFolder(), 'task');
    for (const attempt of [1, 2, 3]) await foreign(task, attempt);
    await writeFile(join(task, 'attempt-0003', 'beat.json'), JSON.stringify({ beats: 1, splits: [9] }));
    expect(await fatalSplits(task)).toEqual(
      new Map([
        [4, 2],
        [9, 3],
      ]),
    );
  });

  it('know a process by its boot, its container and its start', async () => {
    const own = await processMark();
    const alive = own.boot === null ? null : true;
    expect(await aliveHere(own)).toBe(alive);
    expect(await aliveHere({ ...own, boot: 'another' })).toBeNull();
    expect(await aliveHere({ ...own, started: '1' })).toBe(alive === null ? null : false);
  });
});
