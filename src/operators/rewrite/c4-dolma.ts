import { lowerAscii, splitSpace, stripped } from '../annotators/profiles/python-text.ts';
import { type LineRewrite, type TextCut, withoutCuts } from './line-rewrite.ts';

export interface DolmaC4Options {
  readonly terminalPunct: boolean;
  /** 0 = no minimum. */
  readonly minWordsPerLine: number;
  readonly loremIpsum: boolean;
  readonly javascript: boolean;
  readonly curlyBracket: boolean;
}

const LINE_MARKS = '.?!"';

/**
 * The line rules of dolma's `c4_v1` tagger (1.2), by its definitions, applied as its mixer applies spans. Lines end at
 * `\n` and go with it; an ellipsis ends a line well; `javascript` (a word of its own), `lorem ipsum` and `{` drop the
 * document wherever they stand. Offsets are those of the text itself; the tool's `c4_v2` takes them from the
 * lower-cased text, where `İ` has become two characters.
 */
export function dolmaC4(text: string, o: DolmaC4Options): LineRewrite {
  const lines = text.split('\n');
  const cuts: TextCut[] = [];
  const phrases = o.loremIpsum || o.javascript || o.curlyBracket;
  const bad = (reason: string): LineRewrite => ({
    reason,
    value: 1,
    text,
    cuts: [],
    lines: lines.length,
    keptLines: 0,
    sentences: null,
  });
  let at = 0;
  for (const [k, raw] of lines.entries()) {
    const end = at + raw.length + (k < lines.length - 1 ? 1 : 0);
    const inner = stripped(raw);
    const ended = inner.end > inner.start && LINE_MARKS.includes(raw[inner.end - 1]);
    const line = phrases ? lowerAscii(raw.slice(inner.start, inner.end)) : '';
    if (o.loremIpsum && line.includes('lorem ipsum')) return bad('c4_lorem_ipsum');
    if (o.javascript && splitSpace(line).includes('javascript')) return bad('c4_javascript');
    if (o.curlyBracket && line.includes('{')) return bad('c4_curly_bracket');
    if (o.terminalPunct && !ended) cuts.push({ start: at, end, rule: 'c4_no_terminal_punct' });
    else if (o.minWordsPerLine > 0 && splitSpace(raw).length < o.minWordsPerLine)
      cuts.push({ start: at, end, rule: 'c4_few_words' });
    at = end;
  }
  const keptLines = lines.length - cuts.length;
  const full = cuts.filter((c) => c.end > c.start);
  return {
    reason: null,
    value: null,
    text: withoutCuts(text, full),
    cuts: full,
    lines: lines.length,
    keptLines,
    sentences: null,
  };
}
