import { C4_FLAG, C4_LINE, C4_PHRASES, type C4Options } from '../c4.ts';
import { asciiLower } from './gopher-quality.ts';
import { endsSentence } from './terminal.ts';
import { lengthOf, tokensOf, trimWhiteSpace } from './words.ts';

/** What the C4 rules say of one document; spans are UTF-8 bytes from its start. */
export interface C4Document {
  readonly lines: readonly { readonly start: number; readonly end: number; readonly code: number }[];
  readonly flags: number;
  readonly sentences: number;
  /** Citation marks in kept lines. */
  readonly citations: readonly { readonly start: number; readonly end: number }[];
}

const CITATION = /\[(?:[0-9]+|edit|citation needed)\]/gi;
const bytesOf = (s: string): number => new TextEncoder().encode(s).length;

/** Sentences of a line: tokens that end one, and the rest after the last of them. */
function sentencesOf(line: string): number {
  const tokens = tokensOf(line);
  const ends = tokens.filter(endsSentence).length;
  return ends + (tokens.length > 0 && !endsSentence(tokens[tokens.length - 1]) ? 1 : 0);
}

/** The line rules of C4 on one document; the definitions stand at `C4_LINE` and `C4Options`. */
export function c4Document(text: string, options: C4Options): C4Document {
  const lines: { start: number; end: number; code: number }[] = [];
  const citations: { start: number; end: number }[] = [];
  let flags = 0;
  let sentences = 0;
  let offset = 0;
  for (const raw of text.split('\n')) {
    const line = trimWhiteSpace(raw);
    if (line !== '') {
      const start = offset + bytesOf(raw.slice(0, raw.indexOf(line)));
      const found = options.citations ? [...line.matchAll(CITATION)] : [];
      const clean = options.citations ? trimWhiteSpace(line.replace(CITATION, '')) : line;
      const { code, flag } = verdict(line, clean, options);
      flags |= flag;
      lines.push({ start, end: start + bytesOf(line), code });
      if (code === C4_LINE.keep) {
        sentences += sentencesOf(clean);
        for (const m of found) {
          const at = start + bytesOf(line.slice(0, m.index));
          citations.push({ start: at, end: at + m[0].length });
        }
      }
    }
    offset += bytesOf(raw) + 1;
  }
  return { lines, flags, sentences, citations };
}

function verdict(line: string, clean: string, options: C4Options): { code: number; flag: number } {
  const tokens = tokensOf(line);
  if (options.maxWordLength > 0 && tokens.some((t) => lengthOf(t) > options.maxWordLength)) {
    return { code: C4_LINE.long_word, flag: 0 };
  }
  if (options.terminalPunct && (!/[.?!"']$/.test(clean) || clean.endsWith('...'))) {
    return { code: C4_LINE.no_terminal_punct, flag: 0 };
  }
  if (tokens.length < options.minWords || clean === '') return { code: C4_LINE.too_few_words, flag: 0 };
  const lower = asciiLower(clean);
  let flag = lower.includes('lorem ipsum') ? C4_FLAG.lorem_ipsum : 0;
  if (options.javascript && lower.includes('javascript')) return { code: C4_LINE.javascript, flag };
  if (lower.includes('{')) flag |= C4_FLAG.curly_bracket;
  if (options.policy && C4_PHRASES.slice(2).some((p) => lower.includes(p))) return { code: C4_LINE.policy, flag };
  return { code: C4_LINE.keep, flag };
}
