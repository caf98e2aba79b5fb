import { describe, expect, it, vi } from 'vitest';
import { minhash } from '../../../../src/operators/dedup/index.ts';
import { SpilledComponents } from '../../../../src/operators/dedup/minhash/spilled-components.ts';
import type { BarrierDecision } from '../../../../src/streams/flow/barrier.ts';
import type { Operator } from '../../../../src/streams/operator.ts';
import { type BarrierRun, decisionsOf } from '../../../helpers/barriers.ts';
import { batchOf } from '../../../helpers/batches.ts';
import { generator, prose } from '../../../helpers/corpus.ts';

interface Scored {
  readonly text: string;
  readonly score: number;
}

const decided = (step: Operator, splits: readonly Scored[][], run: BarrierRun = {}): Promise<BarrierDecision[]> =>
  decisionsOf(step, splits, run, (part, place) =>
    batchOf(
      part.map((d) => d.text),
      { ...place, annotations: { score: part.map((d) => d.score) } },
    ),
  );

/** Families of near copies, some of them equal but for case, in splits that families do not keep to. */
function splitsOf(seed: number): Scored[][] {
  const random = generator(seed);
  const splits: Scored[][] = [[], [], [], []];
  for (let family = 0; family < 25; family++) {
    const words = prose(random, 60).split(' ');
    for (let copy = 0; copy < 1 + Math.floor(random() * 6); copy++) {
      const own = [...words];
      for (let changes = Math.floor(random() * 4); changes > 0; changes--)
        own[Math.floor(random() * own.length)] = `w${Math.floor(random() * 90)}`;
      // A chain: the next copy is of this one.
      if (random() < 0.4) words.splice(0, words.length, ...own);
      const text = random() < 0.3 ? own.join(' ').toUpperCase() : own.join(' ');
      const score = Math.floor(random() * 4);
      splits[Math.floor(random() * splits.length)].push({ text: family % 9 === 8 ? 'Two words' : text, score });
    }
  }
  return splits;
}

describe('dedup.minhash() in parts', () => {
  it.each([
    ['in input order', {}],
    ['by a priority', { priority: 'score' }],
    ['without a check', { verify: false, priority: 'score' }],
    ['with one band', { bands: 1, rows: 2, threshold: 0.5 }],
  ] as const)('decides as over all, %s', async (_, options) => {
    const [splits, step] = [splitsOf(7), minhash(options)];
    const wanted = await decided(step, splits);
    const dropped = wanted.flatMap((d) => Array.from(d.similarity).filter((_, i) => d.keep[i] === 0));
    // Near copies and equal ones.
    expect(dropped.filter((s) => s !== 1).length).toBeGreaterThan(5);
    expect(dropped.length).toBeGreaterThan(20);
    expect(await decided(step, splits, { parts: 3 })).toEqual(wanted);
  });

  it('decides the same in parts that mostly have no document', async () => {
    const splits = [[], ...splitsOf(9).map((s) => s.slice(0, 1))];
    expect(await decided(minhash(), splits, { parts: 6 })).toEqual(await decided(minhash(), splits));
  });

  it('decides the same in passes that fit little memory, and joins components in files', async () => {
    const splits = splitsOf(8);
    const wanted = await decided(minhash(), splits);
    const spy = vi.spyOn(SpilledComponents.prototype, 'sets');
    expect(await decided(minhash(), splits, { parts: 2, memoryBytes: 20_000 })).toEqual(wanted);
    expect(spy).not.toHaveBeenCalled();
    expect(await decided(minhash(), splits, { parts: 2, memoryBytes: 1000 })).toEqual(wanted);
    expect(spy).toHaveBeenCalledOnce();
  });
});
