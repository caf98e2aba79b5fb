import type { Members } from '../minhash/members.ts';
import { KeyNumbers } from './key-numbers.ts';

/**
 * A band key remembers its first survivors, as many as this: what bounds the work in a crowd of texts that share a
 * formula.
 */
const SURVIVORS_OF_KEY = 32;
/** Survivors that a document is compared with at most: those that share most band keys. */
const COMPARED = 32;

/**
 * From the best rank down: a member whose true similarity to a survivor that shares a band key is at least `threshold`
 * is dropped in favour of the most similar one (equal: the better rank); the others survive. Documents below `earlier`
 * survive unasked, before all others.
 * @param similarityOf of two members.
 */
export function surviveInOrder(
  { documents, offsets, keys }: Members,
  rank: Float64Array | null,
  threshold: number,
  earlier: number,
  similarityOf: (member: number, survivor: number) => number,
  drop: (member: number, survivor: number, similarity: number) => void,
): void {
  const order = Int32Array.from(documents, (_, m) => m);
  if (rank !== null) order.sort((x, y) => rank[documents[y]] - rank[documents[x]] || x - y);
  const heads = new KeyHeads(keys);
  // The survivors of a key: a list of members through `next`, in the order they survived.
  const next = new Int32Array(keys.length).fill(-1);
  const owner = new Int32Array(keys.length);
  const shared = new Int32Array(documents.length);
  const found: number[] = [];
  for (const member of order) {
    found.length = 0;
    const asked = documents[member] >= earlier;
    for (let e = offsets[member]; asked && e < offsets[member + 1]; e++) {
      let node = heads.first(e);
      for (let n = 0; node >= 0 && n < SURVIVORS_OF_KEY; n++, node = next[node]) {
        if (shared[owner[node]]++ === 0) found.push(owner[node]);
      }
    }
    if (found.length > COMPARED) found.sort((x, y) => shared[y] - shared[x]);
    let best = -1;
    let similarity = -1;
    for (const [k, other] of found.entries()) {
      shared[other] = 0;
      if (k >= COMPARED || similarity === 1) continue;
      const s = similarityOf(member, other);
      if (s > similarity || (s === similarity && better(rank, documents, other, best))) [best, similarity] = [other, s];
    }
    if (best >= 0 && similarity >= threshold) {
      drop(member, best, similarity);
      continue;
    }
    for (let e = offsets[member]; e < offsets[member + 1]; e++) {
      owner[e] = member;
      heads.append(e, next);
    }
  }
}

function better(rank: Float64Array | null, documents: Int32Array, a: number, b: number): boolean {
  if (rank !== null && rank[documents[a]] !== rank[documents[b]]) return rank[documents[a]] > rank[documents[b]];
  return a < b;
}

/** First and last entry of each key's list. */
class KeyHeads {
  #keys: Uint32Array;
  #numbers: KeyNumbers;
  #heads: Int32Array;
  #tails: Int32Array;
  #lengths: Uint8Array;

  constructor(keys: Uint32Array) {
    this.#keys = keys;
    // Every key is shared: there are half as many.
    const room = Math.ceil(keys.length / 2);
    this.#numbers = new KeyNumbers(1, room);
    this.#heads = new Int32Array(room);
    this.#tails = new Int32Array(room);
    this.#lengths = new Uint8Array(room);
  }

  /** First entry of the list of an entry's key, or -1. */
  first(entry: number): number {
    const n = this.#numbers.find(this.#keys, entry);
    return n < 0 ? -1 : this.#heads[n];
  }

  append(entry: number, next: Int32Array): void {
    const known = this.#numbers.count;
    const n = this.#numbers.number(this.#keys, entry);
    if (n === known) this.#heads[n] = entry;
    else {
      if (this.#lengths[n] >= SURVIVORS_OF_KEY) return;
      next[this.#tails[n]] = entry;
    }
    this.#tails[n] = entry;
    this.#lengths[n]++;
  }
}
