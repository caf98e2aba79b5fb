import { BYTE, has, runEnd, wordBefore } from './bytes.ts';

/** Words before four numbers with dots that are the number of a thing. */
const NUMBERED = new Set(
  (
    'version versions ver v release releases rev revision build section sections sec chapter clause article ' +
    'firmware driver'
  ).split(' '),
);

/** Four numbers of which none is larger are a version or a section rather than an address of somebody. */
const SMALL = 20;

/** Not told of anybody: of this network, of this machine, between machines, of many at once (RFC 6890). */
function isPrivate(a: number, b: number): boolean {
  return (
    a === 0 ||
    a === 10 ||
    a === 127 ||
    a >= 224 ||
    (a === 100 && b >= 64 && b < 128) ||
    (a === 169 && b === 254) ||
    (a === 172 && b >= 16 && b < 32) ||
    (a === 192 && b === 168)
  );
}

/** End of the IPv4 address that begins at a digit; -1: there is none. Private ones are none. */
export function ipv4End(text: Uint8Array, from: number, at: number, to: number): number {
  const numbers: number[] = [];
  let p = at;
  for (let k = 0; k < 4; k++) {
    const end = runEnd(text, p, to, BYTE.digit, 4);
    const length = end - p;
    if (length < 1 || length > 3 || (length > 1 && text[p] === 48)) return -1;
    let n = 0;
    for (; p < end; p++) n = n * 10 + text[p] - 48;
    if (n > 255) return -1;
    numbers.push(n);
    if (k < 3 && text[p++] !== 46) return -1;
  }
  if (p < to && (has(text, p, BYTE.word) || text[p] === 45)) return -1;
  if (p + 1 < to && text[p] === 46 && has(text, p + 1, BYTE.word)) return -1;
  if (isPrivate(numbers[0], numbers[1]) || Math.max(...numbers) < SMALL) return -1;
  return NUMBERED.has(wordBefore(text, from, at)) ? -1 : p;
}

/** End of the IPv6 address of the global range (2000::/3) that begins at `2` or `3`; -1: there is none. */
export function ipv6End(text: Uint8Array, at: number, to: number): number {
  let p = at;
  let groups = 0;
  let gap = false;
  while (p < to) {
    const end = runEnd(text, p, to, BYTE.hex, 5);
    const length = end - p;
    if (length > 4) return -1;
    if (length === 0) break;
    // The first group of the range has four digits.
    if (groups === 0 && (length !== 4 || (text[p] !== 50 && text[p] !== 51))) return -1;
    groups++;
    p = end;
    if (text[p] !== 58 || groups === 8) break;
    if (text[p + 1] !== 58) {
      if (!has(text, p + 1, BYTE.hex)) break;
      p++;
    } else {
      if (gap) return -1;
      gap = true;
      p += 2;
    }
  }
  if (p < to && (has(text, p, BYTE.word) || (text[p] === 58 && has(text, p + 1, BYTE.word)))) return -1;
  return gap ? (groups < 8 && groups > 0 ? p : -1) : groups === 8 ? p : -1;
}

/** End of a MAC address, six pairs with `:` or `-`; -1: there is none. */
export function macEnd(text: Uint8Array, at: number, to: number): number {
  const sign = text[at + 2];
  if ((sign !== 58 && sign !== 45) || at + 17 > to) return -1;
  for (let k = 0; k < 6; k++) {
    const p = at + 3 * k;
    if (!has(text, p, BYTE.hex) || !has(text, p + 1, BYTE.hex)) return -1;
    if (k < 5 && text[p + 2] !== sign) return -1;
  }
  const end = at + 17;
  return end < to && (has(text, end, BYTE.word) || text[end] === sign) ? -1 : end;
}

/**
 * User and password in an address, behind `://`, or a password alone (`redis://:password@host`): where they begin and
 * end. The last `@` of the authority ends them (URL Standard, section 4.4) and is left.
 */
export function credentialsAt(text: Uint8Array, at: number, to: number): { start: number; end: number } | null {
  const limit = Math.min(to, at + 512);
  let colon = -1;
  let end = -1;
  for (let p = at; p < limit; p++) {
    const b = text[p];
    if (b === 64) end = p;
    if (b === 58 && colon < 0) colon = p;
    // What ends an authority: white space, quotes, brackets, `/`, `?`, `#`, `\`.
    if (b <= 32 || b === 34 || b === 39 || b === 47 || b === 60 || b === 62 || b === 63 || b === 35 || b === 92) break;
  }
  if (colon < at || end <= colon + 1) return null;
  const password = Buffer.from(text.buffer, text.byteOffset + colon + 1, end - colon - 1).toString('latin1');
  return MASKED.test(password) || SAID.test(password) ? null : { start: at, end };
}

/** What stands where a password was, or is to be put: `***`, `[password]`, `{{pw}}`, `$PW`, `REDACTED`. */
const MASKED = /^(?:[*xX._-]+|\[[a-zA-Z _-]*\]|\{\{?[a-zA-Z _-]*\}?\}|\$[A-Z_]+|\$\{\w+\}|%[A-Z_]+%)$/;
const SAID = /^(?:redacted|masked|hidden|removed)$/i;
