/** Rows and columns of dots in a braille character, by bit. */
const DOTS = [
  [0x01, 0x08],
  [0x02, 0x10],
  [0x04, 0x20],
  [0x40, 0x80],
] as const;

export interface CurveSize {
  /** Columns in all, axis included. */
  readonly width: number;
  /** Lines of the curve; two more are below it. */
  readonly height: number;
  /** Value of the right end of the horizontal axis. */
  readonly end: number;
}

export interface CurvePoint {
  readonly x: number;
  readonly y: number;
}

const AXIS = 9;

/**
 * A curve in braille dots, with its axes. What falls into one column of dots is drawn from its least to its most, so
 * that no peak is lost. Nothing for fewer than two points.
 */
export function curveLines(points: readonly CurvePoint[], { width, height, end }: CurveSize): string[] {
  if (points.length < 2) return [];
  const columns = 2 * (width - AXIS);
  const rows = 4 * height;
  const [least, most] = boundsOf(points);
  const spread = most - least || 1;
  const rowOf = (y: number): number => Math.round(((most - y) / spread) * (rows - 1));
  const columnOf = (x: number): number => Math.min(columns - 1, Math.round((x / Math.max(1, end)) * (columns - 1)));
  const cells = Array.from({ length: height }, () => new Uint8Array(width - AXIS));
  const dot = (column: number, row: number): void => {
    cells[row >> 2][column >> 1] |= DOTS[row & 3][column & 1];
  };
  const drawn = new Map<number, readonly [top: number, bottom: number]>();
  for (const { x, y } of points) {
    const [column, row] = [columnOf(x), rowOf(y)];
    const [top, bottom] = drawn.get(column) ?? [row, row];
    drawn.set(column, [Math.min(top, row), Math.max(bottom, row)]);
  }
  for (const [column, [top, bottom]] of drawn) for (let row = top; row <= bottom; row++) dot(column, row);
  const label = (row: number): string => {
    if (row === 0) return number(most);
    return row === height - 1 ? number(least) : '';
  };
  const lines = cells.map(
    (line, row) =>
      `${label(row).padStart(AXIS - 2)} ${row === 0 || row === height - 1 ? '┤' : '│'}` +
      String.fromCodePoint(...Array.from(line, (bits) => 0x2800 + bits)),
  );
  const last = String(end);
  const axis = `${' '.repeat(AXIS - 1)}└${'─'.repeat(width - AXIS)}`;
  return [...lines, axis, `${' '.repeat(AXIS)}0${last.padStart(width - AXIS - 1)}`];
}

const number = (value: number): string => value.toPrecision(4).slice(0, AXIS - 2);

function boundsOf(points: readonly CurvePoint[]): [number, number] {
  let [least, most] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (const { y } of points) {
    least = Math.min(least, y);
    most = Math.max(most, y);
  }
  return [least, most];
}
