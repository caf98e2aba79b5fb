import { join } from 'node:path';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { makeBarrier } from '../../src/operators/stages.ts';
import type { DocumentBatch } from '../../src/streams/batch/batch.ts';
import { type Barrier, type BarrierDecision, BarrierWriter } from '../../src/streams/flow/barrier.ts';
import type { Operator } from '../../src/streams/operator.ts';
import { batchOf, type TestDocument } from './batches.ts';
import { decidedInParts } from './in-parts.ts';
import { temporaryFolder } from './run.ts';

const kernel = loadKernel();

export interface BarrierRun {
  readonly memoryBytes?: number;
  /** Documents in a batch. Default 1,000. */
  readonly rows?: number;
  /** Default: that of the operator. */
  readonly barrier?: Barrier;
  /** Decides in so many parts. Default: over all. */
  readonly parts?: number;
}

/**
 * Both passes of a barrier over literal splits. @param batch makes a batch of documents, the first of which has the
 * number `sequence` in its split
 */
export async function decisionsOf<T = string | TestDocument>(
  operator: Operator,
  splits: readonly (readonly T[])[],
  { memoryBytes = 1e8, rows = 1000, barrier: own, parts }: BarrierRun = {},
  batch: (documents: readonly T[], place: { split: number; sequence: number }) => DocumentBatch = (documents, place) =>
    batchOf(documents as readonly (string | TestDocument)[], place),
): Promise<BarrierDecision[]> {
  const folder = await temporaryFolder();
  const barrier = own ?? (await makeBarrier(operator.descriptor, await kernel));
  const files = splits.map((_, split) => ({
    split,
    spill: join(folder, `d${split}`),
    keys: join(folder, `k${split}`),
  }));
  for (const [split, documents] of splits.entries()) {
    const writer = await BarrierWriter.open(barrier, files[split].spill, files[split].keys);
    for (let i = 0; i < documents.length; i += rows)
      await writer.write(batch(documents.slice(i, i + rows), { split, sequence: i }));
    await writer.finish();
  }
  if (parts !== undefined) return (await decidedInParts(barrier, files, parts, memoryBytes)).decisions;
  const out: BarrierDecision[] = [];
  for await (const d of barrier.decide(files, memoryBytes)) out.push(d);
  return out;
}

/**
 * What became of each document: its text without the cuts, or the name of the rule that dropped it in angle brackets.
 */
export function outcomes(
  operator: Operator,
  splits: readonly (readonly (string | TestDocument)[])[],
  decisions: readonly BarrierDecision[],
): string[] {
  return splits.flatMap((documents, s) =>
    documents.map((document, row) => {
      const { keep, rule, cuts } = decisions[s];
      if (keep[row] === 0) return `<${operator.descriptor.rules[rule?.[row] ?? 0].name}>`;
      const text = Buffer.from(typeof document === 'string' ? document : document.text);
      const parts: Buffer[] = [];
      let at = 0;
      for (let k = cuts!.offsets[row]; k < cuts!.offsets[row + 1]; k++) {
        parts.push(text.subarray(at, cuts!.start[k]));
        at = cuts!.end[k];
      }
      return Buffer.concat([...parts, text.subarray(at)]).toString('utf8');
    }),
  );
}
