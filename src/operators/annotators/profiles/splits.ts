import type { SplitName } from '../profile.ts';
import { isPlainMark, isTerminalMark } from './marks.ts';
import { splitSpace, strip } from './python-text.ts';

/** How a text falls into words and sentences. Give your own (spaCy's, say) to the functions of a profile to have exactly a tool's result. */
export interface Splits {
  words(text: string): string[];
  sentences(text: string): string[];
}

/** Words at white space; with `punctuated`, leading and trailing marks are words of their own (a run of equal marks is one). */
export function splitsOf(name: SplitName): Splits {
  return { words: name === 'whitespace' ? splitSpace : punctuatedWords, sentences: splitSentences };
}

const isMark = (c: string): boolean => isPlainMark(c) || isTerminalMark(c);

function punctuatedWords(text: string): string[] {
  const out: string[] = [];
  for (const token of splitSpace(text)) {
    const c = Array.from(token);
    let start = 0;
    let end = c.length;
    while (start < end && isMark(c[start])) start++;
    while (end > start && isMark(c[end - 1])) end--;
    pushMarks(out, c.slice(0, start));
    if (start < end) out.push(c.slice(start, end).join(''));
    pushMarks(out, c.slice(end));
  }
  return out;
}

function pushMarks(out: string[], marks: readonly string[]): void {
  let run = '';
  for (const c of marks) {
    if (run !== '' && !run.endsWith(c)) {
      out.push(run);
      run = '';
    }
    run += c;
  }
  if (run !== '') out.push(run);
}

/** Sentences end after terminal marks (and the closing marks after them), as a rule-based sentencizer has it. */
function splitSentences(text: string): string[] {
  const out: string[] = [];
  let sentence = '';
  let ended = false;
  for (const c of text) {
    if (ended && !isMark(c)) {
      out.push(sentence);
      sentence = '';
      ended = false;
    }
    sentence += c;
    if (isTerminalMark(c)) ended = true;
  }
  out.push(sentence);
  return out.map(strip).filter((s) => s !== '');
}
