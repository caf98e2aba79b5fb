import type { SplitName } from '../profile.ts';
import { isPlainMark, isTerminalMark } from './marks.ts';
import { splitSpace, strip } from './python-text.ts';

/** How a text falls into words and sentences. Give your own (spaCy's, say) to the functions of a profile to have exactly a tool's result. */
export interface Splits {
  words(text: string): string[];
  sentences(text: string): string[];
}

export function splitsOf(name: SplitName): Splits {
  return { words: name === 'whitespace' ? splitSpace : punctuatedWords, sentences: splitSentences };
}

const isMark = (c: string): boolean => isPlainMark(c) || isTerminalMark(c);

/** Marks of which a run is one word: `...` and `--`. */
const isRun = (c: string): boolean => c === '.' || c === '-';

const CLITIC = /^(.+)(n['’]t|['’](?:s|re|ve|ll|m|d))$/i;
const INFIX = /(?<=[a-z])(-+|[–—~:<>=/])(?=[a-z])/i;

/**
 * Words at white space; leading and trailing marks, hyphens between letters and English clitics ('s, n't) are words of their own. Near to
 * spaCy's blank English pipeline, without its dictionary of exceptions.
 */
function punctuatedWords(text: string): string[] {
  const out: string[] = [];
  for (const token of splitSpace(text)) {
    const c = Array.from(token);
    let start = 0;
    let end = c.length;
    while (start < end && isMark(c[start])) start++;
    while (end > start && isMark(c[end - 1])) end--;
    // "A." and "U.S." keep their full stop.
    if (c[end] === '.' && c[end + 1] !== '.' && isInitial(c, start, end)) end++;
    pushMarks(out, c.slice(0, start));
    if (start < end) pushWord(out, c.slice(start, end).join(''));
    pushMarks(out, c.slice(end));
  }
  return out;
}

const isInitial = (c: readonly string[], start: number, end: number): boolean =>
  end > start && c[end - 1] >= 'A' && c[end - 1] <= 'Z' && (end - 1 === start || c[end - 2] === '.');

function pushWord(out: string[], word: string): void {
  const clitic = CLITIC.exec(word);
  for (const part of (clitic ? clitic[1] : word).split(INFIX)) out.push(part);
  if (clitic) out.push(clitic[2]);
}

function pushMarks(out: string[], marks: readonly string[]): void {
  let before = '';
  for (const c of marks) {
    if (c === before && isRun(c)) out[out.length - 1] += c;
    else out.push(c);
    before = c;
  }
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
