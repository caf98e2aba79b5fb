import { ConfigError } from '../../errors.ts';
import type { NgramKernel } from '../../kernels/ngrams.ts';
import { utf8Column } from '../../streams/batch/columns.ts';
import { KeyNumbers } from '../dedup/tables/key-numbers.ts';
import type { BenchmarkItem } from './items.ts';

/** A text that is looked for: a part of an item, or question and answer of a short one together. */
export interface IndexedPart {
  readonly benchmark: string;
  readonly item: string;
  readonly part: 'question' | 'answer' | 'passage' | 'question+answer';
  readonly words: number;
}

/**
 * N-grams of all benchmark texts. The places of n-gram g are entries `first[g] .. first[g + 1]` of `part` and `at` (the
 * word it starts at). Memory: about 24 bytes in the kernel for each distinct n-gram, and here 12 bytes for each and 8
 * for each place.
 */
export interface BenchmarkIndex {
  readonly size: number;
  readonly parts: readonly IndexedPart[];
  readonly first: Int32Array;
  readonly part: Int32Array;
  readonly at: Int32Array;
  /** Words of part p are entries `wordOffsets[p] .. wordOffsets[p + 1]` of the next two. */
  readonly wordOffsets: Int32Array;
  /** Half a hash: tells words of one part apart. */
  readonly wordHash: Uint32Array;
  /** Bytes of the word as it stands in the benchmark, 255 at most. */
  readonly wordBytes: Uint8Array;
  /** Items of which no part is long enough. */
  readonly tooShort: number;
}

/**
 * Places kept of one n-gram; beyond them it is a phrase of the benchmark's form, and the first parts that hold it stand
 * for the others.
 */
const MOST_PLACES = 16;
/** Words of benchmarks that an index may hold: some 1.5 GB. */
const MOST_WORDS = 24_000_000;

interface Text extends Omit<IndexedPart, 'words'> {
  readonly text: string;
}

/**
 * The index over items, in their order; tells the kernel what to look for.
 * @param wordKernel one for single words
 * @param minWords words that a question, an answer or a passage must have to be looked for on its own; a shorter
 *   question counts only together with its answer right after it, from `size` words on. Errors: ConfigError for more
 *   than 24 million words.
 */
export function buildIndex(
  items: readonly BenchmarkItem[],
  kernel: NgramKernel,
  wordKernel: NgramKernel,
  size: number,
  minWords: number,
): BenchmarkIndex {
  const { texts, tooShort } = textsOf(items, wordKernel, size, minWords);
  const { offsets, values } = utf8Column(texts.map((t) => t.text));
  const list = kernel.list(values, offsets, texts.length);
  const words = wordKernel.list(values, offsets, texts.length);
  if (list.hash.length > MOST_WORDS) {
    throw new ConfigError({
      expected: `benchmarks of at most ${MOST_WORDS} words`,
      got: `${list.hash.length}`,
      where: 'decontaminate()',
      fix: 'Use two steps with fewer benchmarks each.',
    });
  }
  const { gramOf, distinct } = numbered(list.hash);
  kernel.look(distinct);
  return {
    size,
    parts: texts.map(({ text: _, ...t }, i) => ({ ...t, words: list.words[i] })),
    ...placesOf(gramOf, distinct.length, list.offsets, texts.length),
    wordOffsets: words.offsets,
    wordHash: Uint32Array.from({ length: words.start.length }, (_, i) => Number(words.hash[i] & 0xffffffffn)),
    wordBytes: Uint8Array.from(words.start, (start, i) => Math.min(255, words.end[i] - start)),
    tooShort,
  };
}

/** Numbers the different hashes in order of first appearance. */
function numbered(hash: BigUint64Array): { gramOf: Int32Array; distinct: BigUint64Array } {
  const words = new Uint32Array(hash.buffer, hash.byteOffset, hash.length * 2);
  const seen = new KeyNumbers(2, hash.length);
  const gramOf = new Int32Array(hash.length);
  for (let i = 0; i < hash.length; i++) gramOf[i] = seen.number(words, 2 * i);
  return { gramOf, distinct: new BigUint64Array(seen.keys().slice().buffer) };
}

/** The first places of each n-gram, in order of the benchmarks. */
function placesOf(
  gramOf: Int32Array,
  grams: number,
  offsets: Int32Array,
  parts: number,
): Pick<BenchmarkIndex, 'first' | 'part' | 'at'> {
  const first = new Int32Array(grams + 1);
  for (const g of gramOf) if (first[g + 1] < MOST_PLACES) first[g + 1]++;
  for (let g = 0; g < grams; g++) first[g + 1] += first[g];
  const part = new Int32Array(first[grams]);
  const at = new Int32Array(first[grams]);
  const next = first.slice(0, grams);
  for (let p = 0; p < parts; p++) {
    for (let i = offsets[p]; i < offsets[p + 1]; i++) {
      const place = next[gramOf[i]];
      if (place === first[gramOf[i] + 1]) continue;
      part[place] = p;
      at[place] = i - offsets[p];
      next[gramOf[i]]++;
    }
  }
  return { first, part, at };
}

/**
 * What is looked for of each item; a text that stands in several (a passage with five questions) is listed once, with
 * the first.
 */
function textsOf(
  items: readonly BenchmarkItem[],
  kernel: NgramKernel,
  size: number,
  minWords: number,
): { texts: Text[]; tooShort: number } {
  const { offsets, values } = utf8Column(items.flatMap((i) => [i.question, i.answer, i.passage]));
  const { words } = kernel.list(values, offsets, 3 * items.length);
  const seen = new Set<string>();
  const texts: Text[] = [];
  let tooShort = 0;
  items.forEach(({ benchmark, item, question, answer, passage }, i) => {
    const [q, a, p] = words.subarray(3 * i, 3 * i + 3);
    const found: [IndexedPart['part'], string][] = [];
    if (q >= minWords) found.push(['question', question!]);
    else if (q > 0 && a > 0 && a < minWords && q + a >= size) found.push(['question+answer', `${question} ${answer}`]);
    if (a >= minWords) found.push(['answer', answer!]);
    if (p >= minWords) found.push(['passage', passage!]);
    if (found.length === 0) tooShort++;
    for (const [part, text] of found) {
      if (seen.has(text)) continue;
      seen.add(text);
      texts.push({ benchmark, item, part, text });
    }
  });
  return { texts, tooShort };
}
