/** A stretch read back: its bytes, where its anchor stands in them, and with words the bounds of each (start, end). */
export interface Piece {
  readonly bytes: Uint8Array;
  readonly place: number;
  readonly bounds: Int32Array | null;
}

/** What of a piece is equal to another one around their anchors: in units, and its bytes. */
export interface Overlap {
  units: number;
  start: number;
  end: number;
}

/** The longest equal stretch of two pieces with the anchor of one on that of the other; written to `out`. */
export function overlapOf(piece: Piece, source: Piece, out: Overlap): void {
  if (piece.bounds === null || source.bounds === null) overlapOfBytes(piece, source, out);
  else overlapOfWords(piece, source, piece.bounds, source.bounds, out);
}

function overlapOfBytes({ bytes: a, place }: Piece, { bytes: b, place: other }: Piece, out: Overlap): void {
  const most = Math.min(place, other);
  let left = 0;
  while (left < most && a[place - left - 1] === b[other - left - 1]) left++;
  const longest = Math.min(a.length - place, b.length - other);
  let right = 0;
  while (right < longest && a[place + right] === b[other + right]) right++;
  out.units = left + right;
  out.start = place - left;
  out.end = place + right;
}

function overlapOfWords(
  { bytes: a, place }: Piece,
  { bytes: b, place: other }: Piece,
  x: Int32Array,
  y: Int32Array,
  out: Overlap,
): void {
  const [i, j] = [wordAt(x, place), wordAt(y, other)];
  const equal = (p: number, q: number): boolean => {
    const bytes = x[2 * p + 1] - x[2 * p];
    if (y[2 * q + 1] - y[2 * q] !== bytes) return false;
    for (let k = 0; k < bytes; k++) if (a[x[2 * p] + k] !== b[y[2 * q] + k]) return false;
    return true;
  };
  let left = 0;
  while (left < i && left < j && equal(i - left - 1, j - left - 1)) left++;
  let right = 0;
  while (2 * (i + right) < x.length && 2 * (j + right) < y.length && equal(i + right, j + right)) right++;
  out.units = left + right;
  out.start = x[2 * (i - left)];
  out.end = right + left > 0 ? x[2 * (i + right) - 1] : out.start;
}

function wordAt(bounds: Int32Array, place: number): number {
  let k = 0;
  while (bounds[2 * k] < place) k++;
  return k;
}
