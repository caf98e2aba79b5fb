import { loadXxhash } from '../hash.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import { type GroupHashes, groupHasher } from '../streams/inputs/groups.ts';

/** Which side of the split a document falls on. */
export type Side = 'train' | 'heldOut' | 'rest';

export interface GroupSplit {
  hashes(batch: DocumentBatch, row: number): GroupHashes;
  /** By the group alone, so that a group is never torn. */
  side(group: bigint): Side;
}

/**
 * Splits documents by group with a seeded hash: training takes the lowest hashes, held-out the highest; the same
 * documents whatever the order of the input.
 */
export async function groupSplit(
  groupBy: string,
  shares: { readonly train: number; readonly heldOut: number },
  seed: number,
): Promise<GroupSplit> {
  const { h64 } = await loadXxhash();
  return {
    hashes: await groupHasher(groupBy),
    side(group) {
      const place = Number(h64(`${seed} ${group.toString(16)}`) >> 11n) / 2 ** 53;
      if (place < shares.train) return 'train';
      return place >= 1 - shares.heldOut ? 'heldOut' : 'rest';
    },
  };
}
