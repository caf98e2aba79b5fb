import { loadKernel } from '../../src/kernels/kernel.ts';
import { loadZstdModule } from '../../src/streams/codecs/zstd-module.ts';
import { openDedupChecks } from '../certify/dedup-checks.ts';
import { type FuzzCount, type FuzzParts, fuzzBatch } from './check.ts';
import { fuzzTable } from './tables.ts';

interface FuzzTask {
  readonly seed: number;
  readonly from: number;
  readonly to: number;
  /** Damaged Parquet and Arrow files instead of lines. */
  readonly tables: boolean;
}

const parts: Promise<FuzzParts> = Promise.all([loadKernel(), loadZstdModule(), openDedupChecks()]).then(
  ([kernel, zstd, dedup]) => ({ kernel, zstd, dedup }),
);

/** Batches `from` to `to`; what throws is a difference, so that the run goes on and all of them are seen. */
export default async function fuzz({ seed, from, to, tables }: FuzzTask): Promise<FuzzCount> {
  const sum: FuzzCount = { records: 0, documents: 0, quarantined: 0, bytes: 0, differences: [] };
  for (let number = from; number < to; number++) {
    try {
      const one = await (tables ? fuzzTable : fuzzBatch)(await parts, seed, number);
      sum.records += one.records;
      sum.documents += one.documents;
      sum.quarantined += one.quarantined;
      sum.bytes += one.bytes;
      sum.differences.push(...one.differences);
    } catch (error) {
      sum.differences.push(`${tables ? '--tables ' : ''}--seed ${seed} --batch ${number}: ${(error as Error).stack}`);
    }
  }
  return sum;
}
