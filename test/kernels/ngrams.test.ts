import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { foldedForWords, SEPARATOR } from '../../src/kernels/folding.ts';
import { openNgramKernel } from '../../src/kernels/ngrams.ts';
import { referenceNgrams, referenceWords } from '../../src/kernels/reference/ngrams.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { corporaFolder } from '../helpers/corpora.ts';

const TEXTS = [
  '',
  ' \n\t ',
  'one',
  "Don't STOP: it's (really) fine -- 24,000 bytes.",
  'dont stop its really fine 24000 bytes',
  'Café, CAFE\u0301 and cafe\u0301',
  '速い茶色の狐 jumps 超える lazy 犬',
  'ภาษาไทย กับ english',
  'Straße ΣΊΣΥΦΟΣ İstanbul Ǆ 🙂 x🙂y',
  `${'word '.repeat(70)}end`,
  'a\u00a0b\u200bc\u2003d',
  'tail without space\u3000',
];

describe('n-gram kernel', () => {
  for (const size of [1, 2, 5, 32]) {
    it(`lists the ${size}-grams of the reference, with their bytes`, async () => {
      const kernel = await openNgramKernel(size);
      const { offsets, values } = utf8Column(TEXTS);
      const list = kernel.list(values, offsets, TEXTS.length);
      TEXTS.forEach((text, row) => {
        const from = list.offsets[row];
        const own = Array.from({ length: list.offsets[row + 1] - from }, (_, i) => ({
          hash: list.hash[from + i],
          start: list.start[from + i],
          end: list.end[from + i],
        }));
        expect(own).toEqual(referenceNgrams(text, size));
        expect(list.words[row]).toBe(referenceWords(text).length);
      });
    });
  }

  it('finds what the index holds, and nothing else', async () => {
    const kernel = await openNgramKernel(3);
    const wanted = ['the quick brown fox', 'a b c'].flatMap((t) => referenceNgrams(t, 3).map((g) => g.hash));
    kernel.look(BigUint64Array.from(wanted));
    const texts = ['See: The QUICK, brown fox!', 'nothing of it', 'x A-b, c? (a) B c', 'a b c'];
    const { offsets, values } = utf8Column(texts);
    const hits = kernel.hits(values, offsets, 4, Uint8Array.of(1, 1, 1, 0));
    expect([...hits.offsets]).toEqual([0, 2, 2, 3, 3]);
    expect([...hits.gram]).toEqual([0, 1, 2]);
    expect([...hits.word]).toEqual([1, 2, 3]);
    expect(texts[0].slice(hits.start[0], hits.end[1])).toBe('The QUICK, brown fox');
    expect(texts[2].slice(hits.start[2], hits.end[2])).toBe('a) B c');
    expect([...hits.words]).toEqual([5, 3, 6, 0]);
  });

  it('is the reference on the corpora (a sample)', async () => {
    const folder = corporaFolder();
    if (folder === null) return;
    const texts = ['mixed', 'multilingual'].flatMap((name) =>
      readdirSync(join(folder, name))
        .filter((f) => f.endsWith('.jsonl.zst'))
        .slice(0, name === 'mixed' ? 1 : 60)
        .flatMap((f) => {
          const lines = Buffer.from(decompress(readFileSync(join(folder, name, f))))
            .toString('utf8')
            .split('\n');
          return [3, 33]
            .filter((i) => i < lines.length - 1)
            .map((i) => (JSON.parse(lines[i]).text as string).slice(0, 3000));
        }),
    );
    expect(texts.length).toBeGreaterThan(50);
    const kernel = await openNgramKernel(4);
    const { offsets, values } = utf8Column(texts);
    const list = kernel.list(values, offsets, texts.length);
    texts.forEach((text, row) => {
      const [from, to] = [list.offsets[row], list.offsets[row + 1]];
      const want = referenceNgrams(text, 4);
      expect([...list.hash.subarray(from, to)]).toEqual(want.map((w) => w.hash));
      expect([...list.start.subarray(from, to)]).toEqual(want.map((w) => w.start));
      expect([...list.end.subarray(from, to)]).toEqual(want.map((w) => w.end));
    });
  });

  it('compares words without case, accents and punctuation', () => {
    const hashes = (t: string): bigint[] => referenceWords(t).map((w) => w.hash);
    expect(hashes(TEXTS[3])).toEqual(hashes(TEXTS[4]));
    expect(new Set(hashes('Café CAFE\u0301 cafe')).size).toBe(1);
    expect(hashes('犬が')).toHaveLength(2);
    expect([foldedForWords(0x20), foldedForWords(0x5f), foldedForWords(0x41)]).toEqual([SEPARATOR, 0, 0x61]);
  });
});
