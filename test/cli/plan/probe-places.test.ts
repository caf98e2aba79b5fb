import { expect, it } from 'vitest';
import { placesOf } from '../../../src/cli/plan/probe-places.ts';
import type { Format } from '../../../src/streams/formats/names.ts';
import type { Codec, InputRange, SplitPlan } from '../../../src/streams/plan/splits.ts';

/** A plan in which every file is one range. */
function planOf(files: readonly { size: number; format?: Format; codec?: Codec }[]): SplitPlan {
  return {
    version: 1,
    files: files.map(({ size, format = 'jsonl', codec = 'none' }, i) => ({
      path: `f${i}`,
      absolutePath: `/f${i}`,
      format,
      codec,
      size,
      mtimeMs: 0,
      probeHash: '',
    })),
    splits: files.map(({ size }, i) => ({
      index: i,
      ranges: [{ file: i, start: 0, end: size }],
      estimatedTextBytes: size,
    })),
    skipped: [],
    warnings: [],
  };
}
const ratioOf = async (): Promise<number> => 4;
const spansOf = (ranges: readonly InputRange[]) => ranges.map((r) => [r.file, r.start, r.end]);

it(
  'cuts large files of few, so that more than their beginnings is tried; all places together are the ' + 'input',
  async () => {
    const places = await placesOf(planOf([{ size: 12e6 }, { size: 3e6 }]), 5, ratioOf);
    expect(places.map((p) => [spansOf(p.ranges)[0], p.standsFor])).toEqual([
      [[0, 0, 3e6], 3e6],
      [[0, 3e6, 6e6], 3e6],
      [[0, 6e6, 9e6], 3e6],
      [[0, 9e6, 12e6], 3e6],
      [[1, 0, 3e6], 3e6],
    ]);
  },
);

it('enters a packed file at unpacked bytes, its last part without an end', async () => {
  const places = await placesOf(planOf([{ size: 2e6, codec: 'zstd' }]), 8, ratioOf);
  expect(places.map((p) => p.ranges[0])).toEqual([
    { file: 0, start: 0, end: 2e6, unpacked: true },
    { file: 0, start: 2e6, end: 4e6, unpacked: true },
    { file: 0, start: 4e6, end: 6e6, unpacked: true },
    { file: 0, start: 6e6, end: Number.MAX_SAFE_INTEGER, unpacked: true },
  ]);
  expect(places.reduce((n, p) => n + p.standsFor, 0)).toBe(2e6);
});

it('takes small files together', async () => {
  const places = await placesOf(
    planOf(Array.from({ length: 25 }, () => ({ size: 100e3, format: 'text' as const }))),
    8,
    ratioOf,
  );
  expect(places.map((p) => p.ranges.length)).toEqual([10, 10, 5]);
});

it('of many takes the large ones, and draws evenly among the others, each for as much as lies between', async () => {
  const sizes = Array.from({ length: 100 }, (_, i) => (i === 40 ? 200e6 : 2e6));
  const places = await placesOf(planOf(sizes.map((size) => ({ size }))), 12, ratioOf);
  expect(places).toHaveLength(12);
  const large = places.filter((p) => !p.drawn);
  expect(large.map((p) => [p.ranges[0].file, p.standsFor])).toEqual([[40, 200e6]]);
  const drawn = places.filter((p) => p.drawn);
  expect(drawn.map((p) => p.ranges[0].file)).toEqual([4, 13, 22, 31, 41, 50, 59, 68, 77, 86, 95]);
  for (const p of drawn) expect(p.standsFor).toBe(18e6);
});
