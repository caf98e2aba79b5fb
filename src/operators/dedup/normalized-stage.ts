import { openMinhashKernel } from '../../kernels/minhash.ts';
import type { Barrier } from '../../streams/flow/barrier.ts';
import { rowsInScope, type StepDescriptor } from '../../streams/operator.ts';
import { decideNear } from './minhash/minhash-decide.ts';
import { sideColumns } from './minhash/minhash-stage.ts';
import { shingleSet } from './minhash/shingle-sets.ts';
import { ranksOf } from './priority.ts';
import { partsByHash } from './tables/hash-columns.ts';

interface NormalizedOptions {
  readonly priority: string | null;
  readonly prefer: 'highest' | 'lowest';
  readonly code: readonly string[];
}

/** The barrier behind `dedup.normalized()`. */
export async function barrier(descriptor: StepDescriptor): Promise<Barrier> {
  const priority = descriptor.options as unknown as NormalizedOptions;
  // One value a signature: the cheapest that there is, and not looked at.
  const kernel = await openMinhashKernel({ unit: 'words', size: 1, bands: 1, rows: 1, method: 'oph', seed: 0 });
  const empty = kernel.keys(new Uint8Array(0), new Int32Array(2), 1, null).normalized;
  return {
    // Equal by 128 bits of the normalised text; with no band there is nothing to compare.
    textless: true,
    keys(batch, spans) {
      const text = batch.utf8('text');
      const scope = rowsInScope(batch, descriptor.where);
      const code = rowsInScope(batch, { domain: priority.code });
      const made = kernel.keys(text.values, text.offsets, batch.rows, scope, false, code);
      const ranks = ranksOf(batch, { column: priority.priority, prefer: priority.prefer });
      return new Map(sideColumns(batch, spans, made, empty, ranks));
    },
    parts: (columns) => partsByHash(columns, 'norm_lo'),
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
