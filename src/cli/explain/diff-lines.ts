import { safeText } from '../../safe-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { paintedWidth } from '../terminal/terminal.ts';
import { type DiffPart, wordDiff } from './word-diff.ts';

/** Words of what is the same that stand around a difference. */
const CONTEXT = 6;
/** Words of one difference that are shown. */
const LONGEST = 30;

const wordsOf = (text: string): string[] => text.split(/[\s\u0085]+/).filter((w) => w !== '');

/**
 * What differs between two texts, word by word, with a few words around: `[-old-]` and `{+new+}`, also where there is
 * no colour. At most `most` lines of `width` columns.
 */
export function diffLines(
  { style, width }: Terminal,
  before: string,
  after: string,
  indent: string,
  most: number,
): string[] {
  const parts = wordDiff(wordsOf(before), wordsOf(after));
  if (parts.every((p) => p.kind === 'same'))
    return [
      indent + (before === after ? 'The texts are identical.' : 'The words are identical; only white space differs.'),
    ];
  const pieces: string[] = [];
  for (const [i, part] of parts.entries()) pieces.push(...painted(part, i === 0, i === parts.length - 1, style));
  const lines = filled(pieces, width, indent);
  if (lines.length <= most) return lines;
  const words = (kind: DiffPart['kind']): number =>
    parts.filter((p) => p.kind === kind).reduce((n, p) => n + p.words.length, 0);
  const total = `${words('removed')} words removed, ${words('added')} added, ${words('same')} unchanged`;
  return [...lines.slice(0, most), indent + style.dim(`... ${lines.length - most} more lines; in total ${total}`)];
}

/** The words of a part, each painted on its own, so that a line may end after any of them. */
function painted(part: DiffPart, first: boolean, last: boolean, style: Terminal['style']): string[] {
  const words = part.words.map(safeText);
  if (part.kind === 'same') {
    const room = (first ? 0 : CONTEXT) + (last ? 0 : CONTEXT);
    if (words.length <= room + 1) return words.map(style.dim);
    const left = style.dim(`(${words.length - room} words)`);
    return [
      ...(first ? [] : words.slice(0, CONTEXT).map(style.dim)),
      left,
      ...(last ? [] : words.slice(-CONTEXT).map(style.dim)),
    ];
  }
  const shown =
    words.length <= LONGEST + 1
      ? words
      : [...words.slice(0, LONGEST / 2), `(${words.length - LONGEST} words)`, ...words.slice(-LONGEST / 2)];
  const [open, close, paint] =
    part.kind === 'removed' ? (['[-', '-]', style.red] as const) : (['{+', '+}', style.green] as const);
  return shown.map((w, i) => paint(`${i === 0 ? open : ''}${w}${i === shown.length - 1 ? close : ''}`));
}

function filled(pieces: readonly string[], width: number, indent: string): string[] {
  const lines: string[] = [];
  let line = indent;
  let used = indent.length;
  for (const piece of pieces) {
    const wide = paintedWidth(piece);
    if (used > indent.length && used + 1 + wide > width) {
      lines.push(line);
      line = indent;
      used = indent.length;
    }
    if (used > indent.length) {
      line += ' ';
      used++;
    }
    line += piece;
    used += wide;
  }
  return used > indent.length ? [...lines, line] : lines;
}
