import { readFileSync } from 'node:fs';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { referenceJaccard, referenceShingles } from '../../../../src/kernels/reference/minhash.ts';
import { minhash } from '../../../../src/operators/dedup/minhash/minhash.ts';
import { estimatedJaccard, signatureBytes } from '../../../../src/operators/dedup/minhash/minhash-index.ts';
import { barrier as minhashBarrier } from '../../../../src/operators/dedup/minhash/minhash-stage.ts';
import { readIndexHead } from '../../../../src/operators/dedup/tables/index-files.ts';
import { type BarrierDecision, BarrierWriter } from '../../../../src/streams/flow/barrier.ts';
import { batchOf } from '../../../helpers/batches.ts';
import { generator, prose } from '../../../helpers/corpus.ts';
import { temporaryFolder } from '../../../helpers/run.ts';

type Options = NonNullable<Parameters<typeof minhash>[0]>;
type Day = readonly { readonly id: string; readonly text: string }[];

interface Decided {
  readonly all: BarrierDecision[];
  readonly twins: (string | null)[];
  readonly index: string;
}

/** A run over one day, `each` documents in a batch. */
async function decided(day: Day, options: Options, { each = 1000, memoryBytes = 1e8 } = {}): Promise<Decided> {
  const folder = await temporaryFolder();
  const barrier = await minhashBarrier(minhash(options).descriptor);
  const files = { split: 0, spill: join(folder, 'd'), keys: join(folder, 'k') };
  const writer = await BarrierWriter.open(barrier, files.spill, files.keys);
  for (let at = 0; at < day.length; at += each) await writer.write(batchOf(day.slice(at, at + each)));
  await writer.finish();
  const outputs = { folder, names: [] as string[] };
  const all: BarrierDecision[] = [];
  for await (const d of barrier.decide([files], memoryBytes, outputs)) all.push(d);
  const index = join(folder, 'near_dedup.minhash');
  if (options.saveIndex) {
    expect(outputs.names).toEqual([`${minhash().descriptor.step}.minhash`]);
    await rename(join(folder, `${outputs.names[0]}.tmp`), index);
  }
  return { all, twins: all.flatMap((d) => d.duplicateOf), index };
}

const words = (text: string, rate: number, random: () => number): string =>
  text
    .split(' ')
    .map((w) => (random() < rate ? `w${Math.floor(random() * 1e6)}` : w))
    .join(' ');

/** The second day holds copies of the first day with a share of the words changed, and texts of its own. */
function days(count: number, rate: number): [Day, Day] {
  const random = generator(5);
  const first = Array.from({ length: count }, (_, i) => ({ id: `old-${i}`, text: prose(random, 150) }));
  const second = first.map(({ text }, i) => ({
    id: `new-${i}`,
    text: i % 2 === 0 ? words(text, rate, random) : prose(random, 150),
  }));
  return [first, second];
}

describe('an index of near copies', () => {
  it('drops what has a twin in the earlier run, and names it', async () => {
    const [first, second] = days(40, 0.005);
    const { index, twins } = await decided(first, { saveIndex: true });
    expect(twins.filter((t) => t !== null)).toEqual([]);
    const next = await decided(second, { against: [index] });
    expect(next.twins).toEqual(second.map((_, i) => (i % 2 === 0 ? `earlier:old-${i}` : null)));
    expect([...next.all[0].keep]).toEqual(second.map((_, i) => i % 2));
  });

  it('states similarity as the share of equal signature values, within its standard error', async () => {
    const [first, second] = days(200, 0.03);
    const { index } = await decided(first, { saveIndex: true });
    const { all } = await decided(second, { against: [index], threshold: 0 });
    const shingles = (text: string): bigint[] => referenceShingles(text, { unit: 'words', size: 5 });
    const errors: number[] = [];
    for (const [i, { text }] of second.entries()) {
      const s = all[0].similarity[i];
      if (Number.isNaN(s) || i % 2 === 1) continue;
      expect(s * 112).toBeCloseTo(Math.round(s * 112), 9);
      const j = referenceJaccard(shingles(text), shingles(first[i].text));
      errors.push((s - j) / Math.sqrt((j * (1 - j)) / 112 + 1e-9));
    }
    expect(errors.length).toBeGreaterThan(60);
    const squares = errors.reduce((sum, e) => sum + e * e, 0) / errors.length;
    expect(squares).toBeLessThan(1.5);
    expect(squares).toBeGreaterThan(0.5);
  });

  it('holds only what stayed: 356 bytes a document, the id and its offset', async () => {
    const text = prose(generator(1), 80);
    const [first] = days(30, 0);
    const day = [
      ...first,
      { id: 'copy', text: first[3].text },
      { id: 'upper', text: first[4].text.toUpperCase() },
      { id: 'x', text },
    ];
    const { index } = await decided(day, { saveIndex: true });
    const head = readIndexHead(index);
    expect(head.header).toMatchObject({
      kind: 'minhash',
      version: 2,
      keys: 31,
      parameters: {
        unit: 'words',
        size: 5,
        bands: 14,
        rows: 8,
        method: 'minhash',
        seed: 1,
        profile: 'sluice',
        hash: null,
      },
    });
    const bytes = readFileSync(index);
    expect(bytes.length).toBeGreaterThan(31 * 360);
    expect(bytes.length).toBeLessThan(31 * 370 + 4096);
    expect(bytes.includes('old-3')).toBe(true);
    expect(bytes.includes('upper')).toBe(false);
    const again = await decided(
      [
        { id: 'y', text },
        { id: 'z', text: first[0].text },
      ],
      { against: [index] },
    );
    expect(again.twins).toEqual(['earlier:x', 'earlier:old-0']);
    expect([...again.all[0].similarity]).toEqual([1, 1]);
  });

  it('is the same with any batches and memory; a chain leaves what one run over both days leaves', async () => {
    const [first, second] = days(300, 0.002);
    const one = await decided([...first, ...second], { saveIndex: true });
    const small = await decided([...first, ...second], { saveIndex: true }, { each: 7, memoryBytes: 9000 });
    expect(readFileSync(small.index).equals(readFileSync(one.index))).toBe(true);
    const yesterday = await decided(first, { saveIndex: true });
    const today = await decided(second, { saveIndex: true, against: [yesterday.index] });
    const frugal = await decided(
      second,
      { saveIndex: true, against: [yesterday.index] },
      { each: 11, memoryBytes: 9000 },
    );
    expect(frugal.all.map((d) => d.duplicateOf)).toEqual(today.all.map((d) => d.duplicateOf));
    expect(readFileSync(frugal.index).equals(readFileSync(today.index))).toBe(true);
    expect(readFileSync(today.index).equals(readFileSync(one.index))).toBe(true);
  });

  it('keeps earlier documents whatever the priority, and takes the most similar one', async () => {
    const [first, second] = days(6, 0.004);
    const { index } = await decided(first, { saveIndex: true });
    const ranked = await decided(second, { against: [index], priority: 'metadata.date' });
    expect(ranked.twins.filter((t) => t !== null)).toEqual(['earlier:old-0', 'earlier:old-2', 'earlier:old-4']);
    // Without a check: a component with an earlier document is gone.
    const unchecked = await decided(second, { against: [index], verify: false });
    expect(unchecked.twins).toEqual(ranked.twins);
    // Both days again, so that every document of the index is there twice.
    const both = await decided(second, { against: [index, index], saveIndex: true });
    expect(readIndexHead(both.index).header.keys).toBe(9);
  });

  it('keeps texts without a shingle by their letters', async () => {
    const short = [
      { id: 'a', text: 'Three small words' },
      { id: 'b', text: '!!!' },
    ];
    const { index } = await decided(short, { saveIndex: true });
    expect(readIndexHead(index).header.keys).toBe(1);
    const next = await decided(
      [
        { id: 'c', text: 'three SMALL words.' },
        { id: 'd', text: '!!!' },
      ],
      { against: [index] },
    );
    expect(next.twins).toEqual(['earlier:a', null]);
    expect([...next.all[0].rule!]).toEqual([1, 0]);
  });

  it('works in the profile of datatrove', async () => {
    const [first, second] = days(6, 0.004);
    const options = { profile: 'datatrove', bands: 14, rows: 8 } as const;
    const { index } = await decided(first, { ...options, saveIndex: true });
    const next = await decided(second, { ...options, against: [index] });
    expect(next.twins).toEqual(['earlier:old-0', null, 'earlier:old-2', null, 'earlier:old-4', null]);
    expect(() => minhash({ against: [index] })).toThrow(/profile = "sluice".*profile = "datatrove"/s);
  });

  it('is refused when its parameters differ, and in a stream', async () => {
    const { index } = await decided(days(4, 0)[0], { saveIndex: true });
    for (const [name, options] of Object.entries({
      bands: { bands: 20 },
      rows: { rows: 4 },
      seed: { seed: 2 },
      size: { size: 7 },
      unit: { unit: 'characters' },
      method: { method: 'oph' },
    } as const))
      expect(() => minhash({ ...options, against: [index] })).toThrow(new RegExp(`an index with ${name} = `));
    expect(() => minhash({ scope: 'streaming', against: [index] })).toThrow(/scope: 'global' with saveIndex/);
    expect(minhash({ threshold: 0.8 }).set('against', index).descriptor.options.indexes).toEqual([
      { path: index, xxh64: readIndexHead(index).xxh64 },
    ]);
  });
});

describe('estimatedJaccard()', () => {
  it('is the share of equal values', () => {
    expect(estimatedJaccard(Uint16Array.of(1, 2, 3, 4), Uint16Array.of(1, 9, 3, 4))).toBe(0.75);
    expect(signatureBytes(112)).toBe(224);
  });
});
