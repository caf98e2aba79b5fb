/** Places after which the cache is emptied: it holds a few hundred bytes for each. */
const MOST = 1 << 16;

/**
 * What stands before a token: how many ids, and how many sightings in the document weigh as much as what shorter
 * contexts say.
 */
interface Context {
  readonly ids: number;
  readonly prior: number;
}

/** How a document is expected to repeat itself; chosen by the likelihood of clean prose alone. */
interface Repeating {
  /** Share of what was seen before, whatever stands before it. */
  readonly seen: number;
  readonly contexts: readonly Context[];
}

/** Of ids that stand for words and parts of words. */
const WORDS: Repeating = {
  seen: 0.05,
  contexts: [
    { ids: 1, prior: 20 },
    { ids: 2, prior: 4 },
    { ids: 3, prior: 1 },
  ],
};

const BYTES: Repeating = {
  seen: 0.01,
  contexts: [
    { ids: 3, prior: 20 },
    { ids: 6, prior: 4 },
    { ids: 9, prior: 1 },
  ],
};

/**
 * Negative log-likelihoods under the model and a cache of the document itself (Kuhn and De Mori 1990, with the contexts
 * of an n-gram model): what the document has said is expected again, mixed from no context over the shorter ones to the
 * longest that was seen. Costs a few microseconds a token, and nothing is learnt across documents.
 * @param ids a document; the first is not predicted
 * @param nll of ids 1 and on, in nats, as the model gives them
 * @param vocabulary number of ids; up to 257 means bytes
 * @returns the sum over ids 1 and on, in nats
 */
export function cachedSum(ids: Int32Array, nll: Float32Array, vocabulary: number): number {
  const repeating = vocabulary <= 257 ? BYTES : WORDS;
  let sum = 0;
  for (let from = 1; from < ids.length; from += MOST)
    sum += partSum(ids.subarray(from - 1, from + MOST), nll.subarray(from - 1, from - 1 + MOST), repeating);
  return sum;
}

function partSum(ids: Int32Array, nll: Float32Array, { seen: share, contexts }: Repeating): number {
  const seen = new Map<number, number>();
  /** Sightings of contexts, and of contexts with the token after them. */
  const counts = new Map<number, number>();
  let sum = 0;
  for (let i = 0; i + 1 < ids.length; i++) {
    const id = ids[i + 1];
    const often = seen.get(id) ?? 0;
    let p = Math.exp(-nll[i]);
    if (i > 0) p = (1 - share) * p + (share * often) / i;
    for (const { ids: length, prior } of contexts) {
      if (length > i + 1) break;
      const before = keyOf(ids, i + 1 - length, i + 1, CONTEXT);
      const times = counts.get(before) ?? 0;
      const both = keyOf(ids, i + 1 - length, i + 2, FOLLOWED);
      // Where the context is new, so is the pair.
      const together = times > 0 ? (counts.get(both) ?? 0) : 0;
      p = (together + prior * p) / (times + prior);
      counts.set(before, times + 1);
      counts.set(both, together + 1);
    }
    seen.set(id, often + 1);
    // A token that the model all but excludes, and that is new: its likelihood may be less than the smallest double.
    sum += p > 0 ? -Math.log(p) : nll[i];
  }
  return sum;
}

/**
 * What a stretch of ids is counted as: the same one may be a context, and a shorter context with the token after it.
 */
const CONTEXT = 0x9e3779b1;
const FOLLOWED = 0x165667b1;

/** A stretch of ids as 53 bits, with its length. */
function keyOf(ids: Int32Array, from: number, to: number, as: typeof CONTEXT | typeof FOLLOWED): number {
  let a = Math.imul(to - from, as);
  let b = a ^ 0x7f4a7c15;
  for (let i = from; i < to; i++) {
    a = Math.imul(a ^ ids[i], 0x85ebca6b);
    a ^= a >>> 15;
    b = Math.imul(b ^ ids[i], 0xc2b2ae35);
    b ^= b >>> 13;
  }
  return (a >>> 0) * 2 ** 21 + (b >>> 11);
}
