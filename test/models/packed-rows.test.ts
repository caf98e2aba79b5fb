import { describe, expect, it } from 'vitest';
import { packedRows } from '../../src/models/packed-rows.ts';

const plain = (feeds: ReturnType<typeof packedRows>) =>
  Object.fromEntries([...feeds].map(([name, { data }]) => [name, [...data]]));

describe('packed rows', () => {
  it('keep documents apart: own segments, own positions, no target across a start', () => {
    const feeds = packedRows([{ ids: [5, 6, 7, 8, 9], starts: [0, 3], next: 10 }], 7);
    expect(plain(feeds)).toEqual({
      tokens: [5, 6, 7, 8, 9, 0, 0],
      positions: [0, 1, 2, 0, 1, 0, 0],
      segments: [0, 0, 0, 1, 1, -1, -1],
      targets: [6, 7, -1, 9, 10, -1, -1],
      target_weights: [1, 1, 0, 1, 1, 0, 0],
    });
    expect([...feeds.values()].map(({ shape }) => shape)).toEqual(Array(5).fill([1, 7]));
  });

  it('weigh a row by one number, or every target by its own', () => {
    const weights = (weight: number | number[]) =>
      plain(packedRows([{ ids: [1, 2, 3], weight }, { ids: [4, 5] }], 3)).target_weights;
    expect(weights(0.25)).toEqual([0.25, 0.25, 0, 1, 0, 0]);
    expect(weights([0.5, 2, 9])).toEqual([0.5, 2, 0, 1, 0, 0]);
  });

  it('may hold nothing, or one token that is the last of its document', () => {
    expect(plain(packedRows([{ ids: [] }, { ids: [7], next: 3 }], 2))).toEqual({
      tokens: [0, 0, 7, 0],
      positions: [0, 0, 0, 0],
      segments: [-1, -1, 0, -1],
      targets: [-1, -1, 3, -1],
      target_weights: [0, 0, 1, 0],
    });
  });

  it('refuse rows that do not fit and starts that do not ascend', () => {
    expect(() => packedRows([{ ids: [1] }, { ids: [1, 2, 3] }], 2)).toThrow('row 1: expected at most 2 tokens, got 3.');
    for (const starts of [[], [1], [0, 2, 2], [0, 3]])
      expect(() => packedRows([{ ids: [1, 2, 3], starts }], 4)).toThrow(
        `row 0: expected starts of documents that ascend from 0 and stay below 3, got ${starts}.`,
      );
  });
});
