import { clipped, displayWidth, safeText } from '../../safe-text.ts';

/** Where a command writes, and what that can show. */
export interface Terminal {
  /** Columns to fill; at least 80. */
  readonly width: number;
  readonly style: Style;
  out(line?: string): void;
}

export interface Style {
  bold(s: string): string;
  dim(s: string): string;
  green(s: string): string;
  red(s: string): string;
  yellow(s: string): string;
  cyan(s: string): string;
}

const paint =
  (on: boolean, open: number, close: number) =>
  (s: string): string =>
    on && s !== '' ? `\u001b[${open}m${s}\u001b[${close}m` : s;

/** Colour only on a terminal, and never with NO_COLOR. */
export function styleFor(stream: { readonly isTTY?: boolean }): Style {
  const on = stream.isTTY === true && !process.env.NO_COLOR && process.env.TERM !== 'dumb';
  return {
    bold: paint(on, 1, 22),
    dim: paint(on, 2, 22),
    green: paint(on, 32, 39),
    red: paint(on, 31, 39),
    yellow: paint(on, 33, 39),
    cyan: paint(on, 36, 39),
  };
}

/** Standard output. Lines are whole; a reader that goes away (`| head`) ends the process quietly. */
export function standardOutput(): Terminal {
  const { stdout } = process;
  return {
    width: Math.max(80, Math.min(stdout.columns ?? 100, 160)),
    style: styleFor(stdout),
    out: (line = '') => {
      stdout.write(`${line}\n`);
    },
  };
}

// biome-ignore lint/suspicious/noControlCharactersInRegex: exactly the sequences that `paint` makes
const PAINT = /\u001b\[\d+m/g;

/** A line on standard error about what does not stop the command. */
export function warn(text: string): void {
  process.stderr.write(`${styleFor(process.stderr).yellow('warning')}  ${safeText(text)}\n`);
}

/** Columns a painted text takes. */
export const paintedWidth = (s: string): number => displayWidth(s.replace(PAINT, ''));

export interface TableColumnSpec {
  readonly title?: string;
  readonly align?: 'left' | 'right';
  /** Cells are clipped to so many columns. */
  readonly max?: number;
}

/**
 * Rows in aligned columns, two spaces apart. Cells may be painted unless they are too wide; titles are left out where
 * all are empty.
 */
export function tableLines(
  columns: readonly TableColumnSpec[],
  rows: readonly (readonly string[])[],
  indent = '  ',
): string[] {
  const titled = columns.some((c) => c.title);
  const fitted = (cell: string, max: number | undefined): string =>
    max !== undefined && paintedWidth(cell) > max ? clipped(cell.replace(PAINT, ''), max) : cell;
  const cells = rows.map((row) => columns.map((c, i) => fitted(row[i] ?? '', c.max)));
  const all = titled ? [columns.map((c) => c.title ?? ''), ...cells] : cells;
  const widths = columns.map((_, i) => all.reduce((w, row) => Math.max(w, paintedWidth(row[i])), 0));
  return all.map((row) =>
    (
      indent +
      row
        .map((cell, i) => {
          const space = ' '.repeat(widths[i] - paintedWidth(cell));
          return columns[i].align === 'right' ? space + cell : cell + space;
        })
        .join('  ')
    ).trimEnd(),
  );
}

/** Words in lines of at most `width` columns; a number and its `%` stay together. */
export function wrapped(text: string, width: number, indent = ''): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/ (?!%)/)) {
    if (line !== '' && paintedWidth(line) + 1 + paintedWidth(word) > width - indent.length) {
      lines.push(indent + line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  if (line !== '') lines.push(indent + line);
  return lines;
}
