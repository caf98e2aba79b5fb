/** Characters that nobody sees: U+200B to U+200D, U+2060, U+FEFF and the soft hyphen. */
const SHOWN_AS_NOTHING = /[\u200b-\u200d\u2060\ufeff\u00ad]/g;
/** The same in UTF-8 read as Latin-1. */
const BYTES_OF_THEM = /\u00e2\u0080[\u008b-\u008d]|\u00e2\u0081\u00a0|\u00ef\u00bb\u00bf|\u00c2\u00ad/g;

/** Bytes of the character without width that begins at `at`; 0: there is none. */
export function zeroWidthAt(text: Uint8Array, at: number): number {
  const b = text[at];
  if (b === 0xe2) {
    if (text[at + 1] === 0x80) return text[at + 2] >= 0x8b && text[at + 2] <= 0x8d ? 3 : 0;
    return text[at + 1] === 0x81 && text[at + 2] === 0xa0 ? 3 : 0;
  }
  if (b === 0xef) return text[at + 1] === 0xbb && text[at + 2] === 0xbf ? 3 : 0;
  return b === 0xc2 && text[at + 1] === 0xad ? 2 : 0;
}

/** Bytes of the one that ends before `end` and begins at `from` or later. */
export function zeroWidthBefore(text: Uint8Array, from: number, end: number): number {
  const last = text[end - 1];
  if (last < 0x80) return 0;
  if (end - 3 >= from && zeroWidthAt(text, end - 3) === 3) return 3;
  return last === 0xad && end - 2 >= from && zeroWidthAt(text, end - 2) === 2 ? 2 : 0;
}

export const withoutZeroWidth = (text: string): string => text.replace(SHOWN_AS_NOTHING, '');

/** Of bytes that were read as Latin-1. */
export const withoutZeroWidthBytes = (latin1: string): string => latin1.replace(BYTES_OF_THEM, '');
