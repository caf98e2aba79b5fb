import { type MinhashOptions, openMinhashKernel } from '../../src/kernels/minhash.ts';
import { openNgramKernel } from '../../src/kernels/ngrams.ts';
import { referenceMinhash } from '../../src/kernels/reference/minhash.ts';
import { referenceNgrams } from '../../src/kernels/reference/ngrams.ts';
import { referenceAnchors } from '../../src/kernels/reference/substring.ts';
import { gramOf, openSubstringKernel, RECORD_WORDS, type SubstringOptions, TIED } from '../../src/kernels/substring.ts';
import { utf8Column } from '../../src/streams/batch/columns.ts';

/** Told where a kernel and its reference disagree. */
export type Differ = (what: string, got: unknown, want: unknown, text: string) => void;

/** Compares kernels over a batch of texts with their references; `offsets` has one entry more than there are texts. */
export type CheckTexts = (values: Uint8Array, offsets: Int32Array, texts: readonly string[], differ: Differ) => void;

const NGRAM = 5;
/** Few permutations: the reference takes its time, and every one of them is the same arithmetic. */
const MINHASH: MinhashOptions = { unit: 'words', size: 5, bands: 2, rows: 2, method: 'minhash', seed: 1 };

/** Kernels of deduplication and decontamination: n-grams, MinHash, anchors of substrings in words and in bytes. */
export async function openDedupChecks(): Promise<CheckTexts> {
  const checks = [
    await ngramCheck(),
    await minhashCheck(),
    await anchorCheck({ unit: 'words', window: 8 }),
    await anchorCheck({ unit: 'words', window: 50 }),
    await anchorCheck({ unit: 'bytes', window: 32 }),
    await anchorCheck({ unit: 'bytes', window: 100 }),
  ];
  return (...args) => {
    for (const check of checks) check(...args);
  };
}

async function ngramCheck(): Promise<CheckTexts> {
  const kernel = await openNgramKernel(NGRAM);
  return (values, offsets, texts, differ) => {
    const got = kernel.list(values, offsets, texts.length);
    texts.forEach((text, row) => {
      const want = referenceNgrams(text, NGRAM);
      const from = got.offsets[row];
      const wrong = want.findIndex(
        (w, i) => w.hash !== got.hash[from + i] || w.start !== got.start[from + i] || w.end !== got.end[from + i],
      );
      const count = got.offsets[row + 1] - from;
      if (wrong >= 0 || count !== want.length) differ(`${NGRAM}-gram ${wrong}`, count, want.length, text);
    });
  };
}

async function minhashCheck(): Promise<CheckTexts> {
  const kernel = await openMinhashKernel(MINHASH);
  return (values, offsets, texts, differ) => {
    const got = kernel.keys(values, offsets, texts.length, null);
    texts.forEach((text, row) => {
      const want = referenceMinhash(text, MINHASH);
      const own = [0, 1].map((band) => BigInt.asUintN(64, got.keys[band * texts.length + row]));
      const normalized = [0, 1].map((k) => BigInt.asUintN(64, got.normalized[2 * row + k]));
      const keys = want.keys.length === 0 ? [0n, 0n] : want.keys;
      if (String([own, normalized]) !== String([keys, want.normalized]) || got.shingles[row] !== want.shingles.length)
        differ('minhash', String([got.shingles[row], own]), String([want.shingles.length, keys]), text);
    });
  };
}

/** Code units of a text that anchors are compared in: the reference hashes every gram anew. */
const ANCHORED = 4000;

async function anchorCheck(options: SubstringOptions): Promise<CheckTexts> {
  const kernel = await openSubstringKernel(options);
  return (_values, _offsets, whole, differ) => {
    const texts = whole.map((t) => (t.length > ANCHORED ? Buffer.from(t.slice(0, ANCHORED)).toString() : t));
    const { values, offsets } = utf8Column(texts);
    const { offsets: ends, words } = kernel.anchors(values, offsets, texts.length, null);
    const at64 = new BigUint64Array(words.buffer);
    texts.forEach((text, row) => {
      const own: string[] = [];
      for (let r = ends[row]; r < ends[row + 1]; r++) {
        const [sides, place, start, end] = words.subarray(r * RECORD_WORDS + 4, (r + 1) * RECORD_WORDS);
        own.push([at64[r * 4], at64[r * 4 + 1], sides & 0xffff, sides >>> 16, place, start, end].join(' '));
      }
      const want = referenceAnchors(text, options.unit, options.window, gramOf(options.window)).map((s) =>
        [s.anchor, s.hash, s.left, s.right, s.place, s.start, s.tied ? s.end + TIED : s.end].join(' '),
      );
      const wrong = want.findIndex((w, i) => w !== own[i]);
      if (wrong >= 0 || own.length !== want.length)
        differ(`${options.unit} ${options.window}, anchor ${wrong} of ${own.length}`, own[wrong], want[wrong], text);
    });
  };
}
