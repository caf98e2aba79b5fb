/** A run of words that two texts share, or that stands in one of them only. */
export interface DiffPart {
  readonly kind: 'same' | 'removed' | 'added';
  readonly words: readonly string[];
}

/** More edits than this are shown as one replacement. */
const MOST_EDITS = 1500;

/** The shortest way from words `a` to words `b` (Myers 1986, "An O(ND) Difference Algorithm"). */
export function wordDiff(a: readonly string[], b: readonly string[]): DiffPart[] {
  let start = 0;
  while (start < a.length && start < b.length && a[start] === b[start]) start++;
  let end = 0;
  while (end < a.length - start && end < b.length - start && a[a.length - 1 - end] === b[b.length - 1 - end]) end++;
  const middle = edits(a.slice(start, a.length - end), b.slice(start, b.length - end));
  const parts: DiffPart[] = [];
  let run: { readonly of: DiffPart['kind']; readonly words: string[] } | null = null;
  const add = (kind: DiffPart['kind'], words: readonly string[]): void => {
    if (words.length === 0) return;
    if (run?.of !== kind) {
      run = { of: kind, words: [] };
      parts.push({ kind, words: run.words });
    }
    run.words.push(...words);
  };
  add('same', a.slice(0, start));
  for (const { kind, words } of middle) add(kind, words);
  add('same', a.slice(a.length - end));
  return parts;
}

function edits(a: readonly string[], b: readonly string[]): DiffPart[] {
  if (a.length === 0 || b.length === 0) return replaced(a, b);
  const most = Math.min(MOST_EDITS, a.length + b.length);
  const size = 2 * most + 3;
  const furthest = new Int32Array(size);
  const trace: Int32Array[] = [];
  for (let d = 0; d <= most; d++) {
    trace.push(furthest.slice(most + 1 - d, most + 2 + d));
    for (let k = -d; k <= d; k += 2) {
      const at = most + 1 + k;
      const down = k === -d || (k !== d && furthest[at - 1] < furthest[at + 1]);
      let x = down ? furthest[at + 1] : furthest[at - 1] + 1;
      while (x < a.length && x - k < b.length && a[x] === b[x - k]) x++;
      furthest[at] = x;
      if (x >= a.length && x - k >= b.length) return walkedBack(a, b, trace, d);
    }
  }
  return replaced(a, b);
}

const replaced = (a: readonly string[], b: readonly string[]): DiffPart[] => [
  { kind: 'removed', words: a },
  { kind: 'added', words: b },
];

/** `trace[d]` is the state before round d, from diagonal -d to d. */
function walkedBack(
  a: readonly string[],
  b: readonly string[],
  trace: readonly Int32Array[],
  last: number,
): DiffPart[] {
  const parts: DiffPart[] = [];
  let [x, y] = [a.length, b.length];
  for (let d = last; d > 0; d--) {
    const before = trace[d];
    const k = x - y;
    const at = (diagonal: number): number => before[diagonal + d];
    const down = k === -d || (k !== d && at(k - 1) < at(k + 1));
    const previous = down ? k + 1 : k - 1;
    const px = at(previous);
    const py = px - previous;
    const [sx] = down ? [px, py + 1] : [px + 1, py];
    if (x > sx) parts.push({ kind: 'same', words: a.slice(sx, x) });
    parts.push(down ? { kind: 'added', words: [b[py]] } : { kind: 'removed', words: [a[px]] });
    [x, y] = [px, py];
  }
  if (x > 0) parts.push({ kind: 'same', words: a.slice(0, x) });
  return parts.reverse();
}
