import { type DiffPart, wordDiff } from '../../ledger/word-diff.ts';
import { safeText } from '../../safe-text.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { paintedWidth } from '../terminal/terminal.ts';

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
  const words = { same: 0, removed: 0, added: 0 };
  for (const part of parts) words[part.kind] += part.words.length;
  if (words.removed + words.added === 0)
    return [
      indent + (before === after ? 'The texts are identical.' : 'The words are identical; only white space differs.'),
    ];
  const pieces: string[] = [];
  for (const [i, part] of parts.entries()) pieces.push(...painted(part, i === 0, i === parts.length - 1, style));
  const lines = filled(pieces, width, indent);
  if (lines.length <= most) return lines;
  const total = `${words.removed} words removed, ${words.added} added, ${words.same} unchanged`;
  return [...lines.slice(0, most), indent + style.dim(`... ${lines.length - most} more lines; in total ${total}`)];
}

/** How a difference is marked, where there is no colour too. */
const MARKS = {
  same: null,
  removed: { open: '[-', close: '-]', colour: 'red' },
  added: { open: '{+', close: '+}', colour: 'green' },
} as const;

/** The words of a part, each painted on its own, so that a line may end after any of them. */
function painted(part: DiffPart, first: boolean, last: boolean, style: Terminal['style']): string[] {
  const words = part.words.map(safeText);
  const marks = MARKS[part.kind];
  if (marks === null) {
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
  const { open, close, colour } = marks;
  return shown.map((w, i) => style[colour](`${i === 0 ? open : ''}${w}${i === shown.length - 1 ? close : ''}`));
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
