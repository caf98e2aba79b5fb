import { existsSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { openMinhashKernel } from '../../src/kernels/minhash.ts';
import { referenceContentHash } from '../../src/kernels/reference/hash.ts';
import { normalizedCode, normalizedText } from '../../src/kernels/reference/minhash.ts';
import { makeSameTextFolding, sameTextFolding } from '../../src/kernels/same-text.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { generator } from '../helpers/corpus.ts';

const OPTIONS = { unit: 'words', size: 1, bands: 1, rows: 1, method: 'oph', seed: 0 } as const;

/** Hashes of the normalised texts, as the kernel and as the reference make them: equal, and then of one of them. */
async function hashesOf(texts: readonly string[], code: boolean): Promise<bigint[]> {
  const kernel = await openMinhashKernel(OPTIONS);
  const { values, offsets } = utf8Column(texts);
  const flags = new Uint8Array(texts.length).fill(code ? 1 : 0);
  const { normalized } = kernel.keys(values, offsets, texts.length, null, false, flags);
  return texts.map((text, i) => {
    const expected = referenceContentHash(Buffer.from(code ? normalizedCode(text) : normalizedText(text)));
    expect([0, 1].map((k) => BigInt.asUintN(64, normalized[2 * i + k]))).toEqual([...expected]);
    return expected[0];
  });
}

/** Texts that a reader would not call the same. */
const DIFFERENT: readonly (readonly [string, string, string])[] = [
  ['Devanagari vowel signs', 'वह लड़का घर में है', 'वह लड़की घर में है'],
  ['Devanagari anusvara', 'हस', 'हंस'],
  ['Bengali vowel signs', 'কাল', 'কলা'],
  ['Tamil vowel signs', 'கல்', 'கால்'],
  ['voiced kana', 'はしをわたる人', 'ばしをわたる人'],
  ['half-voiced kana', 'パス', 'バス'],
  ['halfwidth voiced kana', 'ﾊｽ', 'ﾊﾞｽ'],
  ['Vietnamese tones', 'ma', 'mạ'],
  ['Vietnamese vowels', 'tôi', 'tối'],
  ['Thai tone marks', 'ม้า', 'มา'],
  ['Thai vowels', 'กิน', 'กัน'],
  ['Lao tone marks', 'ໄກ', 'ໄກ່'],
  ['Burmese tones', 'စာ', 'စား'],
  ['Khmer vowels', 'កប', 'កាប'],
  ['Arabic hamza', 'سأل', 'سال'],
  ['Arabic vowel signs', 'عَلِمَ', 'عُلِمَ'],
  ['Hebrew points', 'סֵפֶר', 'סַפָּר'],
  ['Cyrillic short i', 'мой', 'мои'],
  ['Spanish', 'años', 'anos'],
  ['German', 'schon', 'schön'],
  ['Turkish', 'ilik', 'ılık'],
  ['Greek accents', 'πότε', 'ποτέ'],
  ['plus and minus', 'Compute 12 + 7.', 'Compute 12 - 7.'],
  ['plus and nothing', '12 + 7', '12 7'],
  ['minus and nothing', '12 - 7', '12 7'],
  ['less and more', 'a > b', 'a < b'],
  ['equal or not', 'a != b', 'a = b'],
  ['times and by', '6 × 2', '6 ÷ 2'],
  ['power', 'x^2', 'x2'],
  ['superscript', 'x²', 'x2'],
  ['brackets', '(a * b) + c', 'a * (b + c)'],
  ['sets', 'x ∈ A', 'x ∉ A'],
  ['decimal point', 'a dose of 1.27 g', 'a dose of 12.7 g'],
  ['decimal comma', '1,27', '12,7'],
  ['point at the front', '.5', '5'],
  ['Arabic decimal separator', '١٫٢٧', '١٢٫٧'],
  ['fullwidth decimal point', '１．２', '１２'],
  ['versions', 'version 1.2', 'version 12'],
  ['sign', 'It was -5 degrees.', 'It was 5 degrees.'],
  ['minus sign', '−5', '5'],
  ['range', '10-20', '1020'],
  ['columns of a table', '1 23', '12 3'],
  ['time of day', 'at 12:30', 'at 1230'],
  ['ratio', 'mixed 1:12', 'mixed 11:2'],
  ['verse', 'Psalm 1:12', 'Psalm 112'],
  ['fullwidth colon', '１：１２', '112'],
  ['per cent', '5%', '5'],
  ['currency', '$5', '€5'],
  ['C and C++', 'I like C.', 'I like C++.'],
  ['C# and C', 'I like C# more.', 'I like C more.'],
  ['C++ and C#', 'I like C++ more than Java.', 'I like C# more than Java.'],
  ['pointer', 'int *p = &x;', 'int p = x;'],
  ['not', 'if (!done)', 'if (done)'],
  ['and, or', 'a && b', 'a || b'],
  ['word boundary', 'the rapist', 'therapist'],
  ['emoji', 'fine 🙂', 'fine 🙁'],
];

/** Texts that a reader would call the same. */
const SAME: readonly (readonly [string, string, string])[] = [
  ['case', 'Straße ΣΊΣΥΦΟΣ Йод', 'STRAẞE σίσυφοσ йОД'],
  ['width', 'ＡＢＣ １２＋３', 'abc 12+3'],
  ['halfwidth kana', 'ﾊﾞｽ', 'バス'],
  ['ligatures', 'ﬁne aﬄuent', 'fine affluent'],
  ['Arabic presentation forms', 'ﻼ', 'لا'],
  ['tatweel', 'كـــتاب', 'كتاب'],
  ['cantillation', 'בְּרֵאשִׁ֖ית', 'בְּרֵאשִׁית'],
  ['composed or not', 'mạ é が'.normalize('NFC'), 'mạ é が'.normalize('NFD')],
  ['marks in another order', 'e\u0302\u0323', 'e\u0323\u0302'],
  ['white space', 'one  two\r\n\tthree\u00a0four', ' one two three four\n'],
  ['no white space in Chinese and Japanese', '日本語、 です', '日本語です'],
  ['Chinese beside Latin', '用 Node 写', '用Node写'],
  ['quotes', '“one” ‘two’ don’t', "\"one\" 'two' don't"],
  ['dashes', 'word—word – word', 'word - word, word'],
  ['punctuation', 'Yes! (Really?) A, b; c: d ... e.g. this.', 'yes really a b c d eg this'],
  ['thousands', '24,000 of 1,234,567', '24000 of 1234567'],
  ['spaces around operators', 'a+b = c', 'a + b=c'],
  ['minus sign', '−5', '-5'],
  ['soft hyphen and zero width space', 'ab\u00adc\u200bd', 'abcd'],
  ['emoji presentation', '❤\ufe0f', '❤'],
  ['lines and bullets', '│ one │\n• two', 'one two'],
];

describe('texts that are compared', () => {
  it.each(DIFFERENT)('differ by %s', async (_, a, b) => {
    const [first, second] = await hashesOf([a, b], false);
    expect(first).not.toBe(second);
  });

  it.each(SAME)('are the same but for %s', async (_, a, b) => {
    const [first, second] = await hashesOf([`x ${a}`, `x ${b}`], false);
    expect(first).toBe(second);
  });

  it('are folded by the kernel as by the reference, whatever stands beside what', async () => {
    const random = generator(11);
    const alphabet = [
      ...(' \n\t\u007f  ' +
        'ab11$`２٣e\u0301\u0323ạéが犬ก้मी_.,-:;\'"!#%&()[]{}*/\\<>=+^|~@?−×÷—‘،٫ﬁﾊﾞＡ．－（㎏🙂\u00ad\u200b\ufe0f\u0591\u0640'),
    ];
    const pick = (): string => alphabet[Math.floor(random() * alphabet.length)];
    const texts = Array.from({ length: 3000 }, (_, i) => Array.from({ length: i % 150 }, pick).join(''));
    const marks = `a${'\u0323\u0301'.repeat(100)}b`;
    const hashes = await hashesOf(
      [...texts, marks, `(${' '.repeat(300)}+`, `${'x'.repeat(61)}, -${'1'.repeat(70)}`],
      false,
    );
    expect(new Set(hashes).size).toBeGreaterThan(2900);
  });
});

describe('code that is compared', () => {
  it('is the same but for line ends and blank lines', async () => {
    const [a, b, c] = await hashesOf(['if x:\r\n  y()  \r\n\r\n', 'if x:\n\n  y()\n', '\n\t\nif x:\n  y()'], true);
    expect([b, c]).toEqual([a, a]);
  });

  it.each([
    ['case', 'A = 1', 'a = 1'],
    ['indentation', 'if x:\n  y()\nz()', 'if x:\n  y()\n  z()'],
    ['quotes', "x = '1'", 'x = 1'],
    ['commas', 'f(1,2)', 'f(12)'],
    ['full stops', 'a.b', 'ab'],
    ['semicolons', 'a\nb', 'a;\nb'],
  ])('differs by %s', async (_, a, b) => {
    const [first, second] = await hashesOf([a, b], true);
    expect(first).not.toBe(second);
  });

  it('is folded by the kernel as by the reference', async () => {
    const random = generator(12);
    const alphabet = [...' \t\n\r\f\vab;é'];
    const pick = (): string => alphabet[Math.floor(random() * alphabet.length)];
    const texts = Array.from({ length: 1000 }, (_, i) => Array.from({ length: i % 40 }, pick).join(''));
    expect(new Set(await hashesOf(texts, true)).size).toBeGreaterThan(500);
  });
});

it('the table that the build has written is the one that is made of the Unicode tables', () => {
  const [built, made] = [sameTextFolding(), makeSameTextFolding()].map((t) => [
    Buffer.from(t.index.buffer, t.index.byteOffset, t.index.byteLength).toString('base64'),
    Buffer.from(t.blocks.buffer, t.blocks.byteOffset, t.blocks.byteLength).toString('base64'),
  ]);
  expect(built[0] === made[0] && built[1] === made[1]).toBe(true);
  expect(existsSync(new URL('../../dist/kernels/same-text.table', import.meta.url))).toBe(true);
});
