/** N-grams of one length, sorted by their words from first to last, each once. */
export interface Level {
  /** `n` words a row. */
  readonly grams: Int32Array;
  /** log10 p(last word | the others); NaN where the n-gram stands here only because longer ones begin with it. */
  readonly log10: Float32Array;
  /** log10 of the weight with which the model backs off from this context; not read at the highest order. */
  readonly backoff: Float32Array;
}

/**
 * An n-gram model as an automaton over token ids. A state is the longest context that the model knows, a node of the
 * trie of n-grams read from first word to last; -1 is no context. Nodes stand level by level and sorted, so the
 * children of a node are neighbours. Node i < vocabulary is token i.
 */
export interface Trie {
  readonly order: number;
  /** `levels[n - 1] .. levels[n]` are the nodes of n words. */
  readonly levels: Int32Array;
  readonly token: Int32Array;
  readonly log10: Float32Array;
  /** Node of the longest proper ending that the model knows, -1 for none. */
  readonly suffix: Int32Array;
  /** For nodes shorter than the order. */
  readonly backoff: Float32Array;
  /** Children of such a node: `firstChild[i] .. firstChild[i + 1]`. */
  readonly firstChild: Int32Array;
}

/** The child of a state by a token, or -1; a sorted search, for building. */
export function childOf({ token, firstChild }: Pick<Trie, 'token' | 'firstChild'>, node: number, word: number): number {
  let low = firstChild[node];
  let high = firstChild[node + 1];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (token[middle] < word) low = middle + 1;
    else high = middle;
  }
  return low < firstChild[node + 1] && token[low] === word ? low : -1;
}

/** Grows a trie level by level, from single words up. */
export class TrieBuilder {
  readonly order: number;
  readonly levels: Int32Array;
  token: Int32Array;
  log10: Float32Array;
  suffix: Int32Array;
  backoff: Float32Array;
  firstChild: Int32Array;
  #built = 0;

  /** @param sizes n-grams of each order; all words of the vocabulary are in the first. */
  constructor(sizes: readonly number[]) {
    this.order = sizes.length;
    this.levels = new Int32Array(sizes.length + 1);
    sizes.forEach((size, i) => {
      this.levels[i + 1] = this.levels[i] + size;
    });
    const nodes = this.levels[this.order];
    const inner = this.levels[this.order - 1];
    this.token = new Int32Array(nodes);
    this.log10 = new Float32Array(nodes);
    this.suffix = new Int32Array(nodes).fill(-1);
    this.backoff = new Float32Array(inner);
    this.firstChild = new Int32Array(inner + 1);
    this.firstChild[0] = this.levels[1];
  }

  /** Node of n words or -1, once their level is complete. */
  find(words: Int32Array, from: number, count: number): number {
    let node = words[from];
    for (let k = 1; k < count && node >= 0; k++) node = childOf(this, node, words[from + k]);
    return node;
  }

  /**
   * Adds a node of the next level, in order; `parent` is not less than that of the node before. Returns it.
   */
  add(parent: number, word: number, log10: number, backoff: number): number {
    const node = this.#built++;
    this.token[node] = word;
    this.log10[node] = log10;
    if (node < this.backoff.length) this.backoff[node] = backoff;
    if (parent >= 0) this.firstChild[parent + 1] = node + 1;
    return node;
  }

  /**
   * Call when the n-grams of n words are all there: their endings are linked, missing probabilities follow from backing
   * off.
   */
  endLevel(n: number): void {
    if (n === 1) return;
    const parents = [this.levels[n - 2], this.levels[n - 1]] as const;
    for (let i = parents[0]; i < parents[1]; i++)
      if (this.firstChild[i + 1] < this.firstChild[i]) this.firstChild[i + 1] = this.firstChild[i];
    for (let parent = parents[0]; parent < parents[1]; parent++)
      for (let i = this.firstChild[parent]; i < this.firstChild[parent + 1]; i++) this.#link(parent, i);
  }

  #link(parent: number, node: number): void {
    const word = this.token[node];
    let weight = this.backoff[parent];
    let ending = word;
    for (let state = this.suffix[parent]; state >= 0; state = this.suffix[state]) {
      const child = childOf(this, state, word);
      if (child >= 0) {
        ending = child;
        break;
      }
      weight += this.backoff[state];
    }
    this.suffix[node] = ending;
    if (Number.isNaN(this.log10[node])) this.log10[node] = weight + this.log10[ending];
  }

  done(): Trie {
    const { order, levels, token, log10, suffix, backoff, firstChild } = this;
    return { order, levels, token, log10, suffix, backoff, firstChild };
  }
}

/** A trie of levels as an ARPA file gives them: beginnings of longer n-grams that are missing are put in. */
export function buildTrie(levels: readonly Level[]): Trie {
  const complete = withBeginnings(levels);
  const builder = new TrieBuilder(complete.map((l) => l.log10.length));
  let parents = 0;
  complete.forEach(({ grams, log10, backoff }, i) => {
    const n = i + 1;
    const before = complete[i - 1]?.grams;
    let parent = 0;
    for (let row = 0; row < log10.length; row++) {
      if (before) while (compareGrams(before, parent, n - 1, grams, row, n) !== 0) parent++;
      builder.add(before ? parents + parent : -1, grams[row * n + n - 1], log10[row], backoff[row]);
    }
    builder.endLevel(n);
    parents = builder.levels[i];
  });
  return builder.done();
}

/** Compares row a of `n` words with the first `n` words of row b of `m`. */
function compareGrams(a: Int32Array, rowA: number, n: number, b: Int32Array, rowB: number, m: number): number {
  for (let k = 0, i = rowA * n, j = rowB * m; k < n; k++, i++, j++) if (a[i] !== b[j]) return a[i] - b[j];
  return 0;
}

function withBeginnings(levels: readonly Level[]): Level[] {
  const out = [...levels];
  for (let n = levels.length; n > 2; n--) {
    const longer = out[n - 1];
    const shorter = out[n - 2];
    const missing: number[] = [];
    let at = 0;
    for (let row = 0; row < longer.log10.length; row++) {
      while (at < shorter.log10.length && compareGrams(shorter.grams, at, n - 1, longer.grams, row, n) < 0) at++;
      if (at < shorter.log10.length && compareGrams(shorter.grams, at, n - 1, longer.grams, row, n) === 0) continue;
      const last = missing.at(-1);
      if (last === undefined || !sameBeginning(longer.grams, last, row, n)) missing.push(row);
    }
    if (missing.length > 0) out[n - 2] = merged(shorter, n - 1, longer, missing);
  }
  return out;
}

/** Two rows of `n` words that differ in the last at most. */
function sameBeginning(grams: Int32Array, a: number, b: number, n: number): boolean {
  for (let k = 0; k < n - 1; k++) if (grams[a * n + k] !== grams[b * n + k]) return false;
  return true;
}

/** The n-grams of a level and the beginnings of some longer ones, sorted. */
function merged(level: Level, n: number, longer: Level, rows: readonly number[]): Level {
  const total = level.log10.length + rows.length;
  const grams = new Int32Array(total * n);
  const log10 = new Float32Array(total);
  const backoff = new Float32Array(total);
  let a = 0;
  let b = 0;
  for (let i = 0; i < total; i++) {
    const own =
      b === rows.length ||
      (a < level.log10.length && compareGrams(level.grams, a, n, longer.grams, rows[b], n + 1) < 0);
    const from = own ? a * n : rows[b] * (n + 1);
    grams.set((own ? level : longer).grams.subarray(from, from + n), i * n);
    log10[i] = own ? level.log10[a] : Number.NaN;
    backoff[i] = own ? level.backoff[a] : 0;
    if (own) a++;
    else b++;
  }
  return { grams, log10, backoff };
}

/** log10 probability that an ARPA file writes for `<s>`, which nothing ever predicts. */
export const NEVER = -99;
