import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type BpeTables, openBpeKernel, ROW } from '../../src/kernels/bpe.ts';
import type { AddedBytes } from '../../src/kernels/bpe-added.ts';
import { NUMBERS, PIECES, type Pieces } from '../../src/kernels/pre-tokenizers.ts';
import { referenceBpe } from '../../src/kernels/reference/bpe.ts';
import { referencePieces } from '../../src/kernels/reference/pieces.ts';
import { byteLevelOf } from '../../src/models/tokenizers/byte-level.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { corporaFolder } from '../helpers/corpora.ts';
import { corpusTexts } from '../helpers/corpus-texts.ts';
import { tokenFixture } from '../helpers/tokenizers.ts';

const { model, texts: odd } = tokenFixture;

const pre_tokenizer = { type: 'ByteLevel', add_prefix_space: false, use_regex: true };
const tablesOf = (ignoreMerges: boolean): BpeTables =>
  byteLevelOf({ model: { ...model, ignore_merges: ignoreMerges }, pre_tokenizer })!.tables;
const [merging, whole] = [tablesOf(false), tablesOf(true)];
const NAMES = Object.keys(PIECES) as Pieces[];

const added = (content: string, id: number, flags: Partial<AddedBytes> = {}): AddedBytes => ({
  bytes: new TextEncoder().encode(content),
  id,
  singleWord: false,
  left: false,
  right: false,
  ...flags,
});
/** Tokens within tokens, and with white space at their ends. */
const ADDED: BpeTables['added'] = [
  [added('<a>', 900), added('<a><b>', 901, { left: true }), added('x', 902, { singleWord: true }), added('  ', 903)],
  [
    added('b', 904, { right: true }),
    added('<', 905, { left: true, right: true }),
    added('é', 906, { singleWord: true }),
  ],
];

async function expectReference(texts: readonly string[], tables: BpeTables): Promise<void> {
  const kernel = await openBpeKernel(tables);
  const { values, offsets } = utf8Column(texts);
  const lists = kernel.encode(values, offsets, texts.length, null);
  const got = texts.map((_, i) => [...lists.ids.subarray(lists.offsets[i], lists.offsets[i + 1])]);
  expect(got).toEqual(texts.map((text) => referenceBpe(text, tables)));
}

const character = fc.oneof(
  { weight: 6, arbitrary: fc.constantFrom(...Array.from(' \n\t\'"-.,aAbBsStTlLrReEvVdDmMxyz019<>_/')) },
  {
    weight: 3,
    arbitrary: fc.constantFrom(
      ...Array.from('éÉßǅʰ\u0301\u093c\u0085\u00a0\u2028\u3000\ufeff½²३Ⅷ\u{11de0}水車ाक🐎𝟘ſ\r'),
    ),
  },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', minLength: 1, maxLength: 1 }) },
);
const text = fc
  .array(fc.tuple(character, fc.nat({ max: 8 })), { maxLength: 50 })
  .map((runs) => runs.map(([c, n]) => c.repeat(n < 6 ? 1 : n)).join(''));

describe('BPE kernel', () => {
  it('equals the reference on odd texts, with all pieces and ways of numbers', async () => {
    for (const pieces of NAMES)
      for (const numbers of NUMBERS)
        for (const tables of [merging, whole]) await expectReference(odd, { ...tables, pieces, numbers });
  });

  it('equals the reference on made-up texts', async () => {
    const options = fc.tuple(fc.constantFrom(...NAMES), fc.constantFrom(...NUMBERS), fc.boolean(), fc.boolean());
    await fc.assert(
      fc.asyncProperty(fc.array(text, { maxLength: 6 }), options, (texts, [pieces, numbers, ignores, tokens]) =>
        expectReference(texts, { ...(ignores ? whole : merging), pieces, numbers, added: tokens ? ADDED : [[], []] }),
      ),
      { numRuns: 200, seed: 15 },
    );
  });

  it('equals the reference with any merges: long pieces, and pieces of one byte again and again', async () => {
    const random = fc.tuple(
      fc.array(fc.tuple(fc.nat(), fc.nat()), { maxLength: 40 }),
      fc.array(fc.tuple(fc.constantFrom('a', 'b', 'ab', 'c'), fc.nat({ max: 60 })), { maxLength: 8 }),
    );
    await fc.assert(
      fc.asyncProperty(random, async ([picks, runs]) => {
        const ids = [97, 98, 99];
        const merges: number[] = [];
        for (const [a, b] of picks) {
          merges.push(ids[a % ids.length], ids[b % ids.length], 256 + merges.length);
          ids.push(256 + merges.length - 3);
        }
        const tables: BpeTables = {
          ...merging,
          byteIds: Uint32Array.from({ length: 256 }, (_, b) => b),
          merges: Uint32Array.from(merges),
        };
        await expectReference([runs.map(([c, n]) => c.repeat(n)).join('')], tables);
      }),
      { numRuns: 200, seed: 3 },
    );
  });

  it('is the reference on the corpora (a sample)', async () => {
    const folder = corporaFolder();
    if (folder === null) return;
    const texts: string[] = [];
    let n = 0;
    for (const file of corpusTexts(folder, 'multilingual'))
      for (const t of file.texts) if (n++ % 97 === 0) texts.push(t.slice(0, 1500).toWellFormed());
    expect(texts.length).toBeGreaterThan(70);
    for (const pieces of NAMES) await expectReference(texts, { ...merging, pieces, added: ADDED });
  });

  it('encodes rows that are wanted, from where the offsets begin, in chunks of any size', async () => {
    const kernel = await openBpeKernel({ ...merging, added: ADDED });
    const { values, offsets } = utf8Column(['left out', '<a> wheel', 'x'.repeat(600_000), '', 'é', 'end']);
    const of = (row: number): number[] =>
      referenceBpe(['', '<a> wheel', '', '', 'é', 'end'][row], { ...merging, added: ADDED });
    const wanted = Uint8Array.of(ROW.all, ROW.none, ROW.all, ROW.all, ROW.all);
    const lists = kernel.encode(values, offsets.subarray(1), 5, wanted);
    const rows = Array.from({ length: 5 }, (_, i) => lists.ids.slice(lists.offsets[i], lists.offsets[i + 1]));
    expect([...rows[0]]).toEqual(of(1));
    expect(rows[1].length).toBe(0);
    expect(rows[2].length).toBe(0);
    expect([...rows[3], ...rows[4]]).toEqual([...of(4), ...of(5)]);
    // Without the first set `<a>` is text.
    const parted = kernel.encode(values, offsets.subarray(1, 3), 1, Uint8Array.of(ROW.parted));
    expect([...parted.ids]).toEqual(referenceBpe('<a> wheel', { ...merging, added: [[], ADDED[1]] }));
  });

  it('finds added tokens of the first set with the white space that they take', async () => {
    const kernel = await openBpeKernel({ ...merging, added: ADDED });
    const matches = kernel.matches(new TextEncoder().encode('é <a>  <a><b>x ax'));
    // The two spaces are a token of their own, before the one that would take them.
    expect([...matches]).toEqual([3, 6, 900, 6, 8, 903, 8, 14, 901, 14, 15, 902]);
    expect((await openBpeKernel(merging)).matches(new TextEncoder().encode('<a>')).length).toBe(0);
  });

  it('takes megabytes of one letter, and gives its memory back', async () => {
    const kernel = await openBpeKernel(merging);
    const base = kernel.memoryBytes();
    const one = new Uint8Array(3 << 20).fill(0x61);
    const { ids } = kernel.encode(one, Int32Array.of(0, one.length), 1, null);
    const widths = new Map<number, number>(Array.from(merging.byteIds, (id) => [id, 1]));
    for (let i = 0; i < merging.merges.length; i += 3)
      widths.set(merging.merges[i + 2], widths.get(merging.merges[i])! + widths.get(merging.merges[i + 1])!);
    expect(ids.reduce((n, id) => n + widths.get(id)!, 0)).toBe(one.length);
    expect(kernel.memoryBytes()).toBeLessThan(base + 40 * one.length);
    const small = new TextEncoder().encode('the wheel');
    for (let i = 0; i < 80; i++) kernel.encode(small, Int32Array.of(0, small.length), 1, null);
    expect(kernel.memoryBytes()).toBe(base);
  });

  it('says which rows may not be in NFC', async () => {
    const kernel = await openBpeKernel(merging);
    const texts = [
      'plain ASCII, long enough for two steps',
      'é',
      'e\u0301',
      'नदी',
      'क\u093c',
      '\u1100\u1161',
      '가',
      '\u212b',
      '',
    ];
    const { values, offsets } = utf8Column(texts);
    // A virama and a vowel sign never compose, but the former has a place among marks.
    expect([...kernel.unusual(values, offsets, texts.length)]).toEqual([0, 0, 1, 0, 1, 1, 0, 1, 0]);
  });
});

describe('reference pieces', () => {
  it('are the whole text', () => {
    fc.assert(
      fc.property(text, fc.constantFrom(...NAMES), fc.constantFrom(...NUMBERS), (t, pieces, numbers) => {
        expect(referencePieces(t, pieces, numbers).join('')).toBe(t);
      }),
      { numRuns: 200, seed: 8 },
    );
  });

  it('are those of the papers', () => {
    const t = "It's 12345 OK'S\n\n  go";
    const of = (pieces: Pieces): string[] => referencePieces(t, pieces, 'with the rest');
    expect(of('gpt2')).toEqual(['It', "'s", ' 12345', ' OK', "'", 'S', '\n\n ', ' go']);
    expect(of('gpt4')).toEqual(['It', "'s", ' ', '123', '45', ' OK', "'S", '\n\n', ' ', ' go']);
    expect(of('qwen2')).toEqual(['It', "'s", ' ', '1', '2', '3', '4', '5', ' OK', "'S", '\n\n', ' ', ' go']);
    expect(of('o200k')).toEqual(["It's", ' ', '123', '45', " OK'S", '\n\n', ' ', ' go']);
    expect(referencePieces('a 12', 'gpt2', 'each')).toEqual(['a', ' ', '1', '2']);
    expect(referencePieces('a 12', 'gpt2', 'runs')).toEqual(['a', ' ', '12']);
  });
});
