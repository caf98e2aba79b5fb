import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { decompress } from 'fzstd';
import { describe, expect, it } from 'vitest';
import { openSubstringKernel, RECORD_WORDS, type SubstringRecords } from '../../../../src/kernels/substring.ts';
import { addSpan, type Spans } from '../../../../src/operators/dedup/spans/span-decision.ts';
import { substring } from '../../../../src/operators/dedup/spans/substring.ts';
import { byteEdges, wordEdges } from '../../../../src/operators/dedup/spans/substring-edges.ts';
import { substringBarrierOn } from '../../../../src/operators/dedup/spans/substring-stage.ts';
import { decisionsOf, outcomes } from '../../../helpers/barriers.ts';
import { corporaFolder } from '../../../helpers/corpora.ts';
import { repeatedPlaces } from '../../../helpers/suffix-array.ts';

/** More by SLUICE_FUZZ_RUNS. */
const RUNS = Number(process.env.SLUICE_FUZZ_RUNS ?? 60);

type Options = Parameters<typeof substring>[0];

async function left(
  options: Options,
  splits: readonly (readonly string[])[],
  memoryBytes?: number,
  rows?: number,
  parts?: number,
) {
  const operator = substring(options);
  return outcomes(operator, splits, await decisionsOf(operator, splits, { memoryBytes, rows, parts }));
}

/** The same with only so many bits of every hash, so that most of what is told equal is not. */
async function leftByBits(
  bits: number,
  options: Options,
  splits: readonly (readonly string[])[],
  memoryBytes?: number,
  parts?: number,
): Promise<string[]> {
  const operator = substring(options);
  const weak = ({ offsets, words }: SubstringRecords): SubstringRecords => ({
    offsets,
    words: words.map((w, i) => {
      const field = i % RECORD_WORDS;
      if (field < 4) return (w & (2 ** bits - 1)) * 0x01010101;
      // Hashes of what stands beside the anchor: there, or not.
      return field === 4 ? ((w & 0xffff) === 0 ? 0 : 1) + (w >>> 16 === 0 ? 0 : 0x10000) : w;
    }),
  });
  const barrier = await substringBarrierOn(operator.descriptor, async (o) => {
    const kernel = await openSubstringKernel(o);
    return {
      ...kernel,
      anchors: (...args) => weak(kernel.anchors(...args)),
      windows: (...args) => weak(kernel.windows(...args)),
    };
  });
  return outcomes(operator, splits, await decisionsOf(operator, splits, { memoryBytes, barrier, parts }));
}

/** The same by a suffix array. */
function expected(texts: readonly string[], window: number, unit: 'words' | 'bytes'): string[] {
  const units = texts.map((text) =>
    unit === 'bytes'
      ? [...Buffer.from(text)].map((b, i) => ({ symbol: String(b), start: i, end: i + 1 }))
      : [...text.matchAll(/[^\s\ufeff]+/g)].map((m) => {
          const start = Buffer.byteLength(text.slice(0, m.index));
          return { symbol: m[0], start, end: start + Buffer.byteLength(m[0]) };
        }),
  );
  const repeated = repeatedPlaces(
    units.map((u) => u.map((x) => x.symbol)),
    window,
  );
  return texts.map((text, d) => {
    const bytes = Buffer.from(text);
    const joined: Spans = [];
    units[d].forEach(({ start, end }, i) => {
      // Neighbouring units are one stretch: from the end of the unit before.
      if (repeated[d][i]) addSpan(joined, i > 0 && repeated[d][i - 1] ? units[d][i - 1].end : start, end);
    });
    const spans = unit === 'words' ? wordEdges(bytes, joined) : byteEdges(bytes, joined, true);
    const parts: Buffer[] = [];
    let at = 0;
    for (let k = 0; k < spans.length; k += 2) {
      parts.push(bytes.subarray(at, spans[k]));
      at = spans[k + 1];
    }
    const rest = Buffer.concat([...parts, bytes.subarray(at)]).toString('utf8');
    return spans.length > 0 && rest.trim() === '' ? '<substring_nothing_left>' : rest;
  });
}

const numbered = (from: number, count: number, prefix = 'w'): string =>
  Array.from({ length: count }, (_, i) => `${prefix}${from + i}`).join(' ');

describe('dedup.substring()', () => {
  it('cuts what stood before, in an earlier document or the same; one word less stays', async () => {
    const p = numbered(0, 10);
    const splits = [
      [`A start. ${p} An end.`, `Other ${p} tail`, `Else ${numbered(0, 9)} tail`],
      [`x ${p}\n\ny ${p}`, p, ''],
    ];
    expect(await left({ minWords: 10 }, splits)).toEqual([
      `A start. ${p} An end.`,
      'Other tail',
      `Else ${numbered(0, 9)} tail`,
      'x\n\ny',
      '<substring_nothing_left>',
      '',
    ]);
  });

  it('leaves one of a phrase said over and over', async () => {
    expect(await left({ minWords: 8 }, [[`${'one two three '.repeat(50)}end`]])).toEqual(['one two three end']);
  });

  it('sees through line ends, keeps one gap, and drops what gets too short', async () => {
    const p = numbered(0, 10);
    const splits = [[p, `a b\n${p.replaceAll(' ', '\n')} c`, `a\n\n${p}\n\nb c d`]];
    expect(await left({ minWords: 10, minWordsLeft: 4 }, splits)).toEqual([
      p,
      '<substring_min_words_left>',
      'a\n\nb c d',
    ]);
  });

  it('cuts stretches of bytes to whole words, or to whole code points', async () => {
    const p = 'the quick brown fox jumps over the lazy dog';
    const splits = [[`${p} é`, `un${p.slice(2)}xy and so on`]];
    expect(await left({ minBytes: 32 }, splits)).toEqual([`${p} é`, 'une dogxy and so on']);
    const wide = '人民共和国'.repeat(3);
    expect(await left({ minBytes: 40, wholeWords: false }, [[wide, `子${wide}女`]])).toEqual([
      '人民共和国'.repeat(3),
      '子女',
    ]);
  });

  it('leaves domains out of its scope alone', async () => {
    const p = numbered(0, 10);
    const operator = substring({ minWords: 10, where: { domain: ['web'] } });
    const splits = [
      [
        { text: p, domain: 'code' },
        { text: `a ${p}`, domain: 'web' },
        { text: `b ${p}`, domain: 'web' },
      ],
    ];
    expect(outcomes(operator, splits, await decisionsOf(operator, splits))).toEqual([p, `a ${p}`, 'b']);
  });

  it('cuts exactly what a suffix array finds: words', { timeout: 600_000 }, async () => {
    const word = fc.constantFrom('a', 'b', 'c ', 'd\n', 'é', 'f\n\n');
    const text = fc.array(word, { maxLength: 70 }).map((w) => w.join(' '));
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            text,
            text.map((t) => t + t),
          ),
          { maxLength: 6 },
        ),
        async (texts) => {
          expect(await left({ minWords: 8 }, [texts.slice(0, 2), texts.slice(2)])).toEqual(expected(texts, 8, 'words'));
        },
      ),
      { numRuns: RUNS, seed: 11 },
    );
  });

  it('cuts exactly what a suffix array finds: bytes', { timeout: 600_000 }, async () => {
    const text = fc.array(fc.constantFrom('ab', 'ba ', 'é', '人'), { maxLength: 60 }).map((w) => w.join(''));
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.oneof(
            text,
            text.map((t) => t + t),
          ),
          { maxLength: 4 },
        ),
        async (texts) => {
          expect(await left({ minBytes: 32 }, [texts])).toEqual(expected(texts, 32, 'bytes'));
        },
      ),
      { numRuns: RUNS, seed: 12 },
    );
  });

  it('decides the same with little memory, in other splits and batches', async () => {
    const texts = Array.from(
      { length: 400 },
      (_, i) => `${numbered(i * 3, 40)} ${numbered((i * 7919) % 911, 60, 'v')} ${numbered((i % 50) * 20, 30, 'u')}`,
    );
    const one = await left({ minWords: 20 }, [texts]);
    expect(one).toEqual(expected(texts, 20, 'words'));
    expect(await left({ minWords: 20 }, [texts], 30_000, 7)).toEqual(one);
    const many = Array.from({ length: 64 }, (_, s) => texts.slice((s * 400) / 64, ((s + 1) * 400) / 64));
    expect(await left({ minWords: 20 }, many, 30_000)).toEqual(one);
    const bytes = await left({ minBytes: 60 }, [texts.slice(0, 120)]);
    expect(bytes).toEqual(expected(texts.slice(0, 120), 60, 'bytes'));
    const few = many.map((split) => split.slice(0, 2)).filter((_, s) => s < 20);
    const some = few.flat();
    expect(await left({ minBytes: 60 }, few, 20_000, 1)).toEqual(await left({ minBytes: 60 }, [some]));
    expect(await leftByBits(6, { minBytes: 60 }, few.slice(0, 4), 20_000)).toEqual(
      expected(some.slice(0, 8), 60, 'bytes'),
    );
    // In parts by anchor; more parts than some splits have anchors.
    expect(await left({ minWords: 20 }, [texts.slice(0, 150), [], texts.slice(150)], undefined, 50, 3)).toEqual(one);
    expect(await left({ minBytes: 60 }, few, 20_000, 1, 5)).toEqual(await left({ minBytes: 60 }, [some]));
  });

  it('compares many different stretches of one anchor: forms with one sentence in common', async () => {
    // The sentence has an anchor of its own, and what stands beside it differs from form to form, or is that of one
    // before.
    const form = (i: number): string =>
      `${numbered(i * 50, 12, 'k')} ${numbered(0, 12)} ${numbered((i % 40) * 50, 12, 'm')}`;
    const texts = Array.from({ length: 200 }, (_, i) => form(i));
    const want = expected(texts, 16, 'words');
    expect(want.filter((t, i) => t !== texts[i]).length).toBe(160);
    expect(await left({ minWords: 16 }, [texts.slice(0, 70), texts.slice(70)])).toEqual(want);
    expect(await left({ minWords: 16 }, [texts.slice(0, 70), texts.slice(70)], 40_000)).toEqual(want);
  });

  it('never cuts by a hash: the same with hashes of 8, 2 and no bits', { timeout: 600_000 }, async () => {
    const word = fc.constantFrom('a', 'b', 'c ', 'd\n', 'é', 'f\n\n', '人', 'g');
    const text = fc.array(word, { maxLength: 60 }).map((w) => w.join(' '));
    const texts = fc.array(
      fc.oneof(
        text,
        text.map((t) => t + t),
      ),
      { minLength: 1, maxLength: 8 },
    );
    await fc.assert(
      fc.asyncProperty(texts, fc.constantFrom(0, 2, 8), async (list, bits) => {
        const splits = [list.slice(0, 3), list.slice(3)];
        expect(await leftByBits(bits, { minWords: 8 }, splits)).toEqual(expected(list, 8, 'words'));
        expect(await leftByBits(bits, { minBytes: 32 }, splits)).toEqual(expected(list, 32, 'bytes'));
      }),
      { numRuns: RUNS, seed: 13 },
    );
  });

  it('finds the copies that a collision hid, in the splits after it too', async () => {
    const page = (prefix: string): string => numbered(0, 40, prefix);
    // Different pages of one length, then a copy of each: with weak hashes all are taken for copies of the first.
    const splits = [
      [page('a'), page('b')],
      [page('c'), `x ${page('b')} y`],
      [`x ${page('c')} y`, `z ${page('a')}`],
    ];
    const want = [page('a'), page('b'), page('c'), 'x y', 'x y', 'z'];
    expect(await left({ minWords: 10 }, splits)).toEqual(want);
    expect(await leftByBits(0, { minWords: 10 }, splits)).toEqual(want);
    expect(await leftByBits(3, { minWords: 10 }, splits, 20_000)).toEqual(want);
    // A part without a collision, beside parts with one.
    expect(await leftByBits(3, { minWords: 10 }, splits, 20_000, 4)).toEqual(want);
  });

  it('cuts exactly what a suffix array finds in the planted corpus', { timeout: 600_000 }, async () => {
    const folder = corporaFolder();
    if (folder === null) return;
    const texts = Buffer.from(decompress(readFileSync(join(folder, 'planted/dups/docs-00.jsonl.zst'))))
      .toString('utf8')
      .split('\n')
      .slice(0, 250)
      .map((line) => (JSON.parse(line) as { text: string }).text);
    const found = await left({ minWords: 20 }, [texts]);
    expect(found.filter((t, i) => t !== texts[i]).length).toBeGreaterThan(10);
    expect(found).toEqual(expected(texts, 20, 'words'));
  });
});
