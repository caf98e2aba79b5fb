import { join } from 'node:path';
import { atOnce } from '../../files/stores/at-once.ts';
import type { SharedFile } from '../../files/stores/shared-folder.ts';
import { loadKernel } from '../../kernels/kernel.ts';
import { makeBarrier } from '../../operators/stages.ts';
import { splitPhase } from '../../streams/commits/phase.ts';
import type { BarrierSplit } from '../../streams/flow/barrier.ts';
import { partReadsTexts } from '../../streams/flow/parted.ts';
import { barrierPaths } from '../directory/layout.ts';
import type { DecidePartTask } from '../split/tasks.ts';
import { FETCHED_AT_ONCE, fetchedFolder, partOfKeys, piecesOf } from './fetched.ts';
import { readOutcome } from './outcome.ts';
import { remembered } from './remembered.ts';
import type { FleetWork } from './work.ts';

/** What the shards have left of a split. */
interface LeftOfSplit {
  readonly spill: SharedFile;
  /** Its side columns; in parts where the barrier decides so. */
  readonly keys: SharedFile;
}

/** What all shards have left. */
interface Left {
  /** By the number of the split. */
  readonly splits: ReadonlyMap<number, LeftOfSplit>;
  /** That came to the barrier. */
  readonly documents: number;
}

export const leftOf = ({ fleet, phase, shards }: FleetWork, parted: boolean): Promise<Left> =>
  remembered(fleet, `left ${phase.number}`, async () => {
    const before = splitPhase(phase.number);
    const found = new Map<number, LeftOfSplit>();
    let documents = 0;
    for (const [shard, splits] of shards.entries()) {
      const outcome = await readOutcome(fleet.shared, `split-${phase.number}`, shard);
      for (const { index } of splits) {
        const names = barrierPaths(phase.barrier!.step, index);
        const { files, counted } = outcome.get(before, index)!;
        documents += counted!.passed.documents;
        const file = (name: string): SharedFile => {
          const { path, bytes } = files.find((f) => f.path.endsWith(name))!;
          return { path, bytes };
        };
        found.set(index, { spill: file(names.spill), keys: file(parted ? `${names.keys}-parts` : names.keys) });
      }
    }
    return { splits: found, documents };
  });

/** What a task needs of the spilled documents, when they lie in a store. */
async function textsFor({ fleet, phase }: FleetWork, parted: boolean): Promise<'none' | 'some' | 'all'> {
  if (fleet.shared.stored === null) return 'none';
  const barrier = await makeBarrier(phase.barrier!, await loadKernel());
  if (parted ? !partReadsTexts(barrier, phase.round) : barrier.textless) return 'none';
  // Over all, spans are settled too.
  return barrier.textsRead && (parted || !barrier.scattered) ? 'some' : 'all';
}

/**
 * What the shards have left for the barrier, in the order of the input; from a store the side columns are fetched, and
 * the documents where all may be read.
 */
export async function splitsOf(work: FleetWork, parted: boolean): Promise<BarrierSplit[]> {
  const { fleet, task } = work;
  const { shared } = fleet;
  const left = await leftOf(work, parted);
  const folder = fetchedFolder(work);
  const all = (await textsFor(work, parted)) === 'all';
  return atOnce(fleet.plan.splits, FETCHED_AT_ONCE, async ({ index }): Promise<BarrierSplit> => {
    const { spill, keys } = left.splits.get(index)!;
    await shared.fetch([...(all ? [spill] : []), ...(parted ? [] : [keys])]);
    const own = parted ? await partOfKeys(shared, keys, task, `${folder}/keys-${index}`) : join(shared.path, keys.path);
    return { split: index, spill: join(shared.path, spill.path), keys: own };
  });
}

/**
 * The splits of a decision with the documents that it reads: where it can tell which, these bytes are fetched into
 * files that have holes for the others.
 */
export async function withTexts(
  work: FleetWork,
  parted: boolean,
  decision: DecidePartTask,
): Promise<readonly BarrierSplit[]> {
  const { splits } = decision;
  if (splits.length === 0 || (await textsFor(work, parted)) !== 'some') return splits;
  const { texts } = await work.pool.task({ ...decision, onlyTexts: true });
  const left = await leftOf(work, parted);
  return atOnce([...splits.entries()], FETCHED_AT_ONCE, async ([at, split]) => {
    const { path, bytes } = left.splits.get(split.split)!.spill;
    const name = `${fetchedFolder(work)}/text-${split.split}`;
    return { ...split, spill: await work.fleet.shared.part(path, piecesOf(texts![at], bytes), name) };
  });
}
