/** Classes of bytes, as bits. */
export const BYTE = { digit: 1, hex: 2, upper: 4, lower: 8, word: 16, local: 32, domain: 64, token: 128 } as const;

/** Class bits of every byte; those beyond ASCII have none. */
export const CLASS = Uint8Array.from({ length: 256 }, (_, b) => {
  const digit = b >= 48 && b <= 57;
  const upper = b >= 65 && b <= 90;
  const lower = b >= 97 && b <= 122;
  const alnum = digit || upper || lower;
  const is = (text: string): boolean => text.includes(String.fromCharCode(b)) && b < 128;
  return (
    (digit ? BYTE.digit : 0) |
    (digit || (b >= 65 && b <= 70) || (b >= 97 && b <= 102) ? BYTE.hex : 0) |
    (upper ? BYTE.upper : 0) |
    (lower ? BYTE.lower : 0) |
    (alnum || is('_') ? BYTE.word : 0) |
    (alnum || is("._%+-'") ? BYTE.local : 0) |
    (alnum || is('-') ? BYTE.domain : 0) |
    (alnum || is('_-') ? BYTE.token : 0)
  );
});

export const ALNUM = BYTE.digit | BYTE.upper | BYTE.lower;

/** Whether a byte is in one of the classes; beyond the end of the text it is in none. */
export const has = (text: Uint8Array, at: number, classes: number): boolean => (CLASS[text[at]] & classes) !== 0;

/** ASCII of a string, to compare bytes with. */
export const ascii = (text: string): Uint8Array => new TextEncoder().encode(text);

export function startsWith(text: Uint8Array, at: number, to: number, prefix: Uint8Array): boolean {
  if (at + prefix.length > to) return false;
  for (let i = 0; i < prefix.length; i++) if (text[at + i] !== prefix[i]) return false;
  return true;
}

/** The end of the run of bytes of some classes, at most `most` long. */
export function runEnd(
  text: Uint8Array,
  at: number,
  to: number,
  classes: number,
  most = Number.POSITIVE_INFINITY,
): number {
  const end = Math.min(to, at + most);
  let p = at;
  while (p < end && (CLASS[text[p]] & classes) !== 0) p++;
  return p;
}

/** The word before a place, in lower case, over white space; at most 12 letters. */
export function wordBefore(text: Uint8Array, from: number, at: number): string {
  let p = at;
  while (p > from && at - p < 2 && (text[p - 1] === 32 || text[p - 1] === 58)) p--;
  let word = '';
  while (p > from && word.length < 12 && has(text, p - 1, BYTE.upper | BYTE.lower)) {
    word = String.fromCharCode(text[p - 1] | 32) + word;
    p--;
  }
  return word;
}
