import { isSymbol } from '../../../unicode.ts';
import type { SplitName } from '../profile.ts';
import { isTerminalMark } from './marks.ts';
import { splitSpace } from './python-text.ts';

/**
 * How a text falls into words and sentences. Give your own (spaCy's, say) to the functions of a profile to have exactly
 * a tool's result.
 */
export interface Splits {
  words(text: string): string[];
  sentences(text: string): string[];
}

export function splitsOf(name: SplitName): Splits {
  return { words: name === 'whitespace' ? splitSpace : punctuatedWords, sentences: punctuatedSentences };
}

/** Marks that come off a token at either end. */
const EDGE = new Set('…,:;!?¿¡()[]{}<>_#*&、。，·|`"\'‘’‚‛“”„‟«»´');
/** Marks that come off only in front. */
const FRONT = new Set('§%=—–+$£€¥');
/** Marks that come off only behind. */
const BACK = new Set('—–');

const CLITIC = /^(.+?)(n['’]t|['’](?:s|re|ve|ll|m|d))$/i;
const INFIX = /(?<=[a-z])(-+|[–—~,])(?=[a-z])|(?<=[a-z0-9])([:<>=/])(?=[a-z])|(\.\.+|…)/i;
const CAMEL_STOP = /(?<=[a-z])(\.)(?=[A-Z])/;
const UNIT = /^([+-]?[\d.,]*\d)(%|[a-zA-Zµ°]{1,3}\d?)$/;
const ADDRESS = /^(?:[a-z]+:\/\/|www\.)|^[^\s@]+@[^\s@]+\.[a-z]+$/i;

const isCapital = (c: string): boolean => c >= 'A' && c <= 'Z';
const isLetter = (c: string): boolean => isCapital(c) || (c >= 'a' && c <= 'z');

/**
 * Whether a full stop comes off behind `before` and what stands before that, if anything: "U.S.", "e.g." and "A." keep
 * theirs.
 */
export function stopComesOff(before: string, beforeThat = '.'): boolean {
  if (isLetter(before) && beforeThat === '.') return false;
  return !isCapital(before) || isCapital(beforeThat);
}

/**
 * Words at white space; marks at their ends, hyphens between letters and English clitics ('s, n't) are words of their
 * own. Near to spaCy's blank English pipeline, without its dictionary of exceptions.
 */
function punctuatedWords(text: string): string[] {
  const out: string[] = [];
  for (const token of splitSpace(text)) for (const part of punctuatedParts(token)) out.push(part);
  return out;
}

/** The words of one token without white space. */
export function punctuatedParts(token: string): string[] {
  const out: string[] = [];
  pushToken(out, token);
  return out;
}

function pushToken(out: string[], token: string): void {
  const c = Array.from(token);
  let start = 0;
  let end = c.length;
  while (start < end) {
    const dots = runOfDots(c, start, end);
    if (dots < 2 && !comesOffInFront(c[start])) break;
    const length = Math.max(1, dots);
    out.push(c.slice(start, start + length).join(''));
    start += length;
  }
  const behind: string[] = [];
  while (end > start) {
    let dots = 0;
    while (end - dots > start && c[end - dots - 1] === '.') dots++;
    const beforeThat = end - 3 >= start ? c[end - 3] : undefined;
    const single = dots === 1 && end - 1 > start && stopComesOff(c[end - 2], beforeThat);
    if (dots < 2 && !single && !comesOffBehind(c[end - 1])) break;
    const length = Math.max(1, dots);
    behind.push(c.slice(end - length, end).join(''));
    end -= length;
  }
  if (start < end) pushWord(out, c.slice(start, end).join(''));
  for (let k = behind.length - 1; k >= 0; k--) out.push(behind[k]);
}

function runOfDots(c: readonly string[], start: number, end: number): number {
  let n = 0;
  while (start + n < end && c[start + n] === '.') n++;
  return n;
}

const isIcon = (c: string): boolean => c > '\u00ff' && isSymbol(c.codePointAt(0)!);
/** @param c one code point */
export const comesOffInFront = (c: string): boolean => EDGE.has(c) || FRONT.has(c) || isIcon(c);

/** @param c one code point */
export const comesOffBehind = (c: string): boolean => EDGE.has(c) || BACK.has(c) || isIcon(c);

function pushWord(out: string[], word: string): void {
  if (ADDRESS.test(word)) {
    out.push(word);
    return;
  }
  const unit = UNIT.exec(word);
  if (unit) {
    out.push(unit[1], unit[2]);
    return;
  }
  const clitic = CLITIC.exec(word);
  for (const part of (clitic ? clitic[1] : word).split(INFIX)) {
    if (part) for (const piece of part.split(CAMEL_STOP)) if (piece !== '') out.push(piece);
  }
  if (clitic) out.push(clitic[2]);
}

/**
 * A sentence ends at a word that is one terminal mark, and takes the marks after it along, as a rule-based sentencizer
 * has it.
 */
function punctuatedSentences(text: string): string[] {
  const out: string[] = [];
  let sentence: string[] = [];
  let ended = false;
  for (const word of punctuatedWords(text)) {
    const mark = isMarkWord(word);
    if (ended && !mark) {
      out.push(sentence.join(' '));
      sentence = [];
      ended = false;
    }
    sentence.push(word);
    if (isTerminalMark(word)) ended = true;
  }
  if (sentence.length > 0) out.push(sentence.join(' '));
  return out;
}

/** Whether a word is one terminal mark or made of marks that come off. */
export const isMarkWord = (word: string): boolean =>
  isTerminalMark(word) || Array.from(word).every((c) => c === '.' || EDGE.has(c) || BACK.has(c));
