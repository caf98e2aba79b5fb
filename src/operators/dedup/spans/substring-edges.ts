import { isSpace } from '../space.ts';
import { addSpan, type Spans } from './span-decision.ts';

/**
 * What is cut of stretches found in words: the words with the white space after them; with that before them instead,
 * where only the one after holds more line breaks, or at the end of the text. So a cut paragraph leaves one gap, and
 * two lines never become one.
 */
export function wordEdges(text: Uint8Array, spans: Spans): Spans {
  const out: Spans = [];
  for (let k = 0; k < spans.length; k += 2) {
    let [start, end] = [spans[k], spans[k + 1]];
    // Stretches with nothing but white space between them are one.
    for (; k + 2 < spans.length && blank(text, end, spans[k + 2]); k += 2) end = spans[k + 3];
    let before = start;
    while (before > 0 && isSpace(text[before - 1])) before--;
    let after = end;
    while (after < text.length && isSpace(text[after])) after++;
    if (after === text.length) [start, end] = [before, after];
    else if (before > 0 && breaks(text, end, after) > breaks(text, before, start)) start = before;
    else end = after;
    addSpan(out, start, end);
  }
  return out;
}

function blank(text: Uint8Array, from: number, to: number): boolean {
  for (let i = from; i < to; i++) if (!isSpace(text[i])) return false;
  return true;
}

function breaks(text: Uint8Array, from: number, to: number): number {
  let count = 0;
  for (let i = from; i < to; i++) if (text[i] === 10) count++;
  return count;
}

/**
 * What is cut of stretches found in bytes: their whole code points; with `wholeWords` their whole words, then as
 * `wordEdges`.
 */
export function byteEdges(text: Uint8Array, spans: Spans, wholeWords: boolean): Spans {
  const out: Spans = [];
  const inside = wholeWords ? insideWord : insideCodePoint;
  for (let k = 0; k < spans.length; k += 2) {
    let [start, end] = [spans[k], spans[k + 1]];
    while (start < end && inside(text, start)) start++;
    while (end > start && inside(text, end)) end--;
    while (wholeWords && start < end && isSpace(text[start])) start++;
    while (wholeWords && end > start && isSpace(text[end - 1])) end--;
    if (start < end) addSpan(out, start, end);
  }
  return wholeWords ? wordEdges(text, out) : out;
}

const insideCodePoint = (text: Uint8Array, at: number): boolean => at < text.length && (text[at] & 0xc0) === 0x80;

/** A place with a letter or digit on both sides; scripts from U+0E00 on, most of which set no spaces, have none. */
function insideWord(text: Uint8Array, at: number): boolean {
  if (insideCodePoint(text, at)) return true;
  if (at === 0 || at === text.length) return false;
  let before = at - 1;
  while (before > 0 && (text[before] & 0xc0) === 0x80) before--;
  return inWords(text, before) && inWords(text, at);
}

function inWords(text: Uint8Array, at: number): boolean {
  const byte = text[at];
  if (byte >= 0x80) return byte < 0xe0 ? byte !== 0xc2 : byte === 0xe0 && text[at + 1] < 0xb8;
  return (byte >= 48 && byte <= 57) || ((byte | 32) >= 97 && (byte | 32) <= 122) || byte === 95;
}
