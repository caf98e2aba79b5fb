import type { Split } from './split.ts';
import type { Trie } from './trie.ts';
import type { Vocabulary } from './vocabulary.ts';

/** What an n-gram model was made from; for people. */
export interface NgramOrigin {
  readonly name: string;
  /** Sequences (lines, documents) and tokens it was trained on; 0 where it is not known. */
  readonly sequences: number;
  readonly tokens: number;
  readonly textBytes: number;
  /** N-grams that occur at most so often were left out, by order; empty where it is not known. */
  readonly prune: readonly number[];
  /** What was taken off counts of 1, 2, and 3 or more, by order. */
  readonly discounts: readonly (readonly number[])[];
}

/** What an n-gram model was trained on, so that it does not score it. */
export interface NgramTrainedOn {
  /** How documents were grouped: `text`, or a field such as `metadata.group`. */
  readonly groupBy: string;
  /** Hashes (xxh64) of groups and texts, ascending, each once. */
  readonly hashes: BigUint64Array;
}

/** An n-gram language model with backing off. */
export interface NgramModel {
  readonly split: Split;
  readonly vocabulary: Vocabulary;
  readonly trie: Trie;
  readonly origin: NgramOrigin;
  /** Null where it is not known, as in ARPA files. */
  readonly trainedOn: NgramTrainedOn | null;
}

/** Children of more nodes than this are found by a table, of fewer by going through them. */
const SCANNED = 8;

/** Goes through token ids one by one and adds up log10 probabilities. */
export interface NgramWalk {
  /** Context `<s>`. */
  begin(): void;
  /** Context empty. */
  forget(): void;
  /** log10 p(token | what came before). */
  step(token: number): number;
  /** Words of the longest n-gram that the last step found. */
  matched(): number;
  readonly memoryBytes: number;
}

/** A walk of its own over a model; the model's arrays are shared. */
export function ngramWalk(
  { order, levels, token, log10, suffix, backoff, firstChild }: Trie,
  beginId: number,
): NgramWalk {
  const inner = backoff.length;
  const table = childTable({ token, firstChild }, inner);
  const mask = table.length - 1;
  let state = -1;
  let last = -1;

  const child = (node: number, word: number): number => {
    const from = firstChild[node];
    const to = firstChild[node + 1];
    if (to - from <= SCANNED) {
      for (let i = from; i < to; i++) if (token[i] === word) return i;
      return -1;
    }
    for (let slot = slotOf(node, word) & mask; ; slot = (slot + 1) & mask) {
      const i = table[slot];
      if (i < 0) return -1;
      if (token[i] === word && i >= from && i < to) return i;
    }
  };
  return {
    begin() {
      state = order > 1 ? beginId : -1;
    },
    forget() {
      state = -1;
    },
    step(word) {
      let weight = 0;
      let node = word;
      while (state >= 0) {
        const found = child(state, word);
        if (found >= 0) {
          node = found;
          break;
        }
        weight += backoff[state];
        state = suffix[state];
      }
      state = node < inner ? node : suffix[node];
      last = node;
      return weight + log10[node];
    },
    matched() {
      let n = 1;
      while (last >= levels[n]) n++;
      return n;
    },
    memoryBytes: table.byteLength,
  };
}

const slotOf = (node: number, word: number): number => {
  const hash = Math.imul(node, 0x9e3779b1) ^ Math.imul(word, 0x85ebca6b);
  return hash ^ (hash >>> 15);
};

/** Open addressing over the children of nodes that have many. */
function childTable({ token, firstChild }: Pick<Trie, 'token' | 'firstChild'>, inner: number): Int32Array {
  let entries = 0;
  for (let i = 0; i < inner; i++) {
    const children = firstChild[i + 1] - firstChild[i];
    if (children > SCANNED) entries += children;
  }
  let size = 16;
  while (size < 2 * entries) size *= 2;
  const table = new Int32Array(size).fill(-1);
  for (let node = 0; node < inner; node++) {
    if (firstChild[node + 1] - firstChild[node] <= SCANNED) continue;
    for (let i = firstChild[node]; i < firstChild[node + 1]; i++) {
      let slot = slotOf(node, token[i]) & (size - 1);
      while (table[slot] >= 0) slot = (slot + 1) & (size - 1);
      table[slot] = i;
    }
  }
  return table;
}
