import type { DocumentBatch } from '../streams/batch.ts';
import { stringAt } from '../streams/columns.ts';
import { loadXxhash } from '../streams/hash.ts';

/** Which side of the split a document falls on. */
export type Side = 'train' | 'heldOut' | 'rest';

export interface GroupSplit {
  /** Hash of the group of a document, and of its text: what `trained-on.bin` holds of those that were trained on. */
  hashes(batch: DocumentBatch, row: number): { readonly group: bigint; readonly text: bigint };
  /** By the group alone, so that a group is never torn. */
  side(group: bigint): Side;
}

/**
 * Splits documents by group with a seeded hash: training takes the lowest hashes, held-out the highest; the same documents whatever the
 * order of the input.
 */
export async function groupSplit(
  groupBy: string,
  shares: { readonly train: number; readonly heldOut: number },
  seed: number,
): Promise<GroupSplit> {
  const { h64, h64Raw } = await loadXxhash();
  const path = groupBy === 'text' ? null : groupBy.split('.').slice(1);
  return {
    hashes(batch, row) {
      const { values, offsets } = batch.utf8('text');
      const text = h64Raw(values.subarray(offsets[row], offsets[row + 1]));
      const name = path === null ? null : fieldOf(stringAt(batch.utf8('metadata'), row) ?? '{}', path);
      return { text, group: name === null ? text : h64(`group ${name}`) };
    },
    side(group) {
      const place = Number(h64(`${seed} ${group.toString(16)}`) >> 11n) / 2 ** 53;
      if (place < shares.train) return 'train';
      return place >= 1 - shares.heldOut ? 'heldOut' : 'rest';
    },
  };
}

/** A string or number inside raw JSON, or null. */
function fieldOf(json: string, path: readonly string[]): string | null {
  let value: unknown = JSON.parse(json);
  for (const name of path) {
    if (typeof value !== 'object' || value === null || !Object.hasOwn(value, name)) return null;
    value = (value as Record<string, unknown>)[name];
  }
  return typeof value === 'string' || typeof value === 'number' ? String(value) : null;
}
