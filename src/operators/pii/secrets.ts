import { ALNUM, ascii, BYTE, has, runEnd, startsWith } from './bytes.ts';

/** Beginnings of keys that services hand out, what follows, and how much of it. */
const PREFIXES: readonly (readonly [prefix: string, classes: number, least: number, most: number])[] = [
  ...['AKIA', 'ASIA', 'ABIA', 'ACCA'].map((p) => [p, BYTE.upper | BYTE.digit, 16, 16] as const),
  ['AIza', BYTE.token, 35, 35],
  ...['ghp_', 'gho_', 'ghu_', 'ghs_', 'ghr_'].map((p) => [p, ALNUM, 36, 255] as const),
  ['github_pat_', BYTE.token, 22, 255],
  ['glpat-', BYTE.token, 20, 64],
  ...['xoxa-', 'xoxb-', 'xoxp-', 'xoxr-', 'xoxs-'].map((p) => [p, BYTE.token, 10, 255] as const),
  ...['sk_live_', 'sk_test_', 'rk_live_', 'rk_test_', 'pk_live_', 'pk_test_'].map((p) => [p, ALNUM, 16, 255] as const),
  ...['sk-ant-', 'sk-proj-', 'sk-svcacct-'].map((p) => [p, BYTE.token, 20, 255] as const),
  ['sk-', ALNUM, 32, 255],
  ['npm_', ALNUM, 36, 36],
  ['pypi-AgEI', BYTE.token, 40, 255],
  ['hf_', BYTE.upper | BYTE.lower | BYTE.digit, 30, 64],
  ['ya29.', BYTE.token, 20, 255],
  ['dop_v1_', BYTE.hex, 64, 64],
  ['whsec_', ALNUM, 24, 255],
];
const BY_FIRST: readonly (readonly { text: Uint8Array; classes: number; least: number; most: number }[])[] = Array.from(
  { length: 128 },
  (_, b) =>
    PREFIXES.filter(([p]) => p.charCodeAt(0) === b).map(([p, classes, least, most]) => ({
      text: ascii(p),
      classes,
      least,
      most,
    })),
);

/** Whether a key may begin with this byte. */
export const mayBeginKey = (b: number): boolean => b < 128 && (BY_FIRST[b].length > 0 || b === 0x65 || b === 0x53);

/** End of the key that begins with a word at `at`; -1: there is none. */
export function keyEnd(text: Uint8Array, at: number, to: number): number {
  for (const { text: prefix, classes, least, most } of BY_FIRST[text[at]]) {
    if (!startsWith(text, at, to, prefix)) continue;
    const start = at + prefix.length;
    const end = runEnd(text, start, to, classes, most + 1);
    if (end - start >= least && end - start <= most && !(end < to && has(text, end, BYTE.word))) return end;
  }
  if (startsWith(text, at, to, JWT)) return partsEnd(text, at, to, 3);
  return startsWith(text, at, to, SENDGRID) ? partsEnd(text, at, to, 3) : -1;
}

const JWT = ascii('eyJ');
const SENDGRID = ascii('SG.');

/** Parts of letters, digits, `_` and `-` with dots between them; all but a short first one have 10 bytes or more. */
function partsEnd(text: Uint8Array, at: number, to: number, count: number): number {
  let p = at;
  for (let k = 0; k < count; k++) {
    const end = runEnd(text, p, to, BYTE.token, 8192);
    if (end - p < (k === 0 ? 2 : 10)) return -1;
    p = end;
    if (k < count - 1 && text[p++] !== 46) return -1;
  }
  return p;
}

const BEGIN = ascii('-----BEGIN ');
const KEY = ascii('PRIVATE KEY');
const END = ascii('-----END ');
const PEM = 16_384;

/** End of a private key in PEM that begins at five dashes; -1: there is none. Without an end line: of its Base64. */
export function pemEnd(text: Uint8Array, at: number, to: number): number {
  if (!startsWith(text, at, to, BEGIN)) return -1;
  const first = lineEnd(text, at, Math.min(to, at + 80));
  let named = -1;
  for (let p = at; named < 0 && p + KEY.length <= first; p++) if (startsWith(text, p, first, KEY)) named = p;
  if (named < 0) return -1;
  const limit = Math.min(to, at + PEM);
  let body = named + KEY.length;
  if (startsWith(text, body, limit, BLOCK)) body += BLOCK.length;
  while (body < limit && text[body] === 45) body++;
  let next = body;
  for (; next < limit; next++) {
    if (text[next] !== 45) continue;
    if (startsWith(text, next, limit, END)) return lineEnd(text, next, Math.min(limit, next + 60));
    if (startsWith(text, next, limit, BEGIN)) break;
  }
  return base64End(text, body, next, to);
}

const BLOCK = ascii(' BLOCK');

/** Between pieces of a key: white space, also as it is escaped in strings, and the marks of quotes and lists. */
const BETWEEN = /(?:\\[nrt]|[\s>"',\\])*/y;
const HEADER = /(?:Proc-Type|DEK-Info): ?[^\s\\]+|[A-Z][A-Za-z-]{2,30}: [^\n\\]*/y;
const PIECE = /=[A-Za-z0-9+/]{4}(?![A-Za-z0-9+/])|[A-Za-z0-9+/]+={0,2}/y;
/** How the Base64 of a key begins (DER, OpenSSH), or what is no word. */
const FIRST = /^(?:MI|MHc|MHQ|MC4|b3Bl)|^(?=.*[0-9]).{8}/;

/**
 * The end of the Base64 that follows `at`, in lines or, where lines were joined, in pieces; headers of PEM may stand
 * before it. A word is Base64 too: a short piece is the last one, and ends on a mark or a digit, or the text ends.
 */
function base64End(text: Uint8Array, at: number, limit: number, to: number): number {
  const source = Buffer.from(text.buffer, text.byteOffset + at, limit - at).toString('latin1');
  const after = (pattern: RegExp, p: number): number => {
    pattern.lastIndex = p;
    return pattern.test(source) ? pattern.lastIndex : p;
  };
  let end = 0;
  for (let p = 0; ; ) {
    p = after(BETWEEN, p);
    const header = end === 0 ? after(HEADER, p) : p;
    if (header > p) {
      p = header;
      continue;
    }
    const next = after(PIECE, p);
    const piece = source.slice(p, next);
    const begins = end === 0 && FIRST.test(piece);
    if (piece.length < 16 && !begins) {
      const last = end > 0 && (/[0-9+/=]$/.test(piece) || (next > p && at + next === to) || piece[0] === '=');
      return at + (last ? next : end);
    }
    end = p = next;
  }
}

function lineEnd(text: Uint8Array, at: number, limit: number): number {
  let p = at;
  while (p < limit && text[p] !== 10) p++;
  return p;
}

const NAMES =
  /secret|token|passw|pwd|api[_-]?key|access[_-]?key|private[_-]?key|auth[_-]?key|account[_-]?key|credential/;
/** Bits a byte. */
const LEAST_ENTROPY = 3.3;
const VALUE = BYTE.token;

/**
 * A value that is given to a name of a secret, at its `=` or `:`: 16 to 256 letters, digits and marks of Base64 of
 * which little can be guessed. @param from nothing before is looked at
 */
export function assignedAt(
  text: Uint8Array,
  from: number,
  at: number,
  to: number,
): { start: number; end: number } | null {
  let p = at;
  while (p > from && at - p < 3 && (text[p - 1] === 32 || text[p - 1] === 34 || text[p - 1] === 39)) p--;
  const end = p;
  while (p > from && end - p < 40 && has(text, p - 1, BYTE.token)) p--;
  if (end - p < 3) return null;
  const name = Buffer.from(text.buffer, text.byteOffset + p, end - p)
    .toString('latin1')
    .toLowerCase();
  if (!NAMES.test(name)) return null;
  let start = at + 1;
  while (
    start < to &&
    start - at < 5 &&
    (text[start] === 32 || text[start] === 34 || text[start] === 39 || text[start] === 61)
  )
    start++;
  let last = start;
  while (
    last < to &&
    last - start <= 256 &&
    (has(text, last, VALUE) || text[last] === 43 || text[last] === 47 || text[last] === 61 || text[last] === 46)
  )
    last++;
  while (last > start && text[last - 1] === 46) last--;
  const length = last - start;
  if (length < 16 || length > 256 || (last < to && text[last] === 40)) return null;
  return isRandom(text.subarray(start, last)) ? { start, end: last } : null;
}

function isRandom(value: Uint8Array): boolean {
  const counts = new Map<number, number>();
  let digits = 0;
  let letters = 0;
  for (const b of value) {
    counts.set(b, (counts.get(b) ?? 0) + 1);
    if (b >= 48 && b <= 57) digits++;
    else if ((b | 32) >= 97 && (b | 32) <= 122) letters++;
  }
  if (digits === 0 || letters === 0) return false;
  let bits = 0;
  for (const n of counts.values()) bits -= (n / value.length) * Math.log2(n / value.length);
  return bits >= LEAST_ENTROPY;
}
