import { join } from 'node:path';
import { from, lastValueFrom, toArray } from 'rxjs';
import { describe, expect, it } from 'vitest';
import { referenceJaccard, referenceShingles } from '../../../../src/kernels/reference/minhash.ts';
import { minhash } from '../../../../src/operators/dedup/minhash/minhash.ts';
import { barrier as minhashBarrier } from '../../../../src/operators/dedup/minhash/minhash-stage.ts';
import { type BarrierDecision, BarrierWriter } from '../../../../src/streams/flow/barrier.ts';
import { batchOf, type TestDocument } from '../../../helpers/batches.ts';
import { generator, prose } from '../../../helpers/corpus.ts';
import { temporaryFolder } from '../../../helpers/run.ts';

type Options = Parameters<typeof minhash>[0];

/** Both passes over literal splits, `each` documents in a batch; labels are `test.jsonl#0.<100 x number over all>`. */
async function decisions(
  splits: readonly (readonly TestDocument[])[],
  options: Options = {},
  { memoryBytes = 1e8, each = 1000, ranks = null as readonly (number | null)[] | null } = {},
): Promise<BarrierDecision[]> {
  const folder = await temporaryFolder();
  const barrier = await minhashBarrier(minhash(options).descriptor);
  const files = splits.map((_, split) => ({
    split,
    spill: join(folder, `d${split}`),
    keys: join(folder, `k${split}`),
  }));
  let number = 0;
  for (const [split, documents] of splits.entries()) {
    const writer = await BarrierWriter.open(barrier, files[split].spill, files[split].keys);
    for (let at = 0; at < documents.length; at += each) {
      const part = documents.slice(at, at + each);
      const offset = BigInt64Array.from(part, (_, i) => BigInt(100 * (number + i)));
      const annotations: Record<string, readonly (number | null)[]> = ranks
        ? { score: ranks.slice(number, number + part.length) }
        : {};
      const batch = batchOf(part, { split, annotations }).withColumns([
        ['offset', { type: 'int64', values: offset, valid: null }],
      ]);
      await writer.write(batch);
      number += part.length;
    }
    await writer.finish();
  }
  const out: BarrierDecision[] = [];
  for await (const d of barrier.decide(files, memoryBytes)) out.push(d);
  return out;
}

/** For each document the number of the one that stands for it, or null. */
const twins = (all: readonly BarrierDecision[]): (number | null)[] =>
  all.flatMap((d) => d.duplicateOf.map((l) => (l === null ? null : Number(l.split('.').at(-1)) / 100)));
const similarities = (all: readonly BarrierDecision[]): number[] => all.flatMap((d) => [...d.similarity]);

/** `words` distinct words; `changed` replaced by others, evenly. */
const made = (words: number, name: string, changed = 0, by = 'x'): string =>
  Array.from({ length: words }, (_, i) =>
    changed > 0 && i % Math.floor(words / changed) === 5 ? `${by}${i}` : `${name}${i}`,
  ).join(' ');

const doc = (text: string, domain = 'test'): TestDocument => ({ text, domain });

/** Near copies of near copies at many distances, exact ones, short ones. */
function family(count: number): TestDocument[] {
  const random = generator(9);
  const texts: string[] = [];
  for (let i = 0; i < count; i++) {
    const kind = random();
    if (i === 0 || kind < 0.3) texts.push(prose(random, 40 + Math.floor(random() * 100)));
    else if (kind < 0.4) texts.push(texts[Math.floor(random() * i)].toUpperCase());
    else if (kind < 0.5) texts.push(prose(random, 1 + Math.floor(random() * 4)));
    else {
      const words = texts[Math.floor(random() * i)].split(' ');
      const rate = random() * 0.1;
      texts.push(words.map((w) => (random() < rate ? `w${Math.floor(random() * 1e6)}` : w)).join(' '));
    }
  }
  return texts.map((text) => doc(text));
}

describe('dedup.minhash()', () => {
  it('keeps the first, names it over splits, and stores the true similarity', async () => {
    const near = made(100, 'a', 1);
    const all = await decisions([
      [doc(made(100, 'a')), doc(made(100, 'b'))],
      [doc(near), doc(made(100, 'b').toUpperCase())],
    ]);
    expect(twins(all)).toEqual([null, null, 0, 1]);
    // 96 shingles each, 5 of them with the new word.
    expect(similarities(all)).toEqual([Number.NaN, Number.NaN, 91 / 101, 1]);
    expect(all[1].rule).toEqual(Uint8Array.of(0, 0));
  });

  it('does not drop what is not that similar to the survivor: a chain keeps its ends', async () => {
    const words = made(120, 'a').split(' ');
    const step = (n: number): string => words.map((w, i) => (i < n * 4 ? `n${i}` : w)).join(' ');
    const chain = Array.from({ length: 10 }, (_, n) => doc(step(n)));
    const all = await decisions([chain], { bands: 100, rows: 4 });
    // 116 shingles; k steps away 4k of them differ: 0.7 is left up to 5 steps.
    expect(twins(all)).toEqual([null, 0, 0, 0, 0, 0, null, 6, 6, 6]);
    expect(similarities(all)[5]).toBe(96 / 136);
    const chained = await decisions([chain], { bands: 100, rows: 4, verify: false });
    expect(twins(chained)).toEqual([null, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    expect(similarities(chained)[9]).toBe(Number.NaN);
  });

  it('compares texts too short for a shingle by their letters and numbers, and says so', async () => {
    const all = await decisions([
      ['Four words of it', 'four words -- of IT', '!!!', '???', '', 'four words'].map((t) => doc(t)),
    ]);
    expect(twins(all)).toEqual([null, 0, null, null, null, null]);
    expect([...all[0].rule!]).toEqual([0, 1, 0, 0, 0, 0]);
    expect(all[0].similarity[1]).toBe(1);
  });

  it('lets the highest or the lowest priority survive', async () => {
    const documents = [made(50, 'a'), made(50, 'a', 1), made(50, 'A'), made(50, 'b'), made(50, 'b')].map((t) => doc(t));
    const ranks = [1, 3, 2, null, null];
    const highest = await decisions([documents], { priority: 'score' }, { ranks });
    expect(twins(highest)).toEqual([1, null, 1, null, 3]);
    expect(similarities(highest).slice(0, 3)).toEqual([41 / 51, Number.NaN, 41 / 51]);
    const lowest = await decisions([documents], { priority: 'score', prefer: 'lowest' }, { ranks });
    expect(twins(lowest)).toEqual([null, 0, 0, null, 3]);
  });

  it('leaves documents outside its scope alone, also as survivors', async () => {
    const all = await decisions([[doc(made(50, 'a'), 'code'), doc(made(50, 'a')), doc(made(50, 'a'))]], {
      where: { domain: ['test'] },
    });
    expect(twins(all)).toEqual([null, null, 1]);
  });

  it('decides the same with any memory, batches and splits', async () => {
    const documents = family(600);
    const whole = await decisions([documents]);
    const dropped = twins(whole).filter((t) => t !== null).length;
    expect(dropped).toBeGreaterThan(150);
    const cut = [documents.slice(0, 13), documents.slice(13, 400), documents.slice(400)];
    for (const [splits, options] of [
      [[documents], { memoryBytes: 3000 }],
      [[documents], { each: 7 }],
      [cut, { memoryBytes: 20_000, each: 50 }],
    ] as const) {
      const other = await decisions(splits, {}, options);
      expect(twins(other)).toEqual(twins(whole));
      expect(similarities(other)).toEqual(similarities(whole));
    }
    const shingles = documents.map((d) => referenceShingles(d.text, { unit: 'words', size: 5 }));
    const survivors = twins(whole);
    const rules = [...whole[0].rule!];
    for (const [i, survivor] of survivors.entries()) {
      if (survivor === null) continue;
      expect(survivors[survivor]).toBeNull();
      const j = rules[i] === 1 ? 1 : referenceJaccard(shingles[i], shingles[survivor]);
      expect(whole[0].similarity[i]).toBe(j);
      expect(j).toBeGreaterThanOrEqual(0.7);
    }
  });

  it('streams: the same as global while it remembers, in run() and in a plain pipe', async () => {
    const documents = family(400);
    const whole = await decisions([documents]);
    const streamed = await decisions([documents.slice(0, 150), documents.slice(150)], { scope: 'streaming' });
    expect(twins(streamed)).toEqual(twins(whole));
    expect(similarities(streamed)).toEqual(similarities(whole));
    const batches = [documents.slice(0, 100), documents.slice(100)].map((part, k) =>
      batchOf(part, { sequence: k }).withColumns([
        [
          'offset',
          { type: 'int64', values: BigInt64Array.from(part, (_, i) => BigInt(100 * (k * 100 + i))), valid: null },
        ],
      ]),
    );
    const online = await lastValueFrom(from(batches).pipe(minhash({ scope: 'streaming' }), toArray()));
    expect(online.flatMap((b) => [...b.alive])).toEqual(twins(whole).map((t) => (t === null ? 1 : 0)));
    expect(online[1].verdicts[0].duplicateOf).toEqual(whole[0].duplicateOf.slice(100));
  });

  it('streams within a bounded index: what came first is forgotten', async () => {
    const documents = [made(50, 'a'), made(50, 'b'), made(50, 'c'), made(50, 'a'), made(50, 'c')].map((t) => doc(t));
    const all = await decisions([documents], { scope: 'streaming', remembered: 2 });
    expect(twins(all)).toEqual([null, null, null, null, 2]);
  });

  it('refuses what does not go together', () => {
    expect(() => minhash({ permutations: 128, bands: 9 })).toThrow(/permutations, or bands and rows/);
    expect(() => minhash({ scope: 'streaming', priority: 'score' })).toThrow(/first in input order/);
    expect(() => minhash({ bands: 1000, rows: 200 })).toThrow(/4096 values/);
    expect(() => minhash().set('thresold', 0.8)).toThrow(/threshold/);
    expect(minhash().set('threshold', 0.8).descriptor.rules[0].threshold).toBe(0.8);
  });
});
