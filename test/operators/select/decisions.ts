import { join } from 'node:path';
import { loadKernel } from '../../../src/kernels/kernel.ts';
import { makeBarrier } from '../../../src/operators/index.ts';
import { type BarrierDecision, BarrierWriter } from '../../../src/streams/barrier.ts';
import type { Operator } from '../../../src/streams/operator.ts';
import { batchOf } from '../../helpers/batches.ts';
import { temporaryFolder } from '../../helpers/run.ts';

export interface ValuedDocument {
  readonly ppl: number | null;
  readonly domain?: string;
}

const kernel = loadKernel();

/** Both passes of a barrier over literal splits of documents with a column `ppl`, in batches of `batchRows`. */
export async function decisionsOf(
  operator: Operator,
  splits: readonly (readonly ValuedDocument[])[],
  { memoryBytes = 1e8, batchRows = 1000 } = {},
): Promise<BarrierDecision[]> {
  const folder = await temporaryFolder();
  const barrier = await makeBarrier(operator.descriptor, await kernel);
  const files = splits.map((_, split) => ({
    split,
    spill: join(folder, `d${split}`),
    keys: join(folder, `k${split}`),
  }));
  for (const [split, documents] of splits.entries()) {
    const writer = await BarrierWriter.open(barrier, files[split].spill, files[split].keys);
    for (let at = 0, sequence = 0; at < documents.length; at += batchRows, sequence++) {
      const part = documents.slice(at, at + batchRows);
      const rows = part.map(({ domain }, i) => ({ text: `${split} ${at + i}`, domain }));
      await writer.write(batchOf(rows, { split, sequence, annotations: { ppl: part.map((d) => d.ppl) } }));
    }
    await writer.finish();
  }
  const out: BarrierDecision[] = [];
  for await (const d of barrier.decide(files, memoryBytes)) out.push(d);
  return out;
}
