import type { Kernel } from '../kernels/kernel.ts';
import type { PartsOfBatch } from '../kernels/parts.ts';
import type { DocumentBatch } from '../streams/batch/batch.ts';
import type { Utf8Column } from '../streams/batch/columns.ts';

interface Found {
  readonly scope: Uint8Array;
  readonly parts: PartsOfBatch;
}

/** By column of text: steps after the one that found the parts of a batch look at the same text. */
const found = new WeakMap<Utf8Column, Found>();

/** Parts of the rows in scope at least; found once a text, however many steps ask. */
export function partsOf(kernel: Kernel, batch: DocumentBatch, scope: Uint8Array): PartsOfBatch {
  const text = batch.utf8('text');
  const before = found.get(text);
  if (before && scope.every((own, i) => own <= before.scope[i])) return before.parts;
  const parts = kernel.parts(text.values, text.offsets, batch.rows, scope);
  found.set(text, { scope: scope.slice(), parts });
  return parts;
}

/** The prose of the rows in scope, in Arrow's layout. */
export function proseOf(
  kernel: Kernel,
  batch: DocumentBatch,
  scope: Uint8Array,
): Pick<Utf8Column, 'values' | 'offsets'> {
  const { prose, proseOffsets } = partsOf(kernel, batch, scope);
  return { values: prose, offsets: proseOffsets };
}
