import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { referenceAnchors, referenceWindows, type Stretch } from '../../src/kernels/reference/substring.ts';
import { gramOf, openSubstringKernel, RECORD_WORDS, TIED } from '../../src/kernels/substring.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';
import { corporaFolder } from '../helpers/corpora.ts';

type Unit = 'words' | 'bytes';

async function stretches(texts: readonly string[], unit: Unit, window: number, anchors: boolean) {
  const kernel = await openSubstringKernel({ unit, window });
  const { values, offsets } = utf8Column(texts);
  const { offsets: ends, words } = anchors
    ? kernel.anchors(values, offsets, texts.length, null)
    : kernel.windows(values, offsets, texts.length);
  const at64 = new BigUint64Array(words.buffer);
  return texts.map((_, row) =>
    Array.from({ length: ends[row + 1] - ends[row] }, (_, i): Stretch => {
      const r = ends[row] + i;
      const end = words[r * RECORD_WORDS + 7];
      const tied = anchors && end >= TIED;
      return {
        anchor: anchors ? at64[r * 4] : 0n,
        hash: at64[r * 4 + (anchors ? 1 : 0)],
        left: words[r * RECORD_WORDS + 4] & 0xffff,
        right: words[r * RECORD_WORDS + 4] >>> 16,
        place: words[r * RECORD_WORDS + 5],
        start: words[r * RECORD_WORDS + 6],
        end: tied ? end - TIED : end,
        tied,
      };
    }),
  );
}

async function checkAll(texts: readonly string[], unit: Unit, window: number): Promise<void> {
  expect(await stretches(texts, unit, window, true)).toEqual(
    texts.map((t) => referenceAnchors(t, unit, window, gramOf(window))),
  );
  expect(await stretches(texts, unit, window, false)).toEqual(texts.map((t) => referenceWindows(t, unit, window)));
}

describe('substring kernel', () => {
  it('equals the reference on made-up texts, words and bytes', async () => {
    const word = fc.constantFrom(
      'a',
      'b',
      'cd',
      'É',
      'eight888',
      'ninebytes',
      '人民',
      'x\u2003y',
      '\u00a0',
      '…\u3000',
      '\u200b',
    );
    const text = fc.array(word, { maxLength: 40 }).map((w) => w.join(' '));
    await fc.assert(
      fc.asyncProperty(
        fc.array(text, { maxLength: 4 }),
        fc.constantFrom<Unit>('words', 'bytes'),
        fc.integer({ min: 2, max: 12 }),
        checkAll,
      ),
      { numRuns: 300, seed: 7 },
    );
  });

  it('has fewer anchors than words', async () => {
    const text = Array.from({ length: 10_000 }, (_, i) => `w${(i * 7919) % 10_007}`).join(' ');
    const [found] = await stretches([text], 'words', 50, true);
    expect(found.length).toBe(500);
    const covered = found.reduce((end, s) => (s.start <= end ? Math.max(end, s.end) : Number.NaN), 0);
    expect(covered).toBe(text.length);
  });

  it('leaves rows out', async () => {
    const kernel = await openSubstringKernel({ unit: 'words', window: 2 });
    const { values, offsets } = utf8Column(['a b', 'a b', 'a']);
    expect([...kernel.anchors(values, offsets, 3, Uint8Array.of(0, 1, 1)).offsets]).toEqual([0, 0, 1, 1]);
  });

  it('equals the reference on the corpora', async () => {
    const folder = corporaFolder();
    if (folder === null) return;
    const lines = Buffer.from(decompress(readFileSync(join(folder, 'multilingual/udhr.jsonl.zst')))).toString('utf8');
    const texts = lines
      .split('\n')
      .filter((line, i) => line !== '' && i % 37 === 0)
      .map((line) => (JSON.parse(line) as { text: string }).text.slice(0, 3000));
    expect(texts.length).toBeGreaterThan(5);
    await checkAll(texts, 'words', 50);
  });
});
