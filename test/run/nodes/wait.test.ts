import { join } from 'node:path';
import { lastValueFrom } from 'rxjs';
import { dedup, recipe } from 'sluice';
import { expect, it, vi } from 'vitest';
import { finishNodes } from '../../../src/run/nodes/finish.ts';
import { planNodes } from '../../../src/run/nodes/plan-nodes.ts';
import { runShard } from '../../../src/run/nodes/shard.ts';
import type * as wait from '../../../src/run/nodes/wait.ts';
import { madeDocuments, writeCorpus } from '../../helpers/corpus.ts';
import { temporaryFolder } from '../../helpers/run.ts';

/** What happens before the first look at what the others have done. */
const first: { happens: (() => Promise<unknown>) | null } = { happens: null };

vi.mock('../../../src/run/nodes/wait.ts', async (original) => {
  const real = (await original()) as typeof wait;
  const untilDone: typeof wait.untilDone = async (...asked) => {
    const { happens } = first;
    first.happens = null;
    await happens?.();
    return real.untilDone(...asked);
  };
  return { untilDone };
});

it('a process that waits ends where the run was finished between two looks', { timeout: 60_000 }, async () => {
  const folder = await temporaryFolder();
  await writeCorpus(join(folder, 'in'), madeDocuments(40, 5), 2);
  const many = join(folder, 'many');
  const made = recipe({ name: 'waited', splitBytes: 8192, steps: [dedup.exact()] });
  const input = [join(folder, 'in/*.jsonl')];
  await planNodes(made, { shards: 2, recipe: made.name, args: [], output: many, options: { input } });
  const part = (index: number, count: number) =>
    lastValueFrom(
      runShard(made, many, { workers: 1 }, { index, count, wait: true, times: { beatMs: 1e6, patienceMs: 40 } }),
    );
  // What says that a shard is done is deleted with the rest.
  first.happens = async () => {
    await part(0, 1);
    await finishNodes(made, many, {});
  };
  expect(await part(1, 2)).toEqual({ type: 'done', run: many });
  expect(first.happens).toBeNull();
});
