import { FORMATS } from '../../streams/formats/table.ts';
import type { Codec, InputRange, PlannedFile, SplitPlan } from '../../streams/plan/splits.ts';

/** A stretch of the input that a probe reads, from its beginning on. */
export interface Place {
  readonly ranges: readonly InputRange[];
  /** Bytes of it on disk. */
  readonly bytes: number;
  /** Bytes of input, on disk, that it stands for: its own, or more where not every stretch is tried. */
  readonly standsFor: number;
  /** Others of its kind might have been chosen in its stead. */
  readonly drawn: boolean;
}

/** A stretch that may become a place. */
type Cell = Pick<Place, 'ranges' | 'bytes'>;

/** Ranges with less text than this, one after the other, are one stretch. */
const SMALL_BYTES = 1e6;
/** A stretch is not cut into parts with less text than this. */
const PART_BYTES = 2e6;
/**
 * A file that is packed as one stream is entered on its way only up to so much text, because all before it is unpacked.
 */
const ENTERED_BYTES = 64e6;
const ENTRIES = 4;
/** Text per byte on disk where nobody has looked. */
const RATIO: Readonly<Record<Codec, number>> = { none: 1, gzip: 3.5, zstd: 4 };

/**
 * Up to `most` stretches that together stand for all of the input. Where there are few, each is one, and large ones are
 * cut, so that more than their beginnings is seen; of more, every one over a share of the bytes is taken, and of the
 * others evenly spaced ones in input order, with a chance by their bytes.
 * @param ratioOf unpacked bytes per byte of a packed file
 */
export async function placesOf(
  plan: SplitPlan,
  most: number,
  ratioOf: (file: PlannedFile) => Promise<number>,
): Promise<Place[]> {
  const cells = cellsOf(plan);
  if (cells.length > most) return drawnFrom(cells, most);
  const all = cells.reduce((n, c) => n + c.bytes, 0);
  const least = Math.floor(most / cells.length);
  const places: Place[] = [];
  for (const cell of cells) {
    const parts = await cut(cell, Math.max(least, Math.floor((most * cell.bytes) / all)), plan, ratioOf);
    for (const p of parts) places.push({ ...p, standsFor: p.bytes, drawn: false });
  }
  return places;
}

/** All of the input in its order, as one. */
export function wholeInput({ splits }: SplitPlan): Place {
  const bytes = splits.reduce((n, s) => n + s.estimatedTextBytes, 1);
  return { ranges: splits.flatMap((s) => s.ranges), bytes, standsFor: bytes, drawn: false };
}

function cellsOf({ files, splits }: SplitPlan): Cell[] {
  const ranges = splits.flatMap((s) => s.ranges);
  const units = files.map(() => 0);
  for (const r of ranges) units[r.file] = Math.max(units[r.file], r.end);
  const cells: Cell[] = [];
  let small: Cell | null = null;
  for (const range of ranges) {
    // The first of a file that is packed as one stream stands for all of them.
    if (range.unpacked && range.start > 0) continue;
    const file = files[range.file];
    const whole = range.unpacked ? { file: range.file, start: 0, end: file.size } : range;
    const counted = FORMATS[file.format].ranges === 'units';
    const bytes = counted
      ? (file.size * (whole.end - whole.start)) / Math.max(1, units[range.file])
      : Math.min(whole.end, file.size) - whole.start;
    const one: Cell = { ranges: [whole], bytes };
    if (bytes * RATIO[file.codec] >= SMALL_BYTES) {
      if (small) cells.push(small);
      small = null;
      cells.push(one);
      continue;
    }
    small = small ? { ranges: [...small.ranges, whole], bytes: small.bytes + bytes } : one;
    if (small.bytes * RATIO[file.codec] >= SMALL_BYTES) {
      cells.push(small);
      small = null;
    }
  }
  if (small) cells.push(small);
  return cells;
}

/** A stretch in up to `most` parts of even size, where its format allows to begin on its way. */
async function cut(
  cell: Cell,
  most: number,
  { files }: SplitPlan,
  ratioOf: (file: PlannedFile) => Promise<number>,
): Promise<Cell[]> {
  const [range] = cell.ranges;
  const file = files[range.file];
  const anywhere = FORMATS[file.format].ranges === 'units' || FORMATS[file.format].ranges === 'lines';
  if (cell.ranges.length > 1 || most < 2 || range.damaged || !anywhere) return [cell];
  const ratio = file.codec === 'none' ? 1 : await ratioOf(file);
  const text = cell.bytes * ratio;
  const packed = file.codec !== 'none';
  if (packed && (range.start > 0 || range.end < file.size || text > ENTERED_BYTES)) return [cell];
  const counted = FORMATS[file.format].ranges === 'units';
  const length = packed ? text : range.end - range.start;
  const n = Math.min(most, Math.floor(text / PART_BYTES), packed ? ENTRIES : most, counted ? length : most);
  if (n < 2) return [cell];
  const at = (i: number): number => range.start + Math.floor((length * i) / n);
  return Array.from({ length: n }, (_, i) => ({
    ranges: [
      packed
        ? { file: range.file, start: at(i), end: i === n - 1 ? Number.MAX_SAFE_INTEGER : at(i + 1), unpacked: true }
        : { file: range.file, start: at(i), end: at(i + 1) },
    ],
    bytes: cell.bytes / n,
  }));
}

function drawnFrom(cells: readonly Cell[], most: number): Place[] {
  const sure = new Set<Cell>();
  let rest = cells;
  let interval = 0;
  for (let before = -1; before !== sure.size && sure.size < most; ) {
    before = sure.size;
    interval = rest.reduce((n, c) => n + c.bytes, 0) / (most - sure.size);
    for (const c of rest) if (c.bytes >= interval && sure.size < most - 1) sure.add(c);
    rest = cells.filter((c) => !sure.has(c));
  }
  const places: Place[] = [];
  let seen = 0;
  let next = interval / 2;
  for (const c of cells) {
    if (sure.has(c)) {
      places.push({ ...c, standsFor: c.bytes, drawn: false });
      continue;
    }
    seen += c.bytes;
    if (seen <= next) continue;
    places.push({ ...c, standsFor: interval, drawn: true });
    while (next < seen) next += interval;
  }
  return places;
}
