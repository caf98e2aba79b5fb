/** Places after which the cache is emptied: it holds a few hundred bytes for each. */
const MOST = 1 << 16;

/** What stands before a token, and how what followed it is expected again. */
interface Context {
  /** How many ids; 0: all that stands before. */
  readonly ids: number;
  /** Taken from each token that followed and given to what shorter contexts say, 0 to 1. */
  readonly discount: number;
  /** What shorter contexts say weighs as many sightings as this. */
  readonly strength: number;
}

/** Shortest first; chosen by the likelihood of clean prose of one half of its sources (docs/models-notes.md). */
const WORDS: readonly Context[] = [
  { ids: 0, discount: 0.93, strength: 9400 },
  { ids: 1, discount: 0.73, strength: 10 },
  { ids: 2, discount: 0.65, strength: 1.6 },
  { ids: 3, discount: 0.45, strength: 0.35 },
];

const BYTES: readonly Context[] = [
  { ids: 3, discount: 0.8, strength: 15 },
  { ids: 6, discount: 0.6, strength: 2 },
  { ids: 9, discount: 0.4, strength: 0.3 },
];

/** Chance that from a token to the next one the better of model and cache becomes the other. */
const CHANGE = 0.001;

/**
 * Negative log-likelihoods under the model and a cache of the document itself (Kuhn and De Mori 1990): what the
 * document has said is expected again. Longer contexts are mixed over shorter ones, and the shortest over the model, by
 * the rule of Pitman and Yor (Teh 2006): a context counts for the less, the more different tokens have followed it.
 * Model and cache then share each token by how well either foretold those before it (Herbster and Warmuth 1998), so
 * that a document that does not repeat itself costs at most ln 2, and 0.0005 nats a token, more than under the model
 * alone. Takes a few microseconds a token, and nothing is learnt across documents.
 * @param ids a document; the first is not predicted
 * @param nll of ids 1 and on, in nats, as the model gives them
 * @param vocabulary number of ids; up to 257 means bytes
 * @returns the sum over ids 1 and on, in nats
 */
export function cachedSum(ids: Int32Array, nll: Float32Array, vocabulary: number): number {
  const contexts = vocabulary <= 257 ? BYTES : WORDS;
  let sum = 0;
  for (let from = 1; from < ids.length; from += MOST)
    sum += partSum(ids.subarray(from - 1, from + MOST), nll.subarray(from - 1, from - 1 + MOST), contexts);
  return sum;
}

/** More sightings than a part has tokens, so that two counts fit in one number. */
const SIGHTINGS = 2 ** 20;

function partSum(ids: Int32Array, nll: Float32Array, contexts: readonly Context[]): number {
  /** Of contexts: sightings, and SIGHTINGS for each different token after them. */
  const before = new Map<number, number>();
  /** Of contexts with the token after them: sightings. */
  const pairs = new Map<number, number>();
  let sum = 0;
  /** Of the cache; the rest is that of the model. */
  let share = 0.5;
  for (let i = 0; i + 1 < ids.length; i++) {
    const model = Math.exp(-nll[i]);
    let p = model;
    for (const { ids: length, discount, strength } of contexts) {
      if (length > i + 1) break;
      const context = keyOf(ids, i + 1 - length, i + 1, CONTEXT);
      const pair = keyOf(ids, i + 1 - length, i + 2, FOLLOWED);
      const counts = before.get(context) ?? 0;
      // Where the context is new, so is the pair.
      const together = counts > 0 ? (pairs.get(pair) ?? 0) : 0;
      if (counts > 0) {
        const [times, different] = [counts % SIGHTINGS, Math.floor(counts / SIGHTINGS)];
        const seen = together > 0 ? together - discount : 0;
        p = (seen + (strength + discount * different) * p) / (times + strength);
      }
      before.set(context, counts + 1 + (together > 0 ? 0 : SIGHTINGS));
      pairs.set(pair, together + 1);
    }
    const both = share * p + (1 - share) * model;
    // A token that the model all but excludes, and that is new: its likelihood may be less than the smallest double.
    sum += both > 0 ? -Math.log(both) : nll[i];
    if (both > 0) share = CHANGE / 2 + ((1 - CHANGE) * share * p) / both;
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
