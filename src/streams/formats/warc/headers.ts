import { isUtf8 } from 'node:buffer';

/** Bytes of the header of a record, or of HTTP, at most. */
export const MOST_HEADER_BYTES = 64 * 1024;

/** A block of named fields, as WARC and HTTP write them. */
export interface Headers {
  /** `WARC/1.0`, or the status line of HTTP. */
  readonly first: string;
  /** By name in lower case; of a name that comes again the first value. */
  readonly fields: ReadonlyMap<string, string>;
}

/** Where the header that begins at `from` ends: one past its blank line; -1 when there is none in `most` bytes. */
export function endOfHeaders(bytes: Uint8Array, from = 0, most = MOST_HEADER_BYTES): number {
  const stop = Math.min(bytes.length, from + most);
  for (let at = bytes.indexOf(10, from); at >= 0 && at + 1 < stop; at = bytes.indexOf(10, at + 1)) {
    if (bytes[at + 1] === 10) return at + 2;
    if (bytes[at + 1] === 13 && bytes[at + 2] === 10 && at + 2 < stop) return at + 3;
  }
  return -1;
}

/** The fields of a header; a line that begins with a blank goes on with the one before it. */
export function parseHeaders(bytes: Uint8Array): Headers {
  const raw = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  const [first = '', ...lines] = raw.toString(isUtf8(raw) ? 'utf8' : 'latin1').split(/\r?\n/);
  const fields = new Map<string, string>();
  let last = '';
  for (const line of lines) {
    if (line.startsWith(' ') || line.startsWith('\t')) {
      if (last !== '') fields.set(last, `${fields.get(last)} ${line.trim()}`);
      continue;
    }
    const colon = line.indexOf(':');
    last = colon <= 0 ? '' : asciiLower(line.slice(0, colon).trim());
    if (last !== '' && !fields.has(last)) fields.set(last, line.slice(colon + 1).trim());
    else last = '';
  }
  return { first, fields };
}

/** A media type without its parameters, in lower case. */
export const mediaType = (value: string | undefined): string | undefined =>
  value === undefined ? undefined : asciiLower(value.split(';')[0].trim());

/** The charset that a content type names. */
export const charsetOf = (contentType: string | undefined): string | undefined =>
  /charset\s*=\s*["']?([^\s"';,]+)/i.exec(contentType ?? '')?.[1];

const asciiLower = (s: string): string => s.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));
