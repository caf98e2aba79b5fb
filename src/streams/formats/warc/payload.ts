import { brotliDecompressSync, constants, gunzipSync, inflateRawSync, inflateSync } from 'node:zlib';
import type { ZstdUnpack } from '../../codecs/zstd-memory.ts';
import { endOfHeaders, type Headers, mediaType, parseHeaders } from './headers.ts';

/** The bytes of a page, what is told of it, or why there is none. */
export type Payload =
  | { readonly body: Uint8Array; readonly type: string | undefined; readonly status?: number; readonly http?: Headers }
  | { readonly passed: string }
  | { readonly fault: 'invalid_http' | 'undecodable' | 'line_too_long'; readonly detail: string };

/** Kinds of records that hold no page of their own. */
const PASSED = new Set(['warcinfo', 'request', 'metadata', 'revisit', 'continuation']);

export const NOT_A_PAGE = 'not HTML or text';

/**
 * The page in the content of a record: of a response the body of HTTP, unpacked. @param atMost bytes that it may have.
 * @param unzstd unpacks frames
 */
export function payloadOf(headers: Headers, content: Uint8Array, atMost: number, unzstd: ZstdUnpack): Payload {
  const kind = headers.fields.get('warc-type') ?? '';
  if (PASSED.has(kind)) return { passed: kind };
  const type = mediaType(headers.fields.get('content-type'));
  if (kind === 'conversion' || (kind === 'resource' && type !== 'application/http')) return { body: content, type };
  if (kind !== 'response' && kind !== 'resource') return { passed: 'other kinds' };
  if (type !== undefined && type !== 'application/http') {
    const scheme = /^[a-z]+(?=:)/i.exec(headers.fields.get('warc-target-uri') ?? '')?.[0];
    return scheme === undefined || /^https?$/i.test(scheme) ? { body: content, type } : { passed: NOT_A_PAGE };
  }
  const end = endOfHeaders(content);
  const http = parseHeaders(content.subarray(0, end < 0 ? content.length : end));
  const status = /^HTTP\/\d(?:\.\d)?\s+(\d{3})(?:\s|$)/.exec(http.first)?.[1];
  if (status === undefined)
    return { fault: 'invalid_http', detail: `expected an HTTP status line, got ${JSON.stringify(shown(http.first))}` };
  if (status[0] !== '2') return { passed: `HTTP status ${status[0]}xx` };
  if (end < 0) return { passed: 'no body' };
  const told = headers.fields.get('warc-identified-payload-type') ?? http.fields.get('content-type');
  let body = content.subarray(end);
  if (/\bchunked\b/i.test(http.fields.get('transfer-encoding') ?? '')) body = dechunked(body);
  const unpacked = decoded(body, http.fields.get('content-encoding'), atMost, unzstd);
  return 'fault' in unpacked ? unpacked : { body: unpacked.body, type: mediaType(told), status: Number(status), http };
}

const shown = (line: string): string => line.slice(0, 80);

/** Is a payload a page of text? A type that is not told is judged by how the bytes begin. */
export function isPage(type: string | undefined, body: Uint8Array, conversion: boolean): boolean {
  if (type === 'text/html' || type === 'application/xhtml+xml') return true;
  if (type === 'text/plain') return conversion || looksHtml(body);
  return (type === undefined || type === '' || type === 'application/octet-stream') && looksHtml(body);
}

function looksHtml(body: Uint8Array): boolean {
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(1024, body.length)).toString('latin1');
  let rest = head.replace(/^\xef\xbb\xbf/, '').trimStart();
  while (rest.startsWith('<!--') && rest.includes('-->')) rest = rest.slice(rest.indexOf('-->') + 3).trimStart();
  return /^<(?:!doctype\s+html|html|head|body|title|meta|script)\b/i.test(rest);
}

/**
 * A body without the sizes of its chunks. One that has none is returned as it is: crawlers take chunks apart and leave
 * the header; of one that is cut off, what came.
 */
function dechunked(body: Uint8Array): Uint8Array {
  const parts: Uint8Array[] = [];
  for (let at = 0; at < body.length; ) {
    const newline = body.indexOf(10, at);
    const line = newline < 0 || newline - at > 1024 ? '' : Buffer.from(body.subarray(at, newline)).toString('latin1');
    const size = /^([0-9a-f]{1,8})[ \t]*(?:;.*)?\r?$/i.exec(line)?.[1];
    if (size === undefined) {
      if (at === 0) return body;
      break;
    }
    const length = Number.parseInt(size, 16);
    if (length === 0) break;
    parts.push(body.subarray(newline + 1, newline + 1 + length));
    at = newline + 1 + length;
    if (body[at] === 13) at++;
    if (body[at] === 10) at++;
  }
  return Buffer.concat(parts);
}

type Decoded = { readonly body: Uint8Array } | Extract<Payload, { readonly fault: string }>;

/** A body without its content encodings. What is not packed although the header says so is left as it is. */
function decoded(body: Uint8Array, encodings: string | undefined, atMost: number, unzstd: ZstdUnpack): Decoded {
  let out = body;
  for (const name of (encodings ?? '')
    .toLowerCase()
    .split(',')
    .map((e) => e.trim())
    .reverse()) {
    const unpack = name === 'zstd' ? zstdBody(unzstd) : UNPACK[name];
    if (unpack === undefined) {
      // Servers tell charsets and media types here too, of bodies that are text.
      if (name === '' || name === 'identity' || looksText(out)) continue;
      const known = 'gzip, deflate, br, zstd or none';
      return { fault: 'undecodable', detail: `expected a body in ${known}, got ${JSON.stringify(shown(name))}` };
    }
    const done = unpackBody(out, name, unpack, atMost);
    if ('fault' in done) return done;
    out = done.body;
  }
  return { body: out };
}

type Unpack = (body: Uint8Array, atMost: number) => Uint8Array | null;

/** What was cut off gives what came of it. */
const zlib = (maxOutputLength: number) => ({ finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength });

const gzip: Unpack = (b, atMost) => (b[0] === 0x1f && b[1] === 0x8b ? gunzipSync(b, zlib(atMost)) : null);
const UNPACK: { readonly [encoding: string]: Unpack | undefined } = {
  gzip,
  'x-gzip': gzip,
  deflate: (b, atMost) => {
    if ((b[0] & 15) === 8 && (b[0] * 256 + b[1]) % 31 === 0) return inflateSync(b, zlib(atMost));
    return looksText(b) ? null : inflateRawSync(b, zlib(atMost));
  },
  br: (b, maxOutputLength) =>
    looksText(b) ? null : brotliDecompressSync(b, { finishFlush: constants.BROTLI_OPERATION_FLUSH, maxOutputLength }),
};

const zstdBody =
  (unzstd: ZstdUnpack): Unpack =>
  (b, atMost) =>
    b[0] === 0x28 && b[1] === 0xb5 && b[2] === 0x2f && b[3] === 0xfd ? unzstd(b, atMost) : null;

/** Nothing but the bytes of text at the beginning. */
const looksText = (b: Uint8Array): boolean => b.subarray(0, 64).every((c) => c >= 0x20 || (c >= 9 && c <= 13));

function unpackBody(body: Uint8Array, name: string, unpack: Unpack, atMost: number): Decoded {
  try {
    return { body: unpack(body, atMost) ?? body };
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ERR_BUFFER_TOO_LARGE')
      return { fault: 'line_too_long', detail: `expected a page of at most ${atMost} bytes, got more (${name})` };
    return { fault: 'undecodable', detail: `expected a body in ${name}, got damage (${code ?? message})` };
  }
}
