import { describe, expect, it } from 'vitest';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { groupSplit } from '../../src/training/group-split.ts';
import { batchOf } from '../helpers/batches.ts';

const withMetadata = (records: readonly [text: string, metadata: object][]) =>
  batchOf(records.map(([text]) => text)).withColumns([
    ['metadata', utf8Column(records.map(([, metadata]) => JSON.stringify(metadata)))],
  ]);

describe('a split by group', () => {
  const shares = { train: 0.5, heldOut: 0.2 };

  it('puts all documents of a group on one side, and its documents apart by their texts', async () => {
    const split = await groupSplit('metadata.group', shares, 1);
    const batch = withMetadata([
      ['first page', { group: 'book' }],
      ['second page', { group: 'book' }],
    ]);
    const [a, b] = [split.hashes(batch, 0), split.hashes(batch, 1)];
    expect(a.group).toBe(b.group);
    expect(a.text).not.toBe(b.text);
  });

  it('without the field takes a text as its own group', async () => {
    const split = await groupSplit('metadata.a.b', shares, 1);
    const batch = withMetadata([
      ['same', { a: 3 }],
      ['same', {}],
      ['other', { a: { b: 7 } }],
    ]);
    const hashes = [0, 1, 2].map((row) => split.hashes(batch, row));
    expect(hashes[0].group).toBe(hashes[0].text);
    expect(hashes[1].group).toBe(hashes[0].group);
    expect(hashes[2].group).not.toBe(hashes[2].text);
  });

  it('knows a document that was rewritten by the text it was read with', async () => {
    const split = await groupSplit('metadata.group', shares, 1);
    const batch = batchOf(['what is left', 'as it was']);
    const rewritten = batch.with({ originalText: utf8Column(['what is left | menu', 'as it was']), textVersion: 1 });
    const read = batchOf(['what is left | menu']);
    const [a, b] = [split.hashes(rewritten, 0), split.hashes(rewritten, 1)];
    expect([a.group, a.original]).toEqual([split.hashes(read, 0).group, split.hashes(read, 0).text]);
    expect(a.text).toBe(split.hashes(batch, 0).text);
    expect(b).toEqual(split.hashes(batch, 1));
  });

  it('gives the stated shares, others with another seed', async () => {
    const batch = batchOf(Array.from({ length: 4000 }, (_, i) => `text ${i}`));
    const sides = async (seed: number) => {
      const split = await groupSplit('text', shares, seed);
      return Array.from({ length: 4000 }, (_, row) => split.side(split.hashes(batch, row).group));
    };
    const [one, two] = [await sides(1), await sides(2)];
    const share = (side: string) => one.filter((s) => s === side).length / 4000;
    expect(share('train')).toBeCloseTo(0.5, 1);
    expect(share('heldOut')).toBeCloseTo(0.2, 1);
    expect(one).not.toEqual(two);
    expect(await sides(1)).toEqual(one);
  });
});
