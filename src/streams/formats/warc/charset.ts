import { isUtf8 } from 'node:buffer';
import { encodingNamed, encodingOfMark } from '../../codecs/encodings.ts';
import { openDecoder } from '../../codecs/transcode.ts';
import { binaryKind } from './binary.ts';
import { guessCharset } from './guess-charset.ts';

/** A page as UTF-8. */
export interface DecodedPage {
  readonly bytes: Uint8Array;
  /** The encoding that it was in. */
  readonly charset: string;
  /** Sequences that the encoding does not have: U+FFFD stands for each. */
  readonly replaced: number;
}

/** Why a page is no text: what it is instead. */
export interface NoText {
  readonly binary: string;
}

/** Bytes at the start of a page in which its charset is looked for (WHATWG: 1024; pages put it later). */
const PRESCAN_BYTES = 4096;
/** Of 100 sequences beyond ASCII so many may be malformed. */
const MOST_MALFORMED = 2;
const MALFORMED = 0xff;
const REPLACEMENT = Buffer.from('\ufffd');

/**
 * A page as UTF-8, in the order of the WHATWG standard: byte order mark, what HTTP says (but for UTF-16 that it cannot
 * be), what its `meta` says, else a guess. Bytes that are UTF-8 beyond ASCII are UTF-8 whatever is said, for no other
 * encoding looks like it by chance.
 * Null when no encoding fits; a file of another kind and bytes with many control characters are no text.
 * @param told charset of the HTTP header. @param language of the page, where it is known
 */
export function decodePage(body: Uint8Array, told: string | undefined, host: string): DecodedPage | NoText | null {
  const mark = encodingOfMark(body);
  if (mark === 'utf-8') return utf8Page(body.subarray(3)) ?? null;
  if (mark !== null) return inEncoding(body.subarray(2), mark);
  const header = encodingNamed(told ?? '');
  const isWide = header?.startsWith('utf-16') === true;
  if (isWide && mayBeWide(body)) return inEncoding(body, header);
  const said = isWide ? undefined : header;
  const binary = binaryKind(body);
  if (binary !== null) return { binary };
  if (isUtf8(body)) return { bytes: body, charset: 'utf-8', replaced: 0 };
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(PRESCAN_BYTES, body.length)).toString('latin1');
  const named = said ?? metaCharset(head);
  const first = named === undefined || named.startsWith('utf-') ? utf8Page(body) : inEncoding(body, named);
  if (first !== null) return first;
  const guessed = guessCharset(body, { language: /<html[^>]*\slang\s*=\s*["']?([a-z-]+)/i.exec(head)?.[1], host });
  return guessed === null ? null : inEncoding(body, guessed);
}

/** The charset that a `meta` of the head tells; UTF-16 there cannot be true. */
function metaCharset(head: string): string | undefined {
  const told =
    /<meta\s[^>]*?charset\s*=\s*["']?\s*([^\s"'/>;]+)/i.exec(head)?.[1] ??
    /^\s*<\?xml[^>]*?encoding\s*=\s*["']([^"']+)/i.exec(head)?.[1];
  const name = told === undefined ? undefined : encodingNamed(told);
  return name?.startsWith('utf-16') ? 'utf-8' : name;
}

/** Bytes that are UTF-8 but for a few; null when too much of them is not. */
function utf8Page(body: Uint8Array): DecodedPage | null {
  if (isUtf8(body)) return { bytes: body, charset: 'utf-8', replaced: 0 };
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString('utf8');
  const bytes = Buffer.from(text);
  let [replaced, beyond] = [0, 0];
  for (let at = bytes.indexOf(REPLACEMENT); at >= 0; at = bytes.indexOf(REPLACEMENT, at + 3)) replaced++;
  for (const b of bytes) if (b >= 0xc0) beyond++;
  // Where nothing beyond ASCII is UTF-8, it is another encoding.
  if (replaced === beyond && replaced > 0) return null;
  return replaced <= 1 || replaced * 100 <= MOST_MALFORMED * beyond
    ? { bytes, charset: 'utf-8', replaced: replaced }
    : null;
}

/** Markup in UTF-16 has a zero in every character, and other text in it is no UTF-8: else the header lies. */
function mayBeWide(body: Uint8Array): boolean {
  if (body.subarray(0, PRESCAN_BYTES).includes(0)) return true;
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(PRESCAN_BYTES, body.length)).toString('latin1');
  return !isUtf8(body) && !/<[a-z!/]/i.test(head);
}

/** Null when too much of the page is not in the encoding. */
function inEncoding(body: Uint8Array, charset: string): DecodedPage | null {
  const decoder = openDecoder(charset);
  const bytes = Buffer.concat([decoder.write(body), decoder.end()]);
  let [replaced, beyond] = [0, 0];
  for (const b of bytes) {
    if (b === MALFORMED) replaced++;
    else if (b >= 0xc0) beyond++;
  }
  if (replaced === 0) return { bytes, charset, replaced };
  if (replaced > 1 && replaced * 100 > MOST_MALFORMED * Math.max(beyond, 1)) return null;
  const parts: Uint8Array[] = [];
  let from = 0;
  for (let at = bytes.indexOf(MALFORMED); at >= 0; at = bytes.indexOf(MALFORMED, from)) {
    parts.push(bytes.subarray(from, at), REPLACEMENT);
    from = at + 1;
  }
  return { bytes: Buffer.concat([...parts, bytes.subarray(from)]), charset, replaced };
}
