import { BYTE, BYTE_CLASSES, CODE_STARTS, CODE_WORDS } from '../part-tables.ts';

/** Kinds of lines; `meta` is front matter, `mark` a rule or an underline. */
export const LINE_KIND = { blank: 0, prose: 1, short: 2, list: 3, code: 4, table: 5, mark: 6, meta: 7 } as const;

/** What a line is told by: its trimmed bytes, and counts over them. */
export interface Line {
  readonly start: number;
  readonly end: number;
  /** White space before it; a tab counts as four. */
  readonly indent: number;
  /** Code points. */
  readonly chars: number;
  /** Runs of bytes that are no white space and have a letter. */
  readonly words: number;
  readonly letters: number;
  readonly digits: number;
  readonly marks: number;
  readonly plain: number;
  /** `|` between white space or the ends of the line. */
  readonly pipes: number;
  /** Commas that no white space follows. */
  readonly tightCommas: number;
  /** Tabs, and wide gaps that do not follow the end of a sentence. */
  readonly gaps: number;
  /** `name(`, `()` and ` //`. */
  readonly calls: number;
}

const at = (s: string): number => s.charCodeAt(0);
const is = (b: number | undefined, bit: number): boolean => b !== undefined && (BYTE_CLASSES[b] & bit) !== 0;
const startsWith = (text: Uint8Array, { start, end }: Pick<Line, 'start' | 'end'>, s: string): boolean =>
  end - start >= s.length && Array.from(s).every((c, i) => text[start + i] === at(c));

function measure(text: Uint8Array, from: number, to: number): Line {
  let start = from;
  let end = to;
  let indent = 0;
  while (start < to && is(text[start], BYTE.space)) indent += text[start++] === 9 ? 4 : 1;
  while (end > start && is(text[end - 1], BYTE.space)) end--;
  const own = text.subarray(start, end);
  const indices = Array.from(own.keys());
  const count = (test: (b: number, i: number) => boolean): number => indices.filter((i) => test(own[i], i)).length;
  const has = (bit: number): number => count((b) => is(b, bit) && !is(b, BYTE.continuation));
  const spaceOrEnd = (b: number | undefined): boolean => b === undefined || is(b, BYTE.space);
  return {
    start,
    end,
    indent,
    chars: count((b) => !is(b, BYTE.continuation)),
    words: wordsIn(own),
    letters: has(BYTE.letter),
    digits: has(BYTE.digit),
    marks: has(BYTE.mark),
    plain: has(BYTE.plain),
    pipes: count((b, i) => b === at('|') && spaceOrEnd(own[i - 1]) && spaceOrEnd(own[i + 1])),
    tightCommas: count((b, i) => b === at(',') && i + 1 < own.length && !is(own[i + 1], BYTE.space)),
    gaps: count(
      (b, i) =>
        b === 9 ||
        (is(b, BYTE.space) &&
          is(own[i + 1], BYTE.space) &&
          !is(own[i - 1], BYTE.space) &&
          !'.?!:'.includes(String.fromCharCode(own[i - 1]))),
    ),
    calls: count(
      (b, i) =>
        (b === at('(') && (own[i + 1] === at(')') || is(own[i - 1], BYTE.letter) || own[i - 1] === at('_'))) ||
        (b === at('/') && own[i + 1] === b && is(own[i - 1], BYTE.space)),
    ),
  };
}

function wordsIn(line: Uint8Array): number {
  let words = 0;
  let inWord = false;
  for (const b of line) {
    if (is(b, BYTE.space)) inWord = false;
    else if (is(b, BYTE.letter) && !inWord) {
      words++;
      inWord = true;
    }
  }
  return words;
}

/** Whether a line is made of words, with few marks and digits. */
const readsLikeProse = (l: Line): boolean => l.words >= 6 && l.marks * 25 <= l.chars && l.digits * 5 <= l.chars;

/** Whether a line ends in . ? ! or an ellipsis, closing quotes and brackets aside. */
function endsSentence(text: Uint8Array, { start, end }: Line): boolean {
  let k = end;
  while (k > start && '"\')]*_'.includes(String.fromCharCode(text[k - 1]))) k--;
  const generalPunctuation = (): boolean => k - start >= 3 && text[k - 3] === 0xe2 && text[k - 2] === 0x80;
  if (generalPunctuation() && (text[k - 1] === 0x9d || text[k - 1] === 0x99)) k -= 3;
  if (k === start) return false;
  return '.!?'.includes(String.fromCharCode(text[k - 1])) || (generalPunctuation() && text[k - 1] === 0xa6);
}

/** Whether a line is long, of words of common length, and ends a sentence: a paragraph with formulas or links in it. */
const readsLikeParagraph = (text: Uint8Array, l: Line): boolean =>
  l.words >= 20 && l.words * 12 >= l.chars && l.marks * 5 <= l.chars && endsSentence(text, l);

/** Glyphs that list items begin with. */
const BULLETS = ['-', '*', '+', '|', '•', '‣', '●', '◦', '▪', '·', '»'].map((s) => new TextEncoder().encode(s));

/** Whether a line begins with a bullet or a number of up to three digits, and white space after it. */
function isItem(text: Uint8Array, { start, end }: Line): boolean {
  const bullet = BULLETS.find((b) => b.every((v, i) => start + i < end && text[start + i] === v));
  if (bullet) return start + bullet.length < end && is(text[start + bullet.length], BYTE.space);
  let k = start;
  while (k < end && k < start + 3 && is(text[k], BYTE.digit)) k++;
  if (k === start || k + 1 >= end || (text[k] !== at('.') && text[k] !== at(')'))) return false;
  return is(text[k + 1], BYTE.space);
}

/** A Markdown heading of at most 12 words. */
function isHeading(text: Uint8Array, { start, end, words }: Line): boolean {
  let k = start;
  while (k < end && k < start + 6 && text[k] === at('#')) k++;
  return k > start && k < end && text[k] === 32 && words <= 12;
}

function looksLikeTable({ pipes, chars, tightCommas, words, gaps, digits }: Line): boolean {
  if (pipes >= 2 && chars > 4) return true;
  if (tightCommas >= 3 && tightCommas * 2 >= words) return true;
  if (gaps >= 2 && (words <= 3 * (gaps + 1) || digits * 4 >= chars)) return true;
  return digits >= 4 && digits * 5 >= 2 * (chars - words);
}

/** @param afterCode the line before it is code, without a blank line between them */
function looksLikeCode(text: Uint8Array, l: Line, afterCode: boolean): boolean {
  const { start, end, marks, chars, words, calls, plain } = l;
  if (CODE_STARTS.some((s) => startsWith(text, l, s))) return true;
  if (readsLikeProse(l) && calls * 4 <= words) return false;
  const first = text[start];
  const last = text[end - 1];
  if (last === at('{') || last === at('}') || last === at(';')) return true;
  if (first === at('<') && last === at('>') && end - start > 2) return true;
  if (l.letters + l.digits === 0) return afterCode && marks + plain > 0 && chars <= 6;
  if (readsLikeParagraph(text, l)) return false;
  if (marks >= 2 && marks * 10 >= chars) return true;
  const closes = last === at(')') || last === at(',') || last === at(':');
  if (calls > 0 && closes && words <= 6 + 2 * marks && plain * 8 >= chars) return true;
  if (afterCode && l.indent > 0) return true;
  const open = !endsSentence(text, l);
  if (marks > 0 && open && (afterCode || l.indent >= 4)) return true;
  return (
    (marks > 0 || calls > 0 || (words <= 4 && open && afterCode)) && CODE_WORDS.some((s) => startsWith(text, l, s))
  );
}

/** Opens or closes a block of code: three of a kind, and at most 21 bytes after them. */
const isFence = (text: Uint8Array, { start, end }: Line): boolean =>
  (text[start] === at('`') || text[start] === at('~')) &&
  end - start >= 3 &&
  end - start <= 24 &&
  text[start + 1] === text[start] &&
  text[start + 2] === text[start];

const isRule = (text: Uint8Array, { start, end }: Line): boolean =>
  end - start >= 3 && text.subarray(start, end).every((b) => is(b, BYTE.rule));

/** Lines of front matter at most; what opens with `---` and goes on for longer is none. */
const MOST_META = 60;

/**
 * The kind of every line of a text, told in one pass from the line and from those before it.
 * - blank: nothing but white space. meta: between two lines `---`, the first of which opens the text.
 * - code: between fences; indented after a line that ends in `::`; from `>>> ` or `$ ` to the next blank line; else by
 *   its marks, its start and whether the line before is code.
 * - mark: rules and underlines. list: an item of fewer than 8 words that is no sentence.
 * - table: cells between `|`, tabs or wide gaps; values between commas; mostly digits.
 * - short: a Markdown heading, or at most 5 words and 40 characters that do not end a sentence. prose: all others.
 */
export function lineKinds(text: Uint8Array): { readonly kind: number; readonly line: Line }[] {
  const out: { kind: number; line: Line }[] = [];
  let fence = 0;
  let meta = false;
  let literal = -1;
  let session = false;
  let previous = 0;
  let afterBlank = true;
  const kindOf = (line: Line, n: number): number => {
    const { start, end } = line;
    const fences = isFence(text, line);
    if (fence !== 0) {
      if (fences && text[start] === fence) fence = 0;
      return LINE_KIND.code;
    }
    if (fences) {
      fence = text[start];
      return LINE_KIND.code;
    }
    const dashes = startsWith(text, line, '---');
    if (n === 0 && dashes && end - start === 3) meta = true;
    else if (meta && (dashes || n > MOST_META)) {
      meta = false;
      return LINE_KIND.meta;
    }
    if (meta) return LINE_KIND.meta;
    if (line.indent <= literal) literal = -1;
    if (startsWith(text, line, '>>> ') || startsWith(text, line, '$ ')) session = true;
    if (literal >= 0 || session) return LINE_KIND.code;
    if (isRule(text, line)) return LINE_KIND.mark;
    if (isHeading(text, line)) return LINE_KIND.short;
    if (isItem(text, line) && line.marks * 8 < line.chars)
      return line.words >= 8 || (line.words >= 4 && endsSentence(text, line)) ? LINE_KIND.prose : LINE_KIND.list;
    if (looksLikeTable(line)) return LINE_KIND.table;
    if (looksLikeCode(text, line, previous === LINE_KIND.code && !afterBlank)) return LINE_KIND.code;
    if (end - start >= 2 && text[end - 1] === at(':') && text[end - 2] === at(':')) literal = line.indent;
    if (line.words <= 5 && line.chars <= 40 && !endsSentence(text, line)) return LINE_KIND.short;
    return LINE_KIND.prose;
  };
  for (let from = 0, n = 0; from <= text.length; n++) {
    let to = text.indexOf(10, from);
    if (to < 0) to = text.length;
    const line = measure(text, from, to);
    from = to + 1;
    const blank = line.start === line.end;
    if (blank) session = false;
    const kind = blank ? LINE_KIND.blank : kindOf(line, n);
    if (!blank) previous = kind;
    afterBlank = blank;
    out.push({ kind, line });
  }
  return out;
}
