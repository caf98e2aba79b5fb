/**
 * Which places of sequences of symbols lie in a run of at least `window` symbols that stands at an earlier place too,
 * of the same sequence or an earlier one. By a plain suffix array over all sequences with a separator of its own after
 * each: sorted by doubling, then runs of suffixes that share `window` symbols.
 */
export function repeatedPlaces(sequences: readonly (readonly string[])[], window: number): boolean[][] {
  const names = new Map<string, number>();
  const text: number[] = [];
  const starts: number[] = [];
  for (const sequence of sequences) {
    starts.push(text.length);
    for (const symbol of sequence) {
      if (!names.has(symbol)) names.set(symbol, names.size);
      text.push(names.get(symbol)!);
    }
    text.push(-1 - starts.length);
  }
  const array = suffixArray(text);
  const shared = (a: number, b: number): boolean => {
    for (let k = 0; k < window; k++) if (text[a + k] !== text[b + k] || text[a + k] === undefined) return false;
    return true;
  };
  const repeated = new Array<boolean>(text.length).fill(false);
  for (let i = 0; i < array.length; ) {
    let to = i + 1;
    while (to < array.length && shared(array[to - 1], array[to])) to++;
    const run = array.slice(i, to);
    const earliest = run.reduce((x, y) => Math.min(x, y));
    for (const at of run) if (at !== earliest) repeated.fill(true, at, at + window);
    i = to;
  }
  return sequences.map((sequence, s) => repeated.slice(starts[s], starts[s] + sequence.length));
}

/** Prefix doubling (Manber and Myers 1993). */
function suffixArray(text: readonly number[]): number[] {
  let rank = [...text];
  let array = text.map((_, i) => i);
  for (let width = 1; ; width *= 2) {
    const second = (i: number): number => (i + width < text.length ? rank[i + width] : Number.NEGATIVE_INFINITY);
    const compare = (a: number, b: number): number =>
      rank[a] - rank[b] || (second(a) === second(b) ? 0 : second(a) < second(b) ? -1 : 1);
    array = array.sort(compare);
    const next = new Array<number>(text.length).fill(0);
    for (let k = 1; k < array.length; k++)
      next[array[k]] = next[array[k - 1]] + (compare(array[k - 1], array[k]) < 0 ? 1 : 0);
    rank = next;
    if (array.length < 2 || rank[array[array.length - 1]] === array.length - 1) return array;
  }
}
