import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { LargestCluster } from '../../src/run/clusters.ts';
import {
  type BarrierDecision,
  type BarrierSplit,
  BarrierWriter,
  readDecision,
  writeDecision,
} from '../../src/streams/flow/barrier.ts';
import { batchOf } from '../helpers/batches.ts';
import { generator } from '../helpers/corpus.ts';

const SPLITS = 3;
const ROWS = 2000;

/** Every 9th document is a copy of `big`, the others copies of many survivors, or none. */
function copies(split: number): (string | null)[] {
  const random = generator(split + 1);
  return Array.from({ length: ROWS }, (_, i) => {
    if (i % 9 === 4) return 'big#0.0';
    return random() < 0.5 ? null : `small#0.${Math.floor(random() * 3000)}`;
  });
}

describe('LargestCluster', () => {
  it('finds the survivor with the most copies among thousands, counts exactly and shows the first three', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-clusters-'));
    try {
      const found = new LargestCluster();
      const splits: BarrierSplit[] = [];
      for (let split = 0; split < SPLITS; split++) {
        const [spill, keys] = [join(folder, `spill-${split}`), join(folder, `keys-${split}`)];
        const writer = await BarrierWriter.open({ keys: () => new Map(), decide: async function* () {} }, spill, keys);
        for (let from = 0; from < ROWS; from += 500)
          await writer.write(
            batchOf(
              Array.from({ length: 500 }, (_, i) => ({
                id: `${split}-${from + i}`,
                text: `text ${from + i}`,
                domain: 'web',
              })),
            ),
          );
        await writer.finish();
        const duplicateOf = copies(split);
        const keep = Uint8Array.from(duplicateOf, (d) => (d === null ? 1 : 0));
        const decision: BarrierDecision = { split, keep, duplicateOf, similarity: new Float64Array(ROWS).fill(0.75) };
        await writeDecision(join(folder, `decision-${split}`), decision);
        found.add(duplicateOf);
        splits.push({ split, spill, keys });
      }
      const read = async (i: number) => {
        const { split } = splits[i];
        return { decision: await readDecision(join(folder, `decision-${split}`), split), rows: null };
      };
      expect(await found.largest(splits, read)).toEqual({
        survivor: 'big#0.0',
        documents: 1 + SPLITS * Math.ceil((ROWS - 4) / 9),
        examples: [4, 13, 22].map((i) => ({ id: `0-${i}`, domain: 'web', value: 0.75, excerpt: `text ${i}` })),
      });
      // No other has a 256th of all copies; the texts are not asked for.
      const bare = splits.map((s) => ({ ...s, spill: 'not there' }));
      expect(await found.found(bare, read)).toEqual({
        sizes: [{ survivor: 'big#0.0', documents: 1 + SPLITS * Math.ceil((ROWS - 4) / 9) }],
        copies: [4, 13, 22].map((row) => ({ split: 0, row, similarity: 0.75 })),
      });
      expect(await new LargestCluster().largest(splits, read)).toBeNull();
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
