import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Kernel, loadKernel } from '../../../src/kernels/kernel.ts';
import { exact } from '../../../src/operators/dedup/exact.ts';
import { barrier as exactBarrier } from '../../../src/operators/dedup/exact-stage.ts';
import { type BarrierDecision, BarrierWriter } from '../../../src/streams/flow/barrier.ts';
import { batchOf, type TestDocument } from '../../helpers/batches.ts';
import { temporaryFolder } from '../../helpers/run.ts';

interface Case {
  readonly splits: readonly (readonly TestDocument[])[];
  readonly options?: Parameters<typeof exact>[0];
  readonly ranks?: readonly (readonly (number | null)[])[];
  readonly kernel?: Kernel;
  readonly memoryBytes?: number;
}

/** Both passes over literal splits: one batch each. */
async function decisions({ splits, options, ranks, kernel, memoryBytes = 1e8 }: Case): Promise<BarrierDecision[]> {
  const folder = await temporaryFolder();
  const barrier = exactBarrier(exact(options).descriptor, kernel ?? (await loadKernel()));
  const files = splits.map((_, split) => ({
    split,
    spill: join(folder, `d${split}`),
    keys: join(folder, `k${split}`),
  }));
  for (const [split, documents] of splits.entries()) {
    const writer = await BarrierWriter.open(barrier, files[split].spill, files[split].keys);
    // The sequence makes the offsets, and so the labels, differ between splits.
    await writer.write(
      batchOf(documents, { split, sequence: split, annotations: ranks ? { rank: ranks[split] } : {} }),
    );
    await writer.finish();
  }
  const out: BarrierDecision[] = [];
  for await (const d of barrier.decide(files, memoryBytes)) out.push(d);
  return out;
}

const keep = (all: readonly BarrierDecision[]): number[][] => all.map((d) => [...d.keep]);
const texts = (...list: string[]): TestDocument[] => list.map((text) => ({ text }));

describe('dedup.exact()', () => {
  it('keeps the first in input order, over splits, and names it', async () => {
    const all = await decisions({ splits: [texts('a', 'b', 'a'), texts('c', 'b'), texts('a', '')] });
    expect(keep(all)).toEqual([
      [1, 1, 0],
      [1, 0],
      [0, 1],
    ]);
    expect(all.map((d) => d.duplicateOf)).toEqual([
      [null, null, 'test.jsonl#0.0'],
      [null, 'test.jsonl#0.100'],
      ['test.jsonl#0.0', null],
    ]);
    expect(all[0].similarity[2]).toBe(1);
  });

  it('keeps the highest priority; the first among equals; a missing one is the lowest', async () => {
    const all = await decisions({
      splits: [texts('a', 'a', 'b'), texts('a', 'b', 'c')],
      options: { priority: 'rank' },
      ranks: [
        [1, 5, null],
        [5, 0, 1],
      ],
    });
    expect(keep(all)).toEqual([
      [0, 1, 0],
      [0, 1, 1],
    ]);
    expect(all[1].duplicateOf[0]).toBe('test.jsonl#0.100');
  });

  it('never trusts a hash: equal hashes of different texts drop nothing', async () => {
    const kernel = await loadKernel();
    const colliding: Kernel = {
      ...kernel,
      contentHashes: (_values, _offsets, rows) => new BigUint64Array(2 * rows).fill(7n),
    };
    const all = await decisions({ splits: [texts('aa', 'bb', 'aa'), texts('bb', 'cc', 'ccc')], kernel: colliding });
    expect(keep(all)).toEqual([
      [1, 1, 0],
      [0, 1, 1],
    ]);
  });

  it('decides the same in one partition and in many', async () => {
    const many = Array.from({ length: 4 }, (_, s) =>
      texts(...Array.from({ length: 300 }, (_, i) => `text ${(i * 7 + s * 31) % 400}`)),
    );
    const one = await decisions({ splits: many });
    expect(
      keep(one)
        .flat()
        .reduce((a, b) => a + b, 0),
    ).toBe(400);
    expect(await decisions({ splits: many, memoryBytes: 4096 })).toEqual(one);
  });

  it('leaves domains out of its scope alone', async () => {
    const documents = [
      { text: 'x', domain: 'code' },
      { text: 'x', domain: 'web' },
      { text: 'x', domain: 'web' },
    ];
    expect(keep(await decisions({ splits: [documents], options: { where: { domain: ['web'] } } }))).toEqual([
      [1, 1, 0],
    ]);
  });
});
