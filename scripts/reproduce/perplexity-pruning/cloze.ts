// Cloze items: the last word of a sentence. A model has an item when its greedy bytes are the word and then a byte that
// is no letter.
import type { Executor } from '../../../src/models/executors/executor.ts';
import type { LanguageModel } from '../../../src/models/language-model.ts';
import { logitsGraph, PADDING_SEGMENT } from '../../../src/models/scorers/scoring-graph.ts';
import { intTensor } from '../../../src/models/tensor.ts';
import { seededRandom } from '../../../src/random.ts';
import type { CorpusDocument } from '../../corpus-documents.ts';

/** Id that begins a document, as in models of `sluice train-reference`. */
const START = 256;

export interface ClozeItem {
  readonly domain: string;
  /** Bytes before the word, the space included. */
  readonly before: Uint8Array;
  /** The word, 3 to 12 ASCII letters. */
  readonly word: Uint8Array;
}

const LAST_WORD = / ([A-Za-z]{3,12})[.!?](?=\s|$)/g;

/**
 * One sentence of each document at most, seeded, until `each` items of a domain are there; at least 60 bytes stand
 * before the word.
 */
export function clozeItems(
  documents: readonly CorpusDocument[],
  each: number,
  context: number,
  seed: number,
): ClozeItem[] {
  const { below } = seededRandom(seed, 'cloze');
  const counts = new Map<string, number>();
  const items: ClozeItem[] = [];
  for (const { domain, text } of documents) {
    const have = counts.get(domain) ?? 0;
    if (have >= each) continue;
    const found = [...text.matchAll(LAST_WORD)].filter((m) => m.index >= 60);
    if (found.length === 0) continue;
    const match = found[below(found.length)];
    const word = Buffer.from(match[1]);
    // Model and word share the context: the start, the bytes before, the word.
    const before = Buffer.from(text.slice(0, match.index + 1)).subarray(-(context - word.length - 1));
    items.push({ domain, before, word });
    counts.set(domain, have + 1);
  }
  return items;
}

export interface ClozeResult {
  /** Share of the items whose greedy bytes are the word. */
  readonly accuracy: number;
  /** Mean negative log-likelihood of a word's bytes, in bits. */
  readonly bitsPerWord: number;
}

/** Teacher forcing, which gives the same answer as greedy generation: a wrong byte ends an item either way. */
export async function clozeOf(
  model: LanguageModel,
  executor: Executor,
  items: readonly ClozeItem[],
): Promise<ClozeResult> {
  const rows = 8;
  const { context, vocabulary } = model.config;
  const session = await executor.open(logitsGraph(model.config, { rows, length: context }), model.weights);
  let [right, bits] = [0, 0];
  try {
    for (let at = 0; at < items.length; at += rows) {
      const part = items.slice(at, at + rows);
      const tokens = new Int32Array(rows * context);
      const positions = new Int32Array(rows * context);
      const segments = new Int32Array(rows * context).fill(PADDING_SEGMENT);
      part.forEach(({ before, word }, r) => {
        [START, ...before, ...word].forEach((id, i) => {
          tokens[r * context + i] = id;
          positions[r * context + i] = i;
          segments[r * context + i] = 0;
        });
      });
      const shape = [rows, context];
      const feeds = new Map([
        ['tokens', intTensor(shape, tokens)],
        ['positions', intTensor(shape, positions)],
        ['segments', intTensor(shape, segments)],
      ]);
      const logits = (await session.run(feeds)).get('logits')!.data as Float32Array;
      part.forEach(({ before, word }, r) => {
        let all = true;
        for (let i = 0; i <= word.length; i++) {
          const from = (r * context + before.length + i) * vocabulary;
          const row = logits.subarray(from, from + vocabulary);
          const best = row.indexOf(row.reduce((a, b) => Math.max(a, b)));
          if (i === word.length) all &&= !isLetter(best);
          else {
            all &&= best === word[i];
            bits +=
              (Math.log(row.reduce((s, v) => s + Math.exp(v - row[best]), 0)) + row[best] - row[word[i]]) / Math.LN2;
          }
        }
        if (all) right++;
      });
    }
  } finally {
    await session.release();
  }
  return { accuracy: right / items.length, bitsPerWord: bits / items.length };
}

const isLetter = (byte: number): boolean => (byte >= 65 && byte <= 90) || (byte >= 97 && byte <= 122);
