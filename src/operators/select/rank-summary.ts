/** Points of sorted values, at equal distances in rank, the least and the greatest among them. */
export interface Points {
  readonly value: Float64Array;
  /** Values that may be less than what comes behind a point, and were not before it: up to the next point. */
  readonly less: Float64Array;
  /** Values that are surely no greater than a point, and were not before it: from the point before. */
  readonly upTo: Float64Array;
}

/** @param sorted ascending, not empty @param most points, at least 2 */
export function pointsOf(sorted: Float64Array, most: number): Points {
  const last = sorted.length - 1;
  const count = Math.min(sorted.length, most);
  const rank = (k: number): number => (count === 1 ? 0 : Math.floor((k * last) / (count - 1)));
  const each = (of: (k: number) => number): Float64Array => Float64Array.from({ length: count }, (_, k) => of(k));
  return {
    value: each((k) => sorted[rank(k)]),
    less: each((k) => (k + 1 < count ? rank(k + 1) : sorted.length) - rank(k)),
    upTo: each((k) => rank(k) - (k === 0 ? -1 : rank(k - 1))),
  };
}

/** How many values there are behind these points. */
export const totalOf = ({ less }: Points): number => less.reduce((n, v) => n + v, 0);

/** The points of several lists as one, by value. */
export function joinedPoints(lists: readonly Points[]): Points {
  const count = lists.reduce((n, { value }) => n + value.length, 0);
  const joined = { value: new Float64Array(count), less: new Float64Array(count), upTo: new Float64Array(count) };
  let at = 0;
  for (const list of lists) {
    for (const name of ['value', 'less', 'upTo'] as const) joined[name].set(list[name], at);
    at += list.value.length;
  }
  const order = Int32Array.from({ length: count }, (_, k) => k).sort((a, b) => joined.value[a] - joined.value[b]);
  const inOrder = (values: Float64Array): Float64Array => Float64Array.from(order, (k) => values[k]);
  return { value: inOrder(joined.value), less: inOrder(joined.less), upTo: inOrder(joined.upTo) };
}

/**
 * Bounds, both possible, of the value that has a rank among all values behind the points: with m points to a list,
 * about 2 / m of the values lie between them, not counting equal ones.
 * @param points joined @param rank from 0, less than the total
 */
export function boundsOf({ value, less, upTo }: Points, rank: number): readonly [low: number, high: number] {
  let low = value[0];
  let [mostBelow, leastUpTo] = [0, 0];
  for (let k = 0; k < value.length; ) {
    // At most so many values are less than this point: it may be the one.
    if (mostBelow <= rank) low = value[k];
    let next = k;
    for (; next < value.length && value[next] === value[k]; next++) {
      mostBelow += less[next];
      leastUpTo += upTo[next];
    }
    if (leastUpTo > rank) return [low, value[k]];
    k = next;
  }
  return [low, value[value.length - 1]];
}
