import type { DomainDocuments } from './split-index.ts';

/** A stretch of one document in one file. */
export interface Piece {
  /** Number of the split. */
  readonly split: number;
  /** First token in its file. */
  readonly begin: number;
  readonly length: number;
  /** True when the document ends with it. */
  readonly ends: boolean;
}

/** The document that holds a token of its domain: the last that begins at or before it. */
function documentAt(before: Uint32Array, token: number): number {
  let [low, high] = [0, before.length - 2];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if (before[middle] <= token) low = middle;
    else high = middle - 1;
  }
  return low;
}

/** Pieces of the tokens `from` to `to` of a domain in one split, in order. Documents without tokens give none. */
export function* piecesBetween(
  split: number,
  { begin, before }: DomainDocuments,
  from: number,
  to: number,
): Generator<Piece> {
  for (let d = documentAt(before, from); d < begin.length && before[d] < to; d++) {
    const first = Math.max(from, before[d]);
    const last = Math.min(to, before[d + 1]);
    if (last > first)
      yield { split, begin: begin[d] + first - before[d], length: last - first, ends: last === before[d + 1] };
  }
}

/** Documents of a split whole, those longer than a context in pieces of a context and a rest. */
export function* piecesOfDocuments(
  split: number,
  { begin, before }: DomainDocuments,
  contextLength: number,
): Generator<Piece> {
  for (let d = 0; d < begin.length; d++) {
    const total = before[d + 1] - before[d];
    for (let at = 0; at < total; at += contextLength) {
      const length = Math.min(contextLength, total - at);
      yield { split, begin: begin[d] + at, length, ends: at + length === total };
    }
  }
}

/** Tokens that follow each other in a file. */
export interface TokenRange {
  readonly file: string;
  /** First token in the file. */
  readonly begin: number;
  readonly length: number;
}

/** Pieces of `total` tokens, and of the one after them, as ranges of files; those that touch are one. */
export function rangesOf(
  pieces: readonly Piece[],
  after: Piece | null,
  total: number,
  fileOf: (split: number) => string,
): TokenRange[] {
  const ranges: { file: string; begin: number; length: number }[] = [];
  const add = (split: number, begin: number, length: number): void => {
    const file = fileOf(split);
    const last = ranges.at(-1);
    if (last?.file === file && last.begin + last.length === begin) last.length += length;
    else ranges.push({ file, begin, length });
  };
  for (let at = 0, i = 0; at < total; at += pieces[i++].length) add(pieces[i].split, pieces[i].begin, pieces[i].length);
  if (after !== null) add(after.split, after.begin, 1);
  return ranges;
}

/** What the token after a sequence is in; `pieces` has one more where there is a next document. */
export function pieceAfter(pieces: readonly Piece[], length: number): Piece | null {
  const own = takeWhole(pieces, length);
  const last = pieces[own - 1];
  return pieces[own] ?? (last.ends ? null : { ...last, begin: last.begin + last.length, length: 1 });
}

/** How many pieces make up `length` tokens. */
function takeWhole(pieces: readonly Piece[], length: number): number {
  let n = 0;
  for (let at = 0; at < length; n++) at += pieces[n].length;
  return n;
}
