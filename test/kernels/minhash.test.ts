import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { type MinhashOptions, openMinhashKernel } from '../../src/kernels/minhash.ts';
import {
  normalizedText,
  referenceJaccard,
  referenceMinhash,
  shingleWords,
  unitsOf,
} from '../../src/kernels/reference/minhash.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { corporaFolder } from '../helpers/corpora.ts';
import { generator, prose } from '../helpers/corpus.ts';

const DEFAULT: MinhashOptions = { unit: 'words', size: 5, bands: 14, rows: 8, method: 'minhash', seed: 1 };
const random = generator(5);
const TEXTS = [
  '',
  ' \n\t ',
  'one',
  'the quick brown fox jumps',
  "Don't STOP: it's (really) fine -- 24,000 bytes of snake_case text.",
  'Café, CAFE\u0301 and cafe\u0301 at the cafe',
  '速い茶色の狐 jumps 超える lazy 犬',
  'ภาษาไทย กับ english',
  'Straße ΣΊΣΥΦΟΣ İstanbul Ǆ 🙂 x🙂y “quoted” — a\u00adb soft',
  'a\u00a0b\u200bc\u2003d e f g',
  `${'supercalifragilisticexpialidocious'.repeat(9)} and a few words after it`,
  // Non-ASCII on both sides of every block boundary of 64 bytes.
  ...Array.from({ length: 8 }, (_, k) => `${'x'.repeat(58 + k)}é—日 word ${'y'.repeat(52)} “é🙂z” tail of the text`),
  ...Array.from(
    { length: 8 },
    (_, k) => `${'ab '.repeat(18)}${'c'.repeat(k)}\u0301\u0301\u0301\u0301\u0301é next words`,
  ),
  prose(random, 400),
  prose(random, 3000),
  `${prose(random, 1027)} — ${prose(random, 1030)}`,
];

async function expectEqual(texts: readonly string[], options: MinhashOptions): Promise<void> {
  const kernel = await openMinhashKernel(options);
  const { offsets, values } = utf8Column(texts);
  const made = kernel.keys(values, offsets, texts.length, null, true);
  texts.forEach((text, row) => {
    const expected = referenceMinhash(text, options);
    const list = kernel.shingles(Buffer.from(text));
    const own = Array.from(
      { length: list.length / 2 },
      (_, i) => (BigInt(list[2 * i + 1]) << 32n) | BigInt(list[2 * i]),
    );
    expect(own).toEqual(expected.shingles);
    expect(made.shingles[row]).toBe(expected.shingles.length);
    expect([...made.normalized.subarray(2 * row, 2 * row + 2)].map((v) => BigInt.asUintN(64, v))).toEqual([
      ...expected.normalized,
    ]);
    const keys = Array.from({ length: options.bands }, (_, b) => BigInt.asUintN(64, made.keys[b * texts.length + row]));
    if (expected.keys.length === 0) expect(new Set(keys)).toEqual(new Set([0n]));
    else expect(keys).toEqual(expected.keys);
    const n = made.signatureLength;
    if (expected.keys.length > 0) expect(made.signatures!.slice(row * n, (row + 1) * n)).toEqual(expected.signature);
  });
}

describe('MinHash kernel', () => {
  it.each<Partial<MinhashOptions>>([
    {},
    { size: 1, bands: 3, rows: 5 },
    { size: 13, bands: 9, rows: 13, seed: 7 },
    { unit: 'characters', size: 24, bands: 20, rows: 13 },
    { method: 'oph' },
    { method: 'oph', unit: 'characters', size: 3, bands: 2, rows: 3 },
    { size: 64, bands: 1, rows: 1 },
  ])('is the reference with %o', async (options) => {
    await expectEqual(TEXTS, { ...DEFAULT, ...options });
  });

  it('leaves rows out, and starts anywhere in the values', async () => {
    const kernel = await openMinhashKernel(DEFAULT);
    const { offsets, values } = utf8Column(['left out by its offset', ...TEXTS.slice(4, 7)]);
    const made = kernel.keys(values, offsets.subarray(1), 3, Uint8Array.of(1, 0, 1));
    expect([...made.shingles]).toEqual([9, -1, 8]);
    expect(made.keys[1]).toBe(0n);
    const all = kernel.keys(values, offsets, 4, null);
    expect(made.keys[0]).toBe(all.keys[1]);
    expect(made.normalized[4]).toBe(all.normalized[6]);
  });

  it('is the reference on the corpora (a sample)', async () => {
    const folder = corporaFolder();
    if (folder === null) return;
    const texts = ['mixed', 'multilingual', 'planted/dups'].flatMap((name) =>
      readdirSync(join(folder, name))
        .filter((f) => f.endsWith('.jsonl.zst'))
        .slice(0, 6)
        .flatMap((f) => {
          const lines = Buffer.from(decompress(readFileSync(join(folder, name, f))))
            .toString('utf8')
            .split('\n');
          return [7, 77]
            .filter((i) => i < lines.length - 1)
            .map((i) => (JSON.parse(lines[i]).text as string).slice(0, 6000));
        }),
    );
    expect(texts.length).toBeGreaterThan(10);
    await expectEqual(texts, { ...DEFAULT, bands: 4, rows: 4 });
  });
});

describe('words of a shingle', () => {
  it('are letters, marks and numbers, folded, of any script, and the operators before them', () => {
    expect(shingleWords("Don't STOP: Café 24,000 snake_case — 犬が \u200bZero\u200bWidth C++ a > -b *")).toEqual([
      'don',
      't',
      'stop',
      'cafe\u0301',
      '24',
      '000',
      'snake\x7fcase',
      '犬',
      'か\u3099',
      'zerowidth',
      'c',
      '++a',
      '>-b',
      '*',
    ]);
    expect(unitsOf('One, two', 'characters').join('')).toBe('one two');
    expect(normalizedText('e.g. 50,000 Words!')).toBe(normalizedText('EG 50000\nwords'));
  });

  it('make sets whose similarity is exact', () => {
    const grams = (t: string) => referenceMinhash(t, { ...DEFAULT, size: 2 }).shingles;
    expect(referenceJaccard(grams('a b c d'), grams('A, B: c e'))).toBe(2 / 4);
    expect(referenceJaccard(grams('a'), grams('a'))).toBe(0);
  });
});
