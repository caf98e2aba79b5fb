import type { AdjustedCounts, CountsOfCounts } from './count.ts';
import type { RowSorter } from './sorted-rows.ts';
import { childOf, NEVER, type Trie, TrieBuilder } from './trie.ts';
import { BEGIN, END, FIRST, UNKNOWN, type Vocabulary } from './vocabulary.ts';

/** What is taken off an adjusted count of 1, 2, and 3 or more. */
export interface Discounts {
  readonly of: readonly [number, number, number];
  /** True: the counts of counts gave none (as for bytes, of which all are frequent), so 0.5, 1 and 1.5 stand in. */
  readonly fallback: boolean;
}

const FALLBACK: Discounts = { of: [0.5, 1, 1.5], fallback: true };

/**
 * The discounts of modified Kneser-Ney: Chen & Goodman 1999, "An empirical study of smoothing techniques", equation 26.
 */
export function discountsOf(counts: CountsOfCounts): Discounts {
  const y = counts[1] / (counts[1] + 2 * counts[2]);
  const of = [1, 2, 3].map((k) => k - ((k + 1) * y * counts[k + 1]) / counts[k]);
  // A discount of 0 would leave nothing to back off with, and words after such a context would be impossible.
  const sound = of.every((d, i) => d > 0 && d <= i + 1) && counts[4] > 0;
  return sound ? { of: of as unknown as Discounts['of'], fallback: false } : FALLBACK;
}

export interface Estimated {
  readonly trie: Trie;
  /** New id of each word, -1 for words that were left out. */
  readonly ids: Int32Array;
  readonly discounts: readonly Discounts[];
}

/**
 * Interpolated modified Kneser-Ney. What pruning takes away goes to the shorter n-grams, that of single words to
 * `<unk>`.
 * @param prune n-grams that occur at most so often are left out, by order; not decreasing.
 */
export function estimate(counts: AdjustedCounts, prune: readonly number[], vocabulary: Vocabulary): Estimated {
  const discounts = counts.countsOfCounts.map(discountsOf);
  const words = unigrams(counts.orders[0], prune[0], discounts[0], vocabulary);
  const builder = new TrieBuilder([words.probability.length, ...counts.kept.slice(1)]);
  words.probability.forEach((p, word) => {
    builder.add(-1, word, word === BEGIN ? NEVER : Math.log10(p), 0);
  });
  builder.endLevel(1);
  let shorter = words.probability;
  for (let n = 2; n <= builder.order; n++)
    shorter = addLevel(builder, n, counts, prune, discounts[n - 1], words.ids, shorter);
  return { trie: builder.done(), ids: words.ids, discounts };
}

const discountOf = ({ of }: Discounts, count: number): number => (count === 0 ? 0 : of[Math.min(count, 3) - 1]);

function unigrams(
  sorter: RowSorter,
  prune: number,
  discounts: Discounts,
  vocabulary: Vocabulary,
): { ids: Int32Array; probability: Float64Array } {
  const adjusted = new Float64Array(vocabulary.size);
  const kept = new Uint8Array(vocabulary.size);
  // Bytes that never occurred stay: there is nothing else to call them.
  if (vocabulary.findText('<0x00>') === FIRST) kept.fill(1);
  for (const special of [UNKNOWN, BEGIN, END]) kept[special] = 1;
  let total = 0;
  for (const row of sorter.sorted()) {
    adjusted[row[0]] = row[2];
    total += row[2];
    if (row[1] > prune) kept[row[0]] = 1;
  }
  let pruned = 0;
  let discounted = 0;
  const ids = new Int32Array(vocabulary.size).fill(-1);
  let size = 0;
  for (let word = 0; word < ids.length; word++) {
    if (kept[word] === 0) {
      pruned += adjusted[word];
      continue;
    }
    ids[word] = size++;
    discounted += discountOf(discounts, adjusted[word]);
  }
  // Spread evenly over all that can be predicted: every word but `<s>`.
  const even = discounted / total / (size - 1);
  const probability = new Float64Array(size);
  for (let word = 0; word < ids.length; word++) {
    if (ids[word] < 0 || word === BEGIN) continue;
    const own = adjusted[word] - discountOf(discounts, adjusted[word]) + (word === UNKNOWN ? pruned : 0);
    probability[ids[word]] = own / total + even;
  }
  return { ids, probability };
}

/** Adds all n-grams of n words; returns their probabilities, by node of the level. */
function addLevel(
  builder: TrieBuilder,
  n: number,
  counts: AdjustedCounts,
  prune: readonly number[],
  discounts: Discounts,
  ids: Int32Array,
  shorter: Float64Array,
): Float64Array {
  const width = n + 2;
  const [before, start] = [builder.levels[n - 2], builder.levels[n - 1]];
  const probability = new Float64Array(builder.levels[n] - start);
  const context = new Int32Array(n);
  let group = new Int32Array(width * 256);
  let rows = 0;
  const close = (): void => {
    let total = 0;
    let left = 0;
    let kept = 0;
    for (let at = 0; at < rows * width; at += width) {
      const adjusted = group[at + n + 1];
      total += adjusted;
      if (group[at + n] > prune[n - 1]) {
        kept++;
        left += discountOf(discounts, adjusted);
      } else left += adjusted;
    }
    rows = kept === 0 ? 0 : rows;
    if (kept === 0) return;
    for (let k = 0; k < n - 1; k++) context[k] = ids[group[k]];
    const parent = builder.find(context, 0, n - 1);
    const weight = left / total;
    if (parent < builder.backoff.length) builder.backoff[parent] = Math.log10(weight);
    const ending = builder.suffix[parent];
    for (let at = 0; at < rows * width; at += width) {
      if (group[at + n] <= prune[n - 1]) continue;
      const word = ids[group[at + n - 1]];
      const adjusted = group[at + n + 1];
      const lower = shorter[(ending < 0 ? word : childOf(builder, ending, word)) - before];
      const p = (adjusted - discountOf(discounts, adjusted)) / total + weight * lower;
      const node = builder.add(parent, word, Math.log10(p), 0);
      probability[node - start] = p;
    }
    rows = 0;
  };
  for (const row of counts.orders[n - 1].sorted()) {
    let same = 0;
    while (rows > 0 && same < n - 1 && group[same] === row[same]) same++;
    if (rows > 0 && same < n - 1) close();
    if ((rows + 1) * width > group.length) {
      const larger = new Int32Array(2 * group.length);
      larger.set(group);
      group = larger;
    }
    group.set(row, rows++ * width);
  }
  if (rows > 0) close();
  builder.endLevel(n);
  return probability;
}
