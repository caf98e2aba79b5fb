/** A rank that is asked for: the value that has this many before it when the values of its group are sorted, from 0. */
export interface RankWanted {
  readonly group: number;
  readonly rank: number;
}

export interface ValueAtRank {
  readonly value: number;
  /** Values of the group that are less. */
  readonly below: number;
}

/** Calls `visit` with every value, in any order, how often it comes there (1); may be called again and again. */
export type Scan = (visit: (group: number, value: number, times?: number) => void) => Promise<void>;

/** Bits that one pass over the values finds out. */
const BITS = 11;

const float = new Float64Array(1);
const words = new Uint32Array(float.buffer);

/** Search for the value at one rank: the values that begin with the bits known, and how many lie before them. */
interface Search {
  readonly wanted: RankWanted;
  bits: number;
  high: number;
  low: number;
  before: number;
  candidates: number;
}

/**
 * The exact values at some ranks without sorting all: passes over the values narrow ranks down, 11 bits of the number
 * at a time, until what is left fits the memory; with many groups a pass takes those that fit.
 * @param counts values of each group. @param memoryBytes for histograms and for what is left.
 */
export async function valuesAtRanks(
  wanted: readonly RankWanted[],
  counts: readonly number[],
  scan: Scan,
  memoryBytes: number,
): Promise<ValueAtRank[]> {
  const searches = wanted.map(
    (w): Search => ({ wanted: w, bits: 0, high: 0, low: 0, before: 0, candidates: counts[w.group] }),
  );
  const most = Math.max(1024, Math.floor(memoryBytes / 16));
  const mostHistograms = Math.max(1, Math.floor(most / (1 << BITS)));
  const results = new Map<Search, ValueAtRank>();
  let open = searches;
  while (open.length > 0) {
    open = open.toSorted((a, b) => b.candidates - a.candidates);
    const large = open.filter((s) => s.bits < 64).slice(0, mostHistograms);
    if (sumOf(open) > most && sumOf(large) > most) {
      await narrow(large, scan);
      continue;
    }
    const fitting = firstThatFit(open, most);
    for (const [search, value] of await collect(open.slice(0, fitting), scan)) results.set(search, value);
    open = open.slice(fitting);
  }
  return searches.map((s) => results.get(s) as ValueAtRank);
}

/** Values that are kept of a search at the end: where all bits are known, one stands for all. */
const keptOf = ({ bits, candidates }: Search): number => (bits === 64 ? 1 : candidates);

/** How many of these, in order, keep no more than `most` values; one at least. */
function firstThatFit(searches: readonly Search[], most: number): number {
  let kept = 0;
  const first = searches.findIndex((s, i) => {
    kept += keptOf(s);
    return i > 0 && kept > most;
  });
  return first < 0 ? searches.length : first;
}

const sumOf = (searches: readonly Search[]): number => searches.reduce((n, s) => n + keptOf(s), 0);

/** Numbers in their order as two unsigned words; -0 counts as 0. */
function orderedWords(value: number): void {
  float[0] = value + 0;
  const negative = words[1] >>> 31 === 1;
  words[1] = negative ? ~words[1] : words[1] | 0x80000000;
  if (negative) words[0] = ~words[0];
}

const mask = (bits: number): number => (bits <= 0 ? 0 : bits >= 32 ? 0xffffffff : (0xffffffff << (32 - bits)) >>> 0);

const matches = ({ bits, high, low }: Search): boolean =>
  (words[1] & mask(bits)) >>> 0 === high && (words[0] & mask(bits - 32)) >>> 0 === low;

/** Bits that the next pass looks at: up to 11, never across the two words. */
const step = (bits: number): number => (bits < 32 ? Math.min(BITS, 32 - bits) : Math.min(BITS, 64 - bits));

function bySearch<T>(searches: readonly Search[], make: (s: Search) => T): Map<number, [Search, T][]> {
  const groups = new Map<number, [Search, T][]>();
  for (const s of searches) {
    const list = groups.get(s.wanted.group) ?? [];
    list.push([s, make(s)]);
    groups.set(s.wanted.group, list);
  }
  return groups;
}

async function narrow(searches: readonly Search[], scan: Scan): Promise<void> {
  const groups = bySearch(searches, () => new Float64Array(1 << BITS));
  await scan((group, value, times = 1) => {
    const list = groups.get(group);
    if (!list) return;
    orderedWords(value);
    for (const [s, histogram] of list) {
      if (!matches(s)) continue;
      const [word, known] = s.bits < 32 ? [words[1], s.bits] : [words[0], s.bits - 32];
      const n = step(s.bits);
      histogram[(word >>> (32 - known - n)) & ((1 << n) - 1)] += times;
    }
  });
  for (const list of groups.values()) {
    for (const [s, histogram] of list) {
      let bucket = 0;
      while (s.before + histogram[bucket] <= s.wanted.rank) s.before += histogram[bucket++];
      const n = step(s.bits);
      if (s.bits < 32) s.high = (s.high | (bucket << (32 - s.bits - n))) >>> 0;
      else s.low = (s.low | (bucket << (64 - s.bits - n))) >>> 0;
      s.bits += n;
      s.candidates = histogram[bucket];
    }
  }
}

async function collect(searches: readonly Search[], scan: Scan): Promise<Map<Search, ValueAtRank>> {
  const groups = bySearch(searches, (s) => ({ values: new Float64Array(keptOf(s)), n: 0 }));
  await scan((group, value, times = 1) => {
    const list = groups.get(group);
    if (!list) return;
    orderedWords(value);
    for (const [s, found] of list) {
      if (found.n >= found.values.length || !matches(s)) continue;
      found.values.fill(value + 0, found.n, found.n + times);
      found.n += times;
    }
  });
  const results = new Map<Search, ValueAtRank>();
  for (const list of groups.values()) {
    for (const [s, { values }] of list) {
      values.sort();
      const value = values[s.bits === 64 ? 0 : s.wanted.rank - s.before];
      results.set(s, { value, below: s.before + (s.bits === 64 ? 0 : values.indexOf(value)) });
    }
  }
  return results;
}
