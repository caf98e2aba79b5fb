import { expect, it } from 'vitest';
import { largestOf } from '../../../src/run/nodes/merge.ts';

const example = (id: string) => ({ id, domain: 'web', value: 0.9, excerpt: id });
const cluster = (survivor: string, documents: number, ...ids: string[]) => ({
  survivor,
  documents,
  examples: ids.map(example),
});

it('the largest cluster of parts is that of all of them together, though it is the largest of one alone', () => {
  const parts = [
    { cluster: cluster('a', 41), clusters: [cluster('a', 41), cluster('spread', 31)] },
    { cluster: cluster('b', 40), clusters: [cluster('b', 40), cluster('spread', 31)] },
    { cluster: cluster('spread', 21, 'x', 'y'), clusters: [cluster('spread', 21)] },
    { cluster: null },
    {},
  ];
  expect(largestOf(parts)).toEqual(cluster('spread', 81, 'x', 'y'));
});

it('of clusters of one size the first by name is the largest, with three examples; there may be none', () => {
  const parts = [
    { cluster: cluster('b', 5, 'b1'), clusters: [cluster('b', 5), cluster('a', 2)] },
    { cluster: cluster('a', 4, 'a1', 'a2'), clusters: [cluster('a', 4)] },
    { cluster: cluster('b', 2, 'b2', 'b3', 'b4'), clusters: [cluster('b', 2)] },
    { cluster: cluster('a', 2, 'a3', 'a4'), clusters: [cluster('a', 2)] },
  ];
  expect(largestOf(parts)).toEqual(cluster('a', 6, 'a1', 'a2', 'a3'));
  expect(largestOf([{ cluster: null }, {}])).toBeNull();
});
