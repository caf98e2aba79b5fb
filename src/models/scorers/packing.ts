import { queryBlocks } from '../architectures/blocks.ts';

/** A stretch of one document that a model reads in one go. */
export interface Window {
  /** Number of the document. */
  readonly document: number;
  /** First input: place in the document's sequence of ids. */
  readonly from: number;
  /** Inputs; the target of each is the id after it. */
  readonly length: number;
  /** Targets before this one (counted from the window's first) are only context: a window before scored them. */
  readonly firstScored: number;
}

/**
 * Cuts a sequence of `ids` ids into windows of at most `context` inputs, so that every id but the first is a target
 * exactly once. From the second window on, the first `overlap` inputs only give context.
 */
export function windowsOf(document: number, ids: number, context: number, overlap: number): Window[] {
  const windows: Window[] = [];
  let scored = 1;
  while (scored < ids) {
    const from = windows.length === 0 ? 0 : scored - 1 - overlap;
    const length = Math.min(context, ids - 1 - from);
    windows.push({ document, from, length, firstScored: scored - 1 - from });
    scored = from + length + 1;
  }
  return windows;
}

/** Windows that a model reads in one row, one after the other. */
export interface Row {
  /** Places in the row; the windows take at most so many. */
  readonly length: number;
  /** Numbers of windows. */
  readonly windows: readonly number[];
}

/** Rows shorter than this win nothing: what attention costs is little beside the rest. */
const SHORTEST = 128;

/** Lengths of rows for a context: itself, halves of it and so on, ascending. */
export function rowLengths(context: number): number[] {
  const lengths = [context];
  while (lengths[0] >= 2 * SHORTEST) lengths.unshift(Math.ceil(lengths[0] / 2));
  return lengths;
}

/**
 * Puts windows into rows: best fit, longest first. A window that fits into no row opens one that has room for `spare`
 * like it, if there is such a length. Rows and the windows in them depend on the lengths and their order only.
 * @param lengths inputs of each window
 * @param rowLengths lengths that a row may have, ascending; no window is longer than the last
 * @param spare 1: rows as short as can be, which waste more places; infinity: all of the last length
 */
export function packRows(lengths: readonly number[], rowLengths: readonly number[], spare = 2): Row[] {
  const longest = rowLengths[rowLengths.length - 1];
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const rows: { length: number; windows: number[] }[] = [];
  /** Rows by the room they have left. */
  const withRoom: number[][] = Array.from({ length: longest + 1 }, () => []);
  for (const window of order) {
    const length = lengths[window];
    let room = length;
    while (room <= longest && withRoom[room].length === 0) room++;
    if (room > longest) {
      room = rowLengths.find((r) => r >= spare * length) ?? longest;
      withRoom[room].push(rows.push({ length: room, windows: [] }) - 1);
    }
    const row = withRoom[room].pop()!;
    rows[row].windows.push(window);
    if (room > length) withRoom[room - length].push(row);
  }
  return rows;
}

/** What a model's runs cost. */
export interface RunCost {
  /** Places in one run: every run is paid whole, however full it is. */
  readonly runTokens: number;
  /** Width of the model's hidden states. */
  readonly width: number;
  /**
   * Places that could be computed in the time that opening a length of row takes, where not all can stay open. Default
   * 0: all stay open.
   */
  readonly opening?: number;
}

/** Places that attention computes for each of a row, on average. */
function placesSeen(length: number): number {
  const blocks = queryBlocks(length);
  return blocks.reduce((n, { start, end }) => n + (end - start) * end, 0) / length;
}

const SPARES = [1, 1.5, 2, Number.POSITIVE_INFINITY];

/**
 * The cheapest of several ways to pack. A place costs 24 width^2 multiplications a layer and 4 width more for every
 * place that its block of attention sees, whoever it is filled with, so that short rows pay when they can be filled.
 */
export function packCheapest(lengths: readonly number[], rowLengths: readonly number[], cost: RunCost): Row[] {
  const costOf = (rows: readonly Row[]): number => {
    let sum = 0;
    for (const length of new Set(rows.map((r) => r.length))) {
      const perRun = rowsOfRun(cost.runTokens, length);
      const runs = Math.ceil(rows.filter((r) => r.length === length).length / perRun);
      sum += (cost.opening ?? 0) * 6 * cost.width;
      sum += runs * perRun * length * (6 * cost.width + placesSeen(length));
    }
    return sum;
  };
  const longest = lengths.reduce((most, n) => Math.max(most, n), 1);
  const sets = cost.opening ? [rowLengths, ...fewLengths(rowLengths, longest)] : [rowLengths];
  const packed = sets.flatMap((some) => SPARES.map((spare) => packRows(lengths, some, spare)));
  const costs = packed.map(costOf);
  return packed[costs.indexOf(Math.min(...costs))];
}

/** Every single length that holds the longest window, and each shorter one beside the smallest that does. */
function fewLengths(rowLengths: readonly number[], longest: number): number[][] {
  const holding = rowLengths.filter((r) => r >= longest);
  return [...holding.map((r) => [r]), ...rowLengths.filter((r) => r < longest).map((r) => [r, holding[0]])];
}

/** Rows of a length that one run takes. */
export const rowsOfRun = (runTokens: number, length: number): number => Math.max(1, Math.floor(runTokens / length));
