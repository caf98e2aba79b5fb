import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockOrder, blocksOfStep, sequenceOf } from '../../src/training/blocks.ts';
import { type Feeds, sequenceFeeds } from '../../src/training/sequences.ts';

describe('the order of samples', () => {
  it('shows every block once an epoch, in another order each time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 60 }), fc.integer({ min: 1, max: 7 }), fc.nat(), (blocks, rows, seed) => {
        const order = blockOrder(blocks, seed);
        const steps = Math.ceil((2 * blocks) / rows);
        const seen = Array.from({ length: steps }, (_, s) => blocksOfStep(s, rows, blocks, order)).flat();
        const all = Array.from({ length: blocks }, (_, i) => i);
        expect(seen.slice(0, blocks).sort((a, b) => a - b)).toEqual(all);
        expect(seen.slice(blocks, 2 * blocks).sort((a, b) => a - b)).toEqual(all);
      }),
      { seed: 11 },
    );
    const order = blockOrder(50, 3);
    expect(order(0)).not.toEqual(order(1));
  });

  it('is a function of the step alone: a step asked for later is the same', () => {
    const order = blockOrder(40, 5);
    const inTurn = Array.from({ length: 30 }, (_, s) => blocksOfStep(s, 4, 40, order));
    expect(blocksOfStep(29, 4, 40, blockOrder(40, 5))).toEqual(inTurn[29]);
  });
});

describe('feeds of a row', () => {
  const START = 9;
  const feedsOf = (rows: number[][], length: number, start: number): Feeds =>
    sequenceFeeds(
      rows.map((ids) => sequenceOf(ids, length, start)),
      rows.length,
      length,
      start,
    );
  const data = (feeds: Feeds, name: string): number[] => [...feeds.get(name)!.data];

  it('open a segment at every start of a document, and predict the id that comes next', () => {
    const feeds = feedsOf([[1, 2, START, 3, 4]], 4, START);
    expect(data(feeds, 'tokens')).toEqual([1, 2, START, 3]);
    expect(data(feeds, 'targets')).toEqual([2, START, 3, 4]);
    expect(data(feeds, 'segments')).toEqual([0, 0, 1, 1]);
    expect(data(feeds, 'positions')).toEqual([0, 1, 0, 1]);
    expect(data(feeds, 'target_weights')).toEqual([1, 1, 1, 1]);
  });

  it('leave padding without segment, target and weight', () => {
    const feeds = feedsOf([[START, 7], []], 3, START);
    expect(data(feeds, 'segments')).toEqual([0, 0, -1, -1, -1, -1]);
    expect(data(feeds, 'targets')).toEqual([7, -1, -1, -1, -1, -1]);
    expect(data(feeds, 'target_weights')).toEqual([1, 0, 0, 0, 0, 0]);
  });
});
