import * as z from 'zod';
import type { Kernel } from '../../kernels/kernel.ts';
import { type Column, numberAt, utf8Column } from '../../streams/batch/columns.ts';
import { positionLabel } from '../../streams/batch/position.ts';
import type { Barrier } from '../../streams/flow/barrier.ts';
import { type Operator, rowsInScope, type Scope, type StepDescriptor } from '../../streams/operator.ts';
import { copyRule, dedupStep, withIndexes } from './dedup-step.ts';
import { decideExact, OUT_OF_SCOPE } from './exact-decide.ts';
import type { IndexReference } from './tables/index-files.ts';
import { againstEarlier, TEXT_HASHES } from './tables/index-hashes.ts';

export const exactOptions = z.strictObject({
  /**
   * Number column that decides who survives: the highest; equal or absent: first in input order. Default: input order.
   */
  priority: z.string().nullable().default(null),
  /** Leaves the hashes of all texts in the run directory, `indexes/<step>.hashes`. */
  saveIndex: z.boolean().default(false),
  /** Run directories or index files of earlier runs: what stands there has been seen, whatever its priority. */
  against: z.array(z.string().min(1)).default([]),
});

/**
 * Exact deduplication of whole texts, as a barrier: 128-bit content hash, and the bytes compared on every hash hit, so
 * that no collision ever drops a document. The first in input order survives, or the one with the highest `priority`.
 * `saveIndex` and `against` make a chain of runs keep what one run would; of an earlier run only hashes are left, so
 * they decide alone there. Drops: rule `exact_duplicate`, with the survivor's position in `duplicate_of`. Memory: about
 * 100 bytes a document at once, in partitions that fit the budget; disk: the text once under `work/`.
 */
export function exact({
  step = 'exact_dedup',
  where,
  ...rest
}: z.input<typeof exactOptions> & { step?: string; where?: Scope } = {}): Operator {
  const options = exactOptions.parse(rest);
  return dedupStep(
    options,
    {
      step,
      module: 'sluice:dedup-exact',
      export: 'exactBarrier',
      versions: ['exact_duplicate@1'],
      options: withIndexes(options, TEXT_HASHES, step),
      where,
      reads: options.priority ? [options.priority] : [],
      rules: [copyRule('exact_duplicate')],
    },
    exact,
  );
}

interface ExactDescriptorOptions {
  readonly saveIndex: boolean;
  readonly indexes: readonly IndexReference[];
}

/** The barrier behind `dedup.exact()`. */
export function exactBarrier(descriptor: StepDescriptor, kernel: Kernel): Barrier {
  const priority = descriptor.options.priority as string | null;
  return {
    keys(batch, spans) {
      const scope = rowsInScope(batch, descriptor.where);
      const text = batch.utf8('text');
      const hashes = kernel.contentHashes(text.values, text.offsets, batch.rows, scope);
      const lo = new BigInt64Array(batch.rows);
      const hi = new BigInt64Array(batch.rows);
      const bytes = new Int32Array(batch.rows);
      const rank = new Float64Array(batch.rows);
      const labels: string[] = [];
      for (let i = 0; i < batch.rows; i++) {
        lo[i] = BigInt.asIntN(64, hashes[2 * i]);
        hi[i] = BigInt.asIntN(64, hashes[2 * i + 1]);
        bytes[i] = scope[i] === 1 ? spans.bytes[i] : OUT_OF_SCOPE;
        rank[i] = priority ? (numberAt(batch.number(priority), i) ?? Number.NEGATIVE_INFINITY) : 0;
        labels.push(positionLabel(batch, i));
      }
      return new Map<string, Column>([
        ['lo', { type: 'int64', values: lo, valid: null }],
        ['hi', { type: 'int64', values: hi, valid: null }],
        ['start', { type: 'float64', values: spans.start, valid: null }],
        ['bytes', { type: 'int32', values: bytes, valid: null }],
        ['rank', { type: 'float64', values: rank, valid: null }],
        ['label', utf8Column(labels)],
      ]);
    },
    decide(splits, memoryBytes, outputs) {
      const { saveIndex, indexes } = descriptor.options as unknown as ExactDescriptorOptions;
      const decisions = decideExact(splits, memoryBytes);
      if (!saveIndex && indexes.length === 0) return decisions;
      return againstEarlier(decisions, splits, indexes, saveIndex ? `${descriptor.step}.hashes` : null, outputs);
    },
  };
}
