import * as z from 'zod';
import { openMinhashKernel } from '../../kernels/minhash.ts';
import { parseOptions } from '../../options.ts';
import type { Barrier } from '../../streams/flow/barrier.ts';
import { type Operator, rowsInScope, type Scope, type StepDescriptor } from '../../streams/operator.ts';
import { dedupStep } from './dedup-step.ts';
import { normalizedRule, sideColumns } from './minhash/minhash.ts';
import { decideNear } from './minhash/minhash-decide.ts';
import { shingleSet } from './minhash/shingle-sets.ts';
import { columnsOf, ranksOf } from './priority.ts';

export const normalizedOptions = z.strictObject({
  /**
   * Column that decides who survives, a number or an ISO date, also `metadata.<field>`; null: the first in input order.
   */
  priority: z.string().nullable().default(null),
  prefer: z.enum(['highest', 'lowest']).default('highest'),
});

/**
 * Exact deduplication of normalised texts, as a barrier: texts with the same letters and numbers in the same order are
 * copies, whatever their case, accents, punctuation and white space. By a 128-bit hash. Texts without a letter or
 * number are left alone. Drops: rule `exact_normalized_duplicate`, similarity 1, with the survivor in `duplicate_of`.
 * Memory: about 16 bytes a document.
 */
export function normalized({
  step = 'normalized_dedup',
  where,
  ...rest
}: z.input<typeof normalizedOptions> & { step?: string; where?: Scope } = {}): Operator {
  const options = parseOptions(normalizedOptions, rest, 'dedup.normalized()');
  return dedupStep(
    options,
    {
      step,
      module: 'sluice:dedup-normalized',
      export: 'normalizedBarrier',
      versions: ['exact_normalized_duplicate@1'],
      where,
      reads: columnsOf({ column: options.priority, prefer: options.prefer }),
      rules: [normalizedRule],
    },
    normalized,
  );
}

/** The barrier behind `dedup.normalized()`. */
export async function normalizedBarrier(descriptor: StepDescriptor): Promise<Barrier> {
  const priority = descriptor.options as unknown as z.output<typeof normalizedOptions>;
  // One value a signature: the cheapest that there is, and not looked at.
  const kernel = await openMinhashKernel({ unit: 'words', size: 1, bands: 1, rows: 1, method: 'oph', seed: 0 });
  const empty = kernel.keys(new Uint8Array(0), new Int32Array(2), 1, null).normalized;
  return {
    keys(batch, spans) {
      const text = batch.utf8('text');
      const made = kernel.keys(text.values, text.offsets, batch.rows, rowsInScope(batch, descriptor.where));
      const ranks = ranksOf(batch, { column: priority.priority, prefer: priority.prefer });
      return new Map(sideColumns(batch, spans, made, empty, ranks));
    },
    async *decide(splits, memoryBytes) {
      const options = {
        bands: 0,
        threshold: 1,
        ranked: priority.priority !== null,
        shingles: (bytes: Uint8Array) => shingleSet(kernel.shingles(bytes)),
      };
      for await (const { rule: _, ...decision } of decideNear(splits, memoryBytes, options)) yield decision;
    },
  };
}
