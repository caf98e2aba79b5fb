import { isCloser, isTerminal } from '../../unicode.ts';
import { codePoints, wordOf } from './words.ts';

/**
 * Whether a token or a trimmed line ends in a terminal mark: property Sentence_Terminal of the pinned Unicode version
 * or U+2026 (three full stops count, so the one-character ellipsis does), optionally followed by closing brackets or
 * quotes.
 */
export function endsTerminal(s: string): boolean {
  const cps = codePoints(s);
  let end = cps.length;
  while (end > 0 && isCloser(cps[end - 1])) end--;
  return end > 0 && isTerminal(cps[end - 1]);
}

/**
 * Whether a token ends a sentence: it has a word in it and ends in a terminal mark. Abbreviations count too: no
 * dictionary, no language.
 */
export const endsSentence = (token: string): boolean => wordOf(token) !== '' && endsTerminal(token);
