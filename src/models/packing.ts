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
 * Cuts a sequence of `ids` ids into windows of at most `context` inputs, so that every id but the first is a target exactly once. From the
 * second window on, the first `overlap` inputs only give context.
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

/**
 * Puts windows into rows of at most `context` inputs: best fit, longest first. Rows and the windows in them depend on the lengths and their
 * order only.
 * @returns numbers of windows, a list a row
 */
export function packRows(lengths: readonly number[], context: number): number[][] {
  const order = lengths.map((_, i) => i).sort((a, b) => lengths[b] - lengths[a] || a - b);
  const rows: number[][] = [];
  /** Rows by the room they have left. */
  const withRoom: number[][] = Array.from({ length: context + 1 }, () => []);
  for (const window of order) {
    const length = lengths[window];
    let room = length;
    while (room <= context && withRoom[room].length === 0) room++;
    const row = room <= context ? withRoom[room].pop()! : rows.push([]) - 1;
    rows[row].push(window);
    const left = (room <= context ? room : context) - length;
    if (left > 0) withRoom[left].push(row);
  }
  return rows;
}
