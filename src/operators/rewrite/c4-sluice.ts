import { isCloser, isTerminal, isWhiteSpace } from '../../unicode.ts';
import { lengthOf, lowerAscii } from '../annotators/profiles/python-text.ts';
import { POLICY_PHRASES } from './c4-datatrove.ts';
import { type LineRewrite, type TextCut, withoutCuts } from './line-rewrite.ts';

export interface SluiceC4Options {
  readonly terminalPunct: boolean;
  /** 0 = no minimum. */
  readonly minWordsPerLine: number;
  /** 0 = no limit. */
  readonly maxWordLength: number;
  /** 0 = no minimum. */
  readonly minSentences: number;
  readonly loremIpsum: boolean;
  readonly javascript: boolean;
  readonly curlyBracket: boolean;
  readonly policy: boolean;
}

const QUOTES = new Set(['"', "'", '”', '’', '»']);

function tokensOf(line: string): string[] {
  const out: string[] = [];
  let start = -1;
  for (let i = 0; i <= line.length; i++) {
    const white = i === line.length || isWhiteSpace(line.charCodeAt(i));
    if (!white && start < 0) start = i;
    if (white && start >= 0) {
      out.push(line.slice(start, i));
      start = -1;
    }
  }
  return out;
}

/** Whether a token ends in a terminal mark, closing brackets and quotes after it allowed. */
function endsTerminal(token: string): boolean {
  const c = Array.from(token);
  let end = c.length;
  while (end > 0 && isCloser(c[end - 1].codePointAt(0)!)) end--;
  return end > 0 && isTerminal(c[end - 1].codePointAt(0)!);
}

const isEllipsis = (token: string): boolean => token.endsWith('...') || token.endsWith('…');

/** The rule that cuts a line, or null. */
function cutRule(tokens: readonly string[], line: string, o: SluiceC4Options): string | null {
  const last = tokens.at(-1);
  if (last === undefined) return 'c4_blank_line';
  if (o.maxWordLength > 0 && tokens.some((t) => lengthOf(t) > o.maxWordLength)) return 'c4_long_word';
  const ended = (endsTerminal(last) || QUOTES.has(last.slice(-1))) && !isEllipsis(last);
  if (o.terminalPunct && !ended) return 'c4_no_terminal_punct';
  if (tokens.length < o.minWordsPerLine) return 'c4_few_words';
  const lower = lowerAscii(line);
  if (o.javascript && lower.includes('javascript')) return 'c4_javascript';
  if (o.policy && POLICY_PHRASES.some((phrase) => lower.includes(phrase))) return 'c4_policy';
  return null;
}

/**
 * The C4 rules as the paper has them (Raffel et al. 2020, section 2.2) with the limits of its code: `lorem ipsum` and `{` count anywhere in
 * the document, a line is kept byte for byte or cut whole, and a closing quote or bracket after a terminal mark is seen through. A sentence is
 * a word that ends in a terminal mark; a line has at least one.
 */
export function sluiceC4(text: string, o: SluiceC4Options): LineRewrite {
  const lines = text.split('\n');
  const dropped = (reason: string, value: number, keptLines: number, sentences: number | null): LineRewrite => ({
    reason,
    value,
    text,
    cuts: [],
    lines: lines.length,
    keptLines,
    sentences,
  });
  const cuts: TextCut[] = [];
  let sentences = 0;
  let keptLines = 0;
  let start = 0;
  /** One past the last kept line, without its line end. */
  let keptEnd = 0;
  for (const line of lines) {
    const end = Math.min(text.length, start + line.length + 1);
    const tokens = tokensOf(line);
    const rule = cutRule(tokens, line, o);
    if (rule !== null && end > start) cuts.push({ start, end, rule });
    if (rule === null) {
      keptLines++;
      keptEnd = start + line.length;
      sentences += Math.max(1, tokens.filter((t) => endsTerminal(t) && lengthOf(t) > 1).length);
    }
    start = end;
  }
  const lower = o.loremIpsum ? lowerAscii(text) : '';
  if (lower.includes('lorem ipsum')) return dropped('c4_lorem_ipsum', 1, keptLines, sentences);
  if (o.curlyBracket && text.includes('{')) return dropped('c4_curly_bracket', 1, keptLines, sentences);
  if (sentences < o.minSentences) return dropped('c4_min_sentences', sentences, keptLines, sentences);
  const all = withLastLineEnd(cuts, keptEnd, text.length);
  return {
    reason: null,
    value: null,
    text: withoutCuts(text, all),
    cuts: all,
    lines: lines.length,
    keptLines,
    sentences,
  };
}

/** Kept lines are joined by line feeds: the one after the last of them goes, with the cut lines that follow it if there are any. */
function withLastLineEnd(cuts: readonly TextCut[], keptEnd: number, length: number): TextCut[] {
  if (keptEnd === length) return [...cuts];
  const after = cuts.findIndex((c) => c.start > keptEnd);
  if (after < 0) return [...cuts, { start: keptEnd, end: length, rule: 'c4_blank_line' }];
  return cuts.map((c, i) => (i === after ? { ...c, start: keptEnd } : c));
}
