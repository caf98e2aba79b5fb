import { isPunctuation, isSymbol, isWhiteSpace } from '../../unicode.ts';

/** Code points of a well-formed string. */
export const codePoints = (s: string): number[] => Array.from(s, (c) => c.codePointAt(0)!);

/** Length in code points: the unit of every length in the statistics. */
export const lengthOf = (s: string): number => codePoints(s).length;

/** a / b, or NaN (no value) when there is nothing to divide by. */
export const ratio = (a: number, b: number): number => (b === 0 ? Number.NaN : a / b);

export const sum = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0);

/** Tokens: maximal runs of code points that are not White_Space. */
export function tokensOf(text: string): string[] {
  const out: string[] = [];
  let token = '';
  for (const c of text) {
    if (!isWhiteSpace(c.codePointAt(0)!)) {
      token += c;
    } else if (token !== '') {
      out.push(token);
      token = '';
    }
  }
  if (token !== '') out.push(token);
  return out;
}

function trim(s: string, drop: (cp: number) => boolean): string {
  const c = Array.from(s);
  let start = 0;
  let end = c.length;
  while (start < end && drop(c[start].codePointAt(0)!)) start++;
  while (end > start && drop(c[end - 1].codePointAt(0)!)) end--;
  return c.slice(start, end).join('');
}

/** The word of a token: punctuation (P*) and symbols (S*) trimmed from both ends; '' when nothing is left. */
export const wordOf = (token: string): string => trim(token, (cp) => isPunctuation(cp) || isSymbol(cp));

/** Words: tokens with punctuation and symbols trimmed, where something is left. */
export const wordsOf = (text: string): string[] =>
  tokensOf(text)
    .map(wordOf)
    .filter((w) => w !== '');

/** Without White_Space at both ends. */
export const trimWhiteSpace = (s: string): string => trim(s, isWhiteSpace);

/** All lines, blank ones as '': split on \n, White_Space (with that a trailing \r) trimmed from both ends. */
export const trimmedLines = (text: string): string[] => text.split('\n').map(trimWhiteSpace);

/** Lines with at least one code point that is not White_Space, trimmed. */
export const linesOf = (text: string): string[] => trimmedLines(text).filter((line) => line !== '');

/** Paragraphs: maximal groups of consecutive non-blank lines, trimmed, joined by \n. */
export function paragraphsOf(text: string): string[] {
  const out: string[] = [];
  let lines: string[] = [];
  for (const line of [...trimmedLines(text), '']) {
    if (line !== '') {
      lines.push(line);
    } else if (lines.length > 0) {
      out.push(lines.join('\n'));
      lines = [];
    }
  }
  return out;
}

/** The 2nd and later copies in a list, in order. */
export function laterCopies(items: readonly string[]): string[] {
  const seen = new Set<string>();
  return items.filter((item) => seen.has(item) || !seen.add(item));
}
