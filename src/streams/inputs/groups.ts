import { loadXxhash } from '../../hash.ts';
import type { DocumentBatch } from '../batch/batch.ts';
import { stringAt, type Utf8Column } from '../batch/columns.ts';

/** Hashes (xxh64) of the group that a document belongs to, of its text as it is, and of its text as it was read. */
export interface GroupHashes {
  readonly group: bigint;
  readonly text: bigint;
  readonly original: bigint;
}

/**
 * What must not stand on both sides of a split: a field of the metadata (`metadata.group`: the book or site a document
 * is cut from), or `text`. A document without the field is a group of its own, by its text as it was read: what a
 * rewrite left of it does not make it another.
 */
export async function groupHasher(groupBy: string): Promise<(batch: DocumentBatch, row: number) => GroupHashes> {
  const { h64, h64Raw } = await loadXxhash();
  const path = groupBy === 'text' ? null : groupBy.split('.').slice(1);
  return (batch, row) => {
    const hashIn = ({ values, offsets }: Utf8Column): bigint => h64Raw(values.subarray(offsets[row], offsets[row + 1]));
    const text = hashIn(batch.utf8('text'));
    const original = batch.originalText ? hashIn(batch.originalText) : text;
    const name = path === null ? null : fieldOf(stringAt(batch.utf8('metadata'), row) ?? '{}', path);
    return { text, original, group: name === null ? original : h64(`group ${name}`) };
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
