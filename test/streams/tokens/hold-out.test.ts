import { describe, expect, it } from 'vitest';
import { holdOut } from '../../../src/streams/tokens/hold-out.ts';
import { Sequences } from '../../../src/streams/tokens/sequences.ts';
import { TokenFiles } from '../../../src/streams/tokens/token-files.ts';
import { temporaryFolder } from '../../helpers/run.ts';
import { storeSplit } from '../../helpers/token-store.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz';
/** 40 documents of two domains, each of one letter of its own, upper case in the second. */
const documents = (split: number) =>
  Array.from({ length: 20 }, (_, i) => {
    const letter = LETTERS[(split * 10 + Math.floor(i / 2)) % 26];
    const id = `${split}.${i}`;
    return i % 2
      ? { id, domain: 'upper', text: letter.toUpperCase().repeat(9) }
      : { id, domain: 'lower', text: letter.repeat(9) };
  });

async function store() {
  const folder = await temporaryFolder();
  return [await storeSplit(folder, 0, documents(0)), null, await storeSplit(folder, 2, documents(1))];
}

const options = { tokens: 30, perDocument: 1000, share: 0.25, seed: 3 };

describe('documents that are held out', () => {
  it('are never in a sequence, and all others are, once', async () => {
    const all = await store();
    const { splits, heldOut } = await holdOut(all, options);
    const files = new TokenFiles();
    const letters = heldOut.map(({ bin, begin, length }) => {
      const ids = new Uint16Array(length);
      files.read(bin, begin, ids);
      expect(ids.at(-1)).toBe(256);
      expect(new Set(ids.subarray(0, -1)).size).toBe(1);
      return String.fromCodePoint(ids[0]);
    });
    files.close();
    // 10 tokens a document with its end: three make 30 in each domain.
    expect(heldOut.map((d) => d.domain).sort()).toEqual([...Array(3).fill('lower'), ...Array(3).fill('upper')]);
    const sequences = new Sequences({ contextLength: 7, packing: 'concat', windowSplits: 2, cacheBytes: 1e6 });
    await sequences.extend(splits, true);
    const seen = new Map<string, number>();
    for (const domain of sequences.domains) {
      expect(sequences.tokens(domain)).toBe(170);
      for (let n = 0; n < sequences.count(domain); n++) {
        const ids = new Uint16Array(7);
        const { length } = await sequences.read(domain, n, ids);
        for (const id of ids.subarray(0, length)) {
          const letter = String.fromCodePoint(id);
          seen.set(letter, (seen.get(letter) ?? 0) + 1);
        }
      }
    }
    sequences.close();
    for (const letter of letters) expect([letter, seen.get(letter)]).toEqual([letter, undefined]);
    const whole = new Set(all.flatMap((_, s) => (s === 1 ? [] : documents(s / 2).map((d) => d.text[0]))));
    expect([...whole].filter((l) => !letters.includes(l)).every((l) => seen.get(l) === 9)).toBe(true);
  });

  it('are others with another seed, and the same ones again', async () => {
    const all = await store();
    const of = async (seed: number) => (await holdOut(all, { ...options, seed })).heldOut.map((d) => d.begin);
    expect(await of(3)).toEqual(await of(3));
    expect(await of(3)).not.toEqual(await of(4));
  });

  it('are none of those that a model has seen: others take their places, and these are drawn', async () => {
    const all = await store();
    const before = await holdOut(all, options);
    const key = ({ bin, begin }: { bin: string; begin: number }): string => `${begin} ${bin}`;
    const seen = new Set(before.heldOut.map(key));
    const asked: number[] = [];
    const after = await holdOut(all, options, (document) => {
      asked.push(document.tokens);
      return seen.has(key(document));
    });
    expect(after.heldOut.map((d) => d.domain)).toEqual(before.heldOut.map((d) => d.domain));
    expect(after.heldOut.filter((d) => seen.has(key(d)))).toEqual([]);
    expect(after.splits.map((s) => s?.documents)).not.toContain(20);
    // Only as many as were needed are looked at.
    expect(asked).toEqual(Array(12).fill(10));
    expect((await holdOut(all, options, () => true)).heldOut).toEqual([]);
  });

  it('take no more than their share of a domain: of few large documents none', async () => {
    const folder = await temporaryFolder();
    const text = 'x'.repeat(99);
    const large = await storeSplit(folder, 0, [
      { id: 'a', domain: 'few', text },
      { id: 'b', domain: 'few', text },
      ...Array.from({ length: 30 }, (_, i) => ({ id: `${i}`, domain: 'many', text: 'y'.repeat(9) })),
    ]);
    const { heldOut, splits } = await holdOut([large], { ...options, share: 0.1 });
    expect(new Set(heldOut.map((d) => d.domain))).toEqual(new Set(['many']));
    expect(splits[0]!.tokens).toEqual(
      new Map([
        ['few', 200],
        ['many', 270],
      ]),
    );
    expect(splits[0]!.documents).toBe(32 - 3);
  });

  it('of one id stay together, on either side', async () => {
    const folder = await temporaryFolder();
    const twice = Array.from({ length: 40 }, (_, i) => ({ id: `${i >> 1}`, domain: 'a', text: `${i}`.padEnd(9) }));
    const split = await storeSplit(folder, 0, twice);
    const { splits } = await holdOut([split], { ...options, tokens: 60 });
    const rows = [...splits[0]!.without!].sort((a, b) => a - b);
    expect(rows.length).toBe(10);
    for (let i = 0; i < rows.length; i += 2) expect([rows[i] % 2, rows[i + 1]]).toEqual([0, rows[i] + 1]);
  });

  it('are read to a length of theirs, and are whole out of the text that is trained on', async () => {
    const { heldOut, splits } = await holdOut(await store(), { ...options, perDocument: 4 });
    expect(heldOut.every((d) => d.length === 4)).toBe(true);
    // Seven and a half documents of 4 tokens would be 30; the share of 50 tokens allows five.
    expect(heldOut.length).toBe(10);
    expect([...splits[0]!.tokens].map(([d, n]) => n + splits[2]!.tokens.get(d)!)).toEqual([150, 150]);
  });
});
