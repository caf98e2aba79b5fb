import { CLASS, classTable, foldCase } from '../../unicode.ts';

/**
 * What the tokens of an n-gram model are.
 * - `bytes`: the bytes of UTF-8; the document is one sequence.
 * - `words`: runs between white space without the punctuation and symbols around them, case folded, every digit a 0 (as
 *   cc_net does); a line
 *   that has a word is a sequence.
 * - `whitespace`: runs between ASCII white space as they are; a line that has one is a sequence. What KenLM does with a
 *   line.
 */
export type Split = 'bytes' | 'words' | 'whitespace';

/** Takes the words of a text in order; the bytes are gone after the call. */
export interface WordSink {
  /** @param readTo place in the text after the word and the white space that ended it, or the end of the text */
  word(bytes: Uint8Array, start: number, end: number, readTo: number): void;
  /** A line with at least one word has ended. */
  endLine(): void;
}

export type WordWalk = (values: Uint8Array, start: number, end: number, sink: WordSink) => void;

const NEW_LINE = 10;
const TRIMMED = 1;
const SPACE = 2;
const DIGIT = 4;

/** Walks the words of valid UTF-8 in `values[start .. end)`. */
export function wordWalk(split: 'words' | 'whitespace'): WordWalk {
  return split === 'words' ? walkWords() : walkWhitespace;
}

const ASCII_SPACE = new Set([9, 10, 11, 12, 13, 32, 0]);

function walkWhitespace(values: Uint8Array, start: number, end: number, sink: WordSink): void {
  let from = -1;
  let inLine = false;
  for (let i = start; i <= end; i++) {
    const byte = i < end ? values[i] : NEW_LINE;
    if (byte > 32 || !ASCII_SPACE.has(byte)) {
      if (from < 0) from = i;
      continue;
    }
    if (from >= 0) {
      sink.word(values, from, i, Math.min(i + 1, end));
      inLine = true;
      from = -1;
    }
    if (byte === NEW_LINE && inLine) {
      sink.endLine();
      inLine = false;
    }
  }
}

function walkWords(): WordWalk {
  const { index, blocks } = classTable();
  const kindOf = (cp: number): number => {
    const c = blocks[(index[cp >> 7] << 7) | (cp & 127)];
    const group = c & CLASS.groupMask;
    if ((c & CLASS.whiteSpace) !== 0) return SPACE;
    if (group === CLASS.punctuation || group === CLASS.symbol) return TRIMMED;
    return (c & CLASS.digit) !== 0 ? DIGIT : 0;
  };
  const ascii = Uint8Array.from({ length: 128 }, (_, cp) => kindOf(cp));
  const folded = Uint8Array.from({ length: 128 }, (_, cp) => (ascii[cp] === DIGIT ? 48 : foldCase(cp)));
  let word = new Uint8Array(256);
  return (values, start, end, sink) => {
    let length = 0;
    /** End of the word without the marks after it. */
    let kept = 0;
    let inLine = false;
    for (let i = start; i < end; ) {
      if (length + 4 > word.length) {
        const larger = new Uint8Array(2 * word.length);
        larger.set(word);
        word = larger;
      }
      const byte = values[i];
      let kind: number;
      if (byte < 128) {
        i++;
        kind = ascii[byte];
        if (kind === 0 || kind === DIGIT) {
          word[length++] = folded[byte];
          kept = length;
          continue;
        }
        if (kind === TRIMMED) {
          if (kept > 0) word[length++] = byte;
          continue;
        }
      } else {
        const width = byte < 0xe0 ? 2 : byte < 0xf0 ? 3 : 4;
        const cp = decode(values, i, width);
        i += width;
        kind = kindOf(cp);
        if (kind !== SPACE) {
          if (kind === TRIMMED && kept === 0) continue;
          length = encode(kind === DIGIT ? 48 : foldCase(cp), word, length);
          if (kind !== TRIMMED) kept = length;
          continue;
        }
      }
      if (kept > 0) {
        sink.word(word, 0, kept, i);
        inLine = true;
      }
      length = kept = 0;
      if (byte === NEW_LINE && inLine) {
        sink.endLine();
        inLine = false;
      }
    }
    if (kept > 0) sink.word(word, 0, kept, end);
    if (kept > 0 || inLine) sink.endLine();
  };
}

function decode(values: Uint8Array, i: number, width: number): number {
  if (width === 2) return ((values[i] & 0x1f) << 6) | (values[i + 1] & 0x3f);
  const three = ((values[i + 1] & 0x3f) << 6) | (values[i + 2] & 0x3f);
  if (width === 3) return ((values[i] & 0x0f) << 12) | three;
  return ((values[i] & 0x07) << 18) | (three << 6) | (values[i + 3] & 0x3f);
}

/** Writes a code point and returns where the next one goes. */
function encode(cp: number, out: Uint8Array, at: number): number {
  if (cp < 0x80) {
    out[at] = cp;
    return at + 1;
  }
  if (cp < 0x800) {
    out[at] = 0xc0 | (cp >> 6);
    out[at + 1] = 0x80 | (cp & 0x3f);
    return at + 2;
  }
  if (cp < 0x10000) {
    out[at] = 0xe0 | (cp >> 12);
    out[at + 1] = 0x80 | ((cp >> 6) & 0x3f);
    out[at + 2] = 0x80 | (cp & 0x3f);
    return at + 3;
  }
  out[at] = 0xf0 | (cp >> 18);
  out[at + 1] = 0x80 | ((cp >> 12) & 0x3f);
  out[at + 2] = 0x80 | ((cp >> 6) & 0x3f);
  out[at + 3] = 0x80 | (cp & 0x3f);
  return at + 4;
}
