import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { beforeAll, describe, expect, it } from 'vitest';
import { C4_DEFAULTS } from '../../src/kernels/c4.ts';
import { type Kernel, loadKernel } from '../../src/kernels/kernel.ts';
import { c4Document } from '../../src/kernels/reference/c4-lines.ts';
import { referenceStatistics } from '../../src/kernels/reference/statistics.ts';
import { FAMILY, STATISTICS } from '../../src/kernels/statistics.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { madeDocuments } from '../helpers/corpus.ts';

let kernel: Kernel;
beforeAll(async () => {
  kernel = await loadKernel();
});

const width = STATISTICS.length;
const index = (name: string): number => STATISTICS.findIndex((s) => s.name === name);

/** The statistics of each text, as rows of values in the order of STATISTICS. */
function byKernel(texts: readonly string[], families: number = FAMILY.all): number[][] {
  const { values, offsets } = utf8Column(texts);
  const out = kernel.statistics(values, offsets, texts.length, null, families);
  return texts.map((_, row) => Array.from(out.subarray(row * width, (row + 1) * width)));
}

const byReference = (text: string): number[] => {
  const all = referenceStatistics(text);
  return STATISTICS.map((s) => all[s.name]);
};

function c4ByKernel(texts: readonly string[]): unknown[] {
  const { values, offsets } = utf8Column(texts);
  const got = kernel.c4Lines(values, offsets, texts.length);
  const spans = (start: Int32Array, end: Int32Array, of: Int32Array, row: number): { start: number; end: number }[] =>
    Array.from(start.subarray(of[row], of[row + 1]), (s, i) => ({ start: s, end: end[of[row] + i] }));
  return texts.map((_, row) => ({
    lines: spans(got.start, got.end, got.lineOffsets, row).map((s, i) => ({
      ...s,
      code: got.code[got.lineOffsets[row] + i],
    })),
    flags: got.flags[row],
    sentences: got.sentences[row],
    citations: spans(got.citationStart, got.citationEnd, got.citationOffsets, row),
  }));
}

/** Equal to the bit, and telling where if not. */
function expectEqual(texts: readonly string[]): void {
  const statistics = byKernel(texts);
  const lines = c4ByKernel(texts);
  texts.forEach((text, row) => {
    const want = byReference(text);
    const wrong = STATISTICS.filter((_, k) => !Object.is(statistics[row][k], want[k])).map(
      ({ name }) =>
        `${name}: ${statistics[row][index(name)]} for ${want[index(name)]} in ${JSON.stringify(text.slice(0, 200))}`,
    );
    expect(wrong).toEqual([]);
    expect(lines[row]).toEqual(c4Document(text, C4_DEFAULTS));
  });
}

describe('kernel and reference', () => {
  it('agree on strings at the edge', () => {
    const long = 'x'.repeat(40);
    expectEqual([
      '',
      ' ',
      ' \n\t\r\n\u3000\u0085\u2029 ',
      '\0',
      '\0\0 \0\n\0',
      'a',
      '.',
      '...',
      '…',
      '\ufeff',
      '\u200b \u200d',
      '- * • —\n-\n*\n• a',
      `${long}${long}`,
      `${'.'.repeat(62)}..\n${'.'.repeat(63)}...`,
      ...Array.from({ length: 70 }, (_, i) => `${'x'.repeat(i)}“é”…\u00a0😀. ${'y'.repeat(70 - i)}(z)`),
      ...Array.from(
        { length: 20 },
        (_, i) => `"${'é'.repeat(20 + i)}." ${'-'.repeat(45 + i)} (${'中'.repeat(12 + i)}。」`,
      ),
      'a\0 a a\0 a\0 a',
      'abcdefgh abcdefgX abcdefgh1 abcdefgh1 abcdefghijklmnopq abcdefghijklmnopq abcdefghijklmnopr',
      'a b c d e f g h i j k l a b c d e f g h i j k l a b c d e f g h i j x',
      'İstanbul ıI ſs KELVIN K Å ß ẞ THE The tHe',
    ]);
  });

  it('agree on made documents', () => {
    expectEqual(madeDocuments(300, 7).map((d) => d.text));
  });

  const pieces = fc.constantFrom(
    ...[
      'a',
      'b',
      'the',
      'The',
      'word',
      'JavaScript',
      'lorem ipsum',
      'privacy policy',
      'Terms of Use',
      '{',
      'é',
      'ß',
      '中文',
    ],
    ...[
      '.',
      '...',
      '…',
      '!',
      '"',
      '”',
      ')',
      '-',
      '*',
      '•',
      '#',
      '$',
      '+',
      '[1]',
      '[edit]',
      '[citation needed]',
      '[12',
      '٣',
      '½',
    ],
    ...[
      ' ',
      ' ',
      ' ',
      '\n',
      '\n',
      '\n\n',
      '\r\n',
      '\t',
      '\u00a0',
      '\u3000',
      '\0',
      '\u0085',
      '\ufffd',
      '😀',
      '\u0301',
      '\u200b',
    ],
  );
  it('agree on random pieces of text', () => {
    const texts = fc.array(
      fc.array(pieces, { maxLength: 120 }).map((p) => p.join('')),
      { minLength: 1, maxLength: 8 },
    );
    fc.assert(fc.property(texts, expectEqual), { numRuns: 300, seed: 20 });
  });
  it('agree on random code points', () => {
    const texts = fc.array(fc.string({ unit: 'binary', maxLength: 200 }), { minLength: 1, maxLength: 8 });
    fc.assert(fc.property(texts, expectEqual), { numRuns: 200, seed: 21 });
  });
  it('agree on random repetition', () => {
    const words = fc.array(fc.constantFrom('a', 'bb', 'c', 'longerthaneight', 'longer-than-sixteen-bytes', 'ü'), {
      maxLength: 150,
    });
    const texts = fc.array(
      words.map((w) => w.join(' ')),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(fc.property(texts, expectEqual), { numRuns: 200, seed: 22 });
  });

  // Every 160th document of mixed and every 20th of the languages here; scripts/certify/kernels.ts takes every
  // document.
  const corpora = process.env.SLUICE_CORPORA ?? fileURLToPath(new URL('../../../shared/corpora', import.meta.url));
  it.each([
    ['mixed', 160],
    ['multilingual', 20],
  ])('agree on documents of %s', (folder, every) => {
    if (!existsSync(join(corpora, folder))) {
      console.log('skipped: no corpora');
      return;
    }
    const texts = readdirSync(join(corpora, folder))
      .filter((f) => f.endsWith('.jsonl.zst'))
      .flatMap((f) =>
        new TextDecoder()
          .decode(decompress(readFileSync(join(corpora, folder, f))))
          .trimEnd()
          .split('\n'),
      )
      .filter((_, i) => i % every === 0)
      .map((line) => JSON.parse(line).text as string);
    expect(texts.length).toBeGreaterThan(100);
    expectEqual(texts);
  });
});

describe('large texts', () => {
  it('reads a token of one megabyte', () => {
    const [row] = byKernel(['é'.repeat(500_000)]);
    expect(row[index('gopher_word_count')]).toBe(1);
    expect(row[index('text_max_word_length')]).toBe(500_000);
    expect(row[index('gopher_alpha_word_ratio')]).toBe(1);
  });
  it('reads a million equal lines', () => {
    const [row] = byKernel(['a\n'.repeat(1_000_000)]);
    expect(row[index('gopher_word_count')]).toBe(1_000_000);
    expect(row[index('gopher_duplicate_line_ratio')]).toBe(0.999999);
    expect(row[index('gopher_duplicate_paragraph_ratio')]).toBe(0);
    expect(row[index('gopher_top_2_gram_char_ratio')]).toBe((999_999 * 2) / 1_000_000);
    expect(row[index('gopher_duplicate_10_gram_char_ratio')]).toBe(0.999999);
    expect(row[index('fineweb_newline_ratio')]).toBe(1);
  });
  it('reads a million different words in Chinese lines and paragraphs', () => {
    const text = Array.from({ length: 500_000 }, (_, i) => `字${i}\u3000數\n${i % 2 ? '\n' : ''}`).join('');
    const [row] = byKernel([text]);
    expect(row[index('gopher_word_count')]).toBe(1_000_000);
    expect(row[index('text_lines')]).toBe(500_000);
    expect(row[index('text_distinct_word_ratio')]).toBe(0.500001);
    expect(row[index('gopher_duplicate_line_ratio')]).toBe(0);
  });
});

describe('statistics', () => {
  it('leaves out rows that are not alive, families that were not asked for, and bytes before the first offset', () => {
    const values = new TextEncoder().encode('xx one two three four');
    const out = kernel.statistics(
      values,
      Int32Array.of(3, 6, 10, 21),
      3,
      Uint8Array.of(1, 0, 1),
      FAMILY.gopher_quality,
    );
    expect(out.length).toBe(3 * width);
    expect(out[index('gopher_word_count')]).toBe(1);
    expect(out.subarray(width, 2 * width).every(Number.isNaN)).toBe(true);
    expect(out[2 * width + index('gopher_word_count')]).toBe(2);
    expect(out[index('fineweb_newline_ratio')]).toBeNaN();
    expect(out[index('text_chars')]).toBeNaN();
    expect(kernel.statistics(values, Int32Array.of(0), 0, null, FAMILY.all).length).toBe(0);
  });
  it('gives each family alone what it gives with all', () => {
    const texts = madeDocuments(40, 3).map((d) => d.text);
    const all = byKernel(texts);
    for (const family of ['gopher_quality', 'gopher_repetition', 'fineweb', 'text'] as const) {
      const own = byKernel(texts, FAMILY[family]);
      const wanted = all.map((row) => row.map((v, k) => (STATISTICS[k].family === family ? v : Number.NaN)));
      expect(own).toEqual(wanted);
    }
  });
  it('does not depend on what stands around a document', () => {
    const text = 'One two. Three?\n\nOne two. Three?';
    const [alone] = byKernel([text]);
    expect(byKernel(['“', text, '...x', text, 'é'])).toMatchObject({ 1: alone, 3: alone });
  });
  it('refuses offsets outside the values', () => {
    const values = new Uint8Array(4);
    expect(() => kernel.statistics(values, Int32Array.of(0, 5), 1, null, FAMILY.all)).toThrow(
      'statistics kernel: expected 2 offsets, not decreasing, within 4 bytes, got 2 offsets from 0 to 5.',
    );
    expect(() => kernel.statistics(values, Int32Array.of(2, 1, 4), 2, null, FAMILY.all)).toThrow('not decreasing');
  });
  it('keeps its memory at what the largest batch needs', async () => {
    const own = await loadKernel();
    const { values, offsets } = utf8Column([...madeDocuments(200, 5).map((d) => d.text)]);
    own.statistics(values, offsets, 200, null, FAMILY.all);
    const held = own.memoryBytes();
    for (let i = 0; i < 20; i++) own.statistics(values, offsets, 200, null, FAMILY.all);
    expect(own.memoryBytes()).toBe(held);
    expect(held).toBeLessThan(4 * 1024 * 1024);
  });
});
