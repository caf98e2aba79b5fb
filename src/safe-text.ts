const short: Readonly<Record<number, string>> = { 9: '\\t', 10: '\\n', 13: '\\r', 27: '\\e' };

/**
 * Code points that act on a terminal or on a reader's eye instead of being seen: controls, bidi controls, invisible and
 * tag characters.
 */
function acts(c: number): boolean {
  if (c < 0x20 || (c >= 0x7f && c <= 0x9f)) return true;
  if (c < 0x61c) return c === 0xad;
  if (c >= 0xd800 && c <= 0xdfff) return true;
  if (c >= 0x2028 && c <= 0x202e) return true;
  if (c >= 0x2060 && c <= 0x206f) return true;
  if (c >= 0xe0000 && c <= 0xe0fff) return true;
  return c === 0x61c || c === 0x180e || c === 0x200b || c === 0x200e || c === 0x200f || c === 0xfeff || c === 0xfffe;
}

const escaped = (c: number): string =>
  short[c] ?? (c < 0x100 ? `\\x${c.toString(16).padStart(2, '0')}` : `\\u{${c.toString(16)}}`);

/** Text from data as one line that a terminal can show: what would act on it is written as an escape. */
export function safeText(text: string): string {
  let out = '';
  for (const character of text) {
    const c = character.codePointAt(0)!;
    out += acts(c) ? escaped(c) : character;
  }
  return out;
}

/** The same for an excerpt of a document: line feeds and tabs become one space, so that it reads as prose. */
export const safeExcerpt = (text: string): string => safeText(text.replace(/[\n\r\t ]+/g, ' ').trim());

/** JSON text in which no character acts on a terminal; parses to the same value. */
export const safeJson = (json: string): string =>
  Array.from(json, (character) => {
    const c = character.codePointAt(0)!;
    if (c < 0x20 || !acts(c)) return character;
    return Array.from({ length: character.length }, (_, i) => `\\u${hex4(character.charCodeAt(i))}`).join('');
  }).join('');

const hex4 = (unit: number): string => unit.toString(16).padStart(4, '0');

/** Columns that a text takes on a terminal. */
export function displayWidth(text: string): number {
  let width = 0;
  for (const character of text) width += widthOf(character.codePointAt(0)!);
  return width;
}

function widthOf(c: number): number {
  if (c < 0x300) return 1;
  if (c <= 0x36f || c === 0x200c || c === 0x200d || (c >= 0xfe00 && c <= 0xfe0f) || (c >= 0x20d0 && c <= 0x20ff))
    return 0;
  if (c < 0x1100) return 1;
  const wide =
    c <= 0x115f ||
    (c >= 0x2e80 && c <= 0xa4cf && c !== 0x303f) ||
    (c >= 0xac00 && c <= 0xd7a3) ||
    (c >= 0xf900 && c <= 0xfaff) ||
    (c >= 0xfe30 && c <= 0xfe6f) ||
    (c >= 0xff00 && c <= 0xff60) ||
    (c >= 0xffe0 && c <= 0xffe6) ||
    (c >= 0x1f300 && c <= 0x1faff) ||
    (c >= 0x20000 && c <= 0x3fffd);
  return wide ? 2 : 1;
}

/** At most `width` columns, with an ellipsis where something was left out. */
export function clipped(text: string, width: number): string {
  if (displayWidth(text) <= width) return text;
  let out = '';
  let used = 1;
  for (const character of text) {
    used += widthOf(character.codePointAt(0)!);
    if (used > width) break;
    out += character;
  }
  return `${out}…`;
}

/** A word as a POSIX shell reads it back. */
export const shellWord = (word: string): string =>
  /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
