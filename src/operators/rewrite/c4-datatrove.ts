import { isDigit } from '../../unicode.ts';
import { isSpace, lineSpans, lowerAscii } from '../annotators/profiles/python-text.ts';
import { countSentences, countSentencesIn } from '../annotators/profiles/reading.ts';
import { SPACE, unitsReader } from '../annotators/profiles/units.ts';
import { LINE_END, type LineRewrite, type TextCut, withoutCuts } from './line-rewrite.ts';

export interface DatatroveC4Options {
  readonly terminalPunct: boolean;
  /** 0 = no minimum. */
  readonly minWordsPerLine: number;
  /** 0 = no limit. */
  readonly maxWordLength: number;
  /** 0 = no minimum, and sentences are not counted. */
  readonly minSentences: number;
  readonly citations: boolean;
  readonly loremIpsum: boolean;
  readonly javascript: boolean;
  readonly curlyBracket: boolean;
  readonly policy: boolean;
}

/** The defaults of the filter. */
export const DATATROVE_C4: DatatroveC4Options = {
  terminalPunct: true,
  minWordsPerLine: 3,
  maxWordLength: 1000,
  minSentences: 5,
  citations: true,
  loremIpsum: true,
  javascript: true,
  curlyBracket: true,
  policy: true,
};

export const POLICY_PHRASES = [
  'terms of use',
  'privacy policy',
  'cookie policy',
  'uses cookies',
  'use of cookies',
  'use cookies',
];
const LINE_MARKS = ['.', '?', '!', '"', "'"];
/** Found in every line that one of the phrases is found in, and in others. */
const SUSPECT = /lorem ipsum|javascript|\{|terms of |policy|coo[k\u212a]ie/i;

interface Span {
  readonly start: number;
  readonly end: number;
}

/** A line trimmed, and the citations in it: `[12]`, `[]`, `[edit]`, `[citation needed]`. */
interface Line extends Span {
  readonly words: number;
  /** Code points of the longest word. */
  readonly longest: number;
  readonly citations: readonly Span[];
}

function lineOf(text: string, units: Int32Array, span: Span, withCitations: boolean): Line {
  let { start, end } = span;
  while (start < end && SPACE[units[start]] === 1) start++;
  while (end > start && SPACE[units[end - 1]] === 1) end--;
  let [words, longest, points, before, bracket] = [0, 0, 0, 0, false];
  for (let i = start; i < end; i++) {
    const unit = units[i];
    if (SPACE[unit] === 1) {
      if (points > longest) longest = points;
      points = 0;
    } else {
      if (points === 0) words++;
      if ((unit & 0xfc00) !== 0xdc00 || (before & 0xfc00) !== 0xd800) points++;
      if (unit === BRACKET) bracket = true;
    }
    before = unit;
  }
  const found = withCitations && bracket ? citationsOf(text.slice(start, end)) : [];
  const citations = found.map((c) => ({ start: c.start + start, end: c.end + start }));
  return { start, end, words, longest: Math.max(longest, points), citations };
}

/** A line without its citations. */
function withoutCitations(text: string, { start, end, citations }: Line): string {
  let own = '';
  let at = start;
  for (const c of citations) {
    own += text.slice(at, c.start);
    at = c.end;
  }
  return own + text.slice(at, end);
}

const BRACKET = 0x5b;

const unitsOf = unitsReader();

function citationsOf(line: string): Span[] {
  return Array.from(line.matchAll(/\[([^[\]]*)\]/g))
    .filter(
      ([, inner]) =>
        inner === 'edit' || inner === 'citation needed' || Array.from(inner).every((c) => isDigit(c.codePointAt(0)!)),
    )
    .map((m) => ({ start: m.index, end: m.index + m[0].length }));
}

/**
 * What becomes of a line: the rule that cuts it, `drop:` and the reason that drops the document, or null when it stays.
 * @param own the line without citations
 * @param suspect whether it may hold one of the phrases
 */
function verdictOf(line: Line, own: () => string, suspect: boolean, o: DatatroveC4Options): string | null {
  if (o.maxWordLength > 0 && line.longest > o.maxWordLength) return 'c4_long_word';
  if (o.terminalPunct && !isEnded(own())) return 'c4_no_terminal_punct';
  if (line.words < o.minWordsPerLine) return 'c4_few_words';
  if (!suspect || !SUSPECT.test(own())) return null;
  const lower = lowerAscii(own());
  if (o.loremIpsum && lower.includes('lorem ipsum')) return 'drop:lorem_ipsum';
  if (o.javascript && lower.includes('javascript')) return 'c4_javascript';
  if (o.curlyBracket && lower.includes('{')) return 'drop:curly_bracket';
  if (o.policy && POLICY_PHRASES.some((phrase) => lower.includes(phrase))) return 'c4_policy';
  return null;
}

const isEnded = (line: string): boolean => LINE_MARKS.some((mark) => line.endsWith(mark)) && !line.endsWith('...');

/**
 * `C4QualityFilter` of datatrove 0.10 (after Raffel et al. 2020, section 2.2), by its definitions, with our own
 * sentences or those counted from outside. Lines end where Python's lines do and are trimmed; words are counted before
 * citations are taken out; the rules for the whole document see only lines that the rules before them left.
 */
export function datatroveC4(text: string, o: DatatroveC4Options, sentencesIn?: (line: string) => number): LineRewrite {
  const { units } = unitsOf(text);
  const spans = lineSpans(text);
  const suspect = SUSPECT.test(text);
  const paint = makePaint(text);
  const joins: Span[] = [];
  let keptLines = 0;
  let sentences = 0;
  const dropped = (reason: string, value: number, counted: number | null): LineRewrite => ({
    reason,
    value,
    text,
    cuts: [],
    lines: spans.length,
    keptLines,
    sentences: counted,
  });
  for (const [k, span] of spans.entries()) {
    const next = spans[k + 1]?.start ?? text.length;
    const line = lineOf(text, units, span, o.citations);
    const own = (): string => withoutCitations(text, line);
    const cited = line.citations.length > 0;
    // Taking a citation out may put a phrase together.
    const verdict = verdictOf(line, own, suspect || cited, o);
    if (verdict?.startsWith('drop:')) return dropped(verdict.slice(5), 1, null);
    if (verdict !== null) {
      paint.fill(span.start, next, verdict);
      continue;
    }
    keptLines++;
    if (o.minSentences > 0) {
      if (sentencesIn !== undefined) sentences += sentencesIn(own());
      else sentences += cited ? countSentences(own()) : countSentencesIn(units, line.start, line.end);
    }
    paint.fill(span.start, line.start, 'c4_white_space');
    for (const c of line.citations) paint.fill(c.start, c.end, 'c4_citation');
    paint.fill(line.end, next, 'c4_white_space');
    joins.push({ start: span.end, end: next });
  }
  if (sentences < o.minSentences) return dropped('too_few_sentences', sentences, sentences);
  for (const join of joins.slice(0, -1)) paint.join(join);
  paint.trim();
  const cuts = paint.cuts();
  const counted = o.minSentences > 0 ? sentences : null;
  return {
    reason: null,
    value: null,
    text: withoutCuts(text, cuts),
    cuts,
    lines: spans.length,
    keptLines,
    sentences: counted,
  };
}

/** Which rule takes each unit of a text; 0 = none. */
function makePaint(text: string) {
  const names: string[] = [''];
  const rule = new Uint8Array(text.length);
  const numberOf = (name: string): number => {
    const known = names.indexOf(name);
    return known > 0 ? known : names.push(name) - 1;
  };
  const fill = (start: number, end: number, name: string): void => void rule.fill(numberOf(name), start, end);
  const isReplaced = (i: number): boolean => names[rule[i]].startsWith(LINE_END);
  let replaced = 0;
  return {
    fill,
    /** Leaves a `\n` after a kept line that another one follows: its own, or one in the place of its line end. */
    join({ start, end }: Span): void {
      // Two line ends side by side stay two cuts.
      if (text[end - 1] === '\n') rule[end - 1] = 0;
      else fill(start, end, `${LINE_END}${replaced++ % 2 === 0 ? '' : ' '}`);
    },
    /** Takes white space at both ends of what is left. */
    trim(): void {
      const white = numberOf('c4_white_space');
      const edge = (i: number): boolean => {
        if (isReplaced(i) || (rule[i] === 0 && isSpace(text.charCodeAt(i)))) rule[i] = white;
        return rule[i] !== 0;
      };
      for (let i = 0; i < text.length && edge(i); i++);
      for (let i = text.length - 1; i >= 0 && edge(i); i--);
    },
    cuts(): TextCut[] {
      const out: TextCut[] = [];
      for (let start = 0, end = 0; start < text.length; start = end) {
        end = start + 1;
        while (end < text.length && rule[end] === rule[start]) end++;
        if (rule[start] !== 0) out.push({ start, end, rule: names[rule[start]].trim() });
      }
      return out;
    },
  };
}
