import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it, vi } from 'vitest';
import type { RunEvent } from '../../../src/run/events.ts';
import { LiveRun } from '../../../src/run/live/live-run.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const reads = vi.hoisted(() => ({ count: 0 }));
vi.mock('../../../src/ledger/live/records.ts', async (original) => {
  const records = await original<typeof import('../../../src/ledger/live/records.ts')>();
  return {
    ...records,
    recordsNow: (run: string) => {
      reads.count++;
      return records.recordsNow(run);
    },
  };
});

it('the records of a run that is resumed are read once, however late its splits came', async () => {
  const run = await temporaryFolder();
  const lines = Array.from({ length: 600 }, (_, i) => {
    // Many workers: out of order by more than is waited for; and every fifth split has two records.
    const split = i % 5 === 4 ? i - 4 : (i * 211) % 600;
    const windows = [{ from: `a#${split}`, to: 'a', documents: 10, quarantined: 0, dropped: {} }];
    return `${JSON.stringify({ record: 'split', t: i, phase: 0, split, times: [1, 1], windows })}\n`;
  });
  await writeFile(join(run, 'events.jsonl'), lines.join(''));
  await writeFile(join(run, 'run.json'), '{}');
  const live = new LiveRun();
  live.take({ type: 'planned', run } as RunEvent);
  expect(reads.count).toBe(1);
});
