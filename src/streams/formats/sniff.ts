import { isUtf8 } from 'node:buffer';
import type { ReadOptions } from '../inputs/read-options.ts';
import type { Codec, Format } from '../plan/splits.ts';

/** Bytes at the start of a file that decide what it is. */
export const SNIFF_BYTES = 8 * 1024;

/** What a file is, or why it is passed over. */
export type Sniffed =
  | { readonly format: Format; readonly codec: Codec; readonly warning?: string }
  | { readonly skip: string };

const FORMAT_OF_EXTENSION: Readonly<Record<string, Format>> = {
  jsonl: 'jsonl',
  ndjson: 'jsonl',
  jsonlines: 'jsonl',
  parquet: 'parquet',
  arrow: 'arrow',
  arrows: 'arrow',
  ipc: 'arrow',
  feather: 'arrow',
};
const CODEC_OF_EXTENSION: Readonly<Record<string, Codec>> = { gz: 'gzip', gzip: 'gzip', zst: 'zstd', zstd: 'zstd' };

const startsWith = (bytes: Uint8Array, ...magic: number[]): boolean => magic.every((b, i) => bytes[i] === b);
const isText = (head: Uint8Array, ascii: string): boolean => startsWith(head, ...Buffer.from(ascii, 'latin1'));

/** Packing by the first bytes. zstd: a frame, or a skippable frame. */
export function codecByMagic(head: Uint8Array): Codec {
  if (startsWith(head, 0x1f, 0x8b)) return 'gzip';
  if (startsWith(head, 0x28, 0xb5, 0x2f, 0xfd)) return 'zstd';
  if (head.length >= 4 && (head[0] & 0xf0) === 0x50 && startsWith(head.subarray(1), 0x2a, 0x4d, 0x18)) return 'zstd';
  return 'none';
}

/** Extensions of a path, lower case: that of the packing (or ''), and the one before it. */
export function extensionsOf(path: string): { readonly packing: string; readonly inner: string } {
  const parts = path
    .slice(path.lastIndexOf('/') + 1)
    .split('.')
    .slice(1)
    .map(asciiLower);
  const last = parts[parts.length - 1] ?? '';
  return last in CODEC_OF_EXTENSION
    ? { packing: last, inner: parts[parts.length - 2] ?? '' }
    : { packing: '', inner: last };
}

const asciiLower = (s: string): string => s.replace(/[A-Z]/g, (c) => String.fromCharCode(c.charCodeAt(0) + 32));

/** NUL, or not UTF-8, in the first bytes; a code point cut at the end of `head` is none of its own fault. */
export function looksBinary(head: Uint8Array): boolean {
  if (head.includes(0)) return true;
  if (isUtf8(head)) return false;
  if (head.length < SNIFF_BYTES) return true;
  for (let cut = 1; cut <= 3; cut++) if (isUtf8(head.subarray(0, head.length - cut))) return false;
  return true;
}

/** Does the first line look like one whole JSON object (or the head of a very long one)? */
function looksLikeJsonLines(head: Uint8Array): boolean {
  const text = Buffer.from(head.buffer, head.byteOffset, head.length)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '');
  const line = text.split('\n').find((l) => l.trim() !== '');
  if (line === undefined || !/^\s*\{\s*"/.test(line)) return false;
  const whole = text.length < SNIFF_BYTES || line.length < text.length - text.indexOf(line);
  return whole ? /\}\s*$/.test(line) : true;
}

/**
 * What a file is. Magic beats the name, with a warning.
 * @param head its first SNIFF_BYTES bytes. @param unpacked the first bytes of its content: `head` itself when it is not
 *   packed.
 * @param named named by the user itself, so an unknown extension is no reason to doubt it.
 */
export function sniff(
  path: string,
  head: Uint8Array,
  unpacked: Uint8Array,
  options: ReadOptions,
  named: boolean,
): Sniffed {
  const { packing, inner } = extensionsOf(path);
  const codec = codecByMagic(head);
  const byPacking = CODEC_OF_EXTENSION[packing] ?? 'none';
  const warning =
    head.length > 0 && byPacking !== codec && (byPacking !== 'none' || inner in FORMAT_OF_EXTENSION || inner === 'json')
      ? `${path}: named like ${byPacking === 'none' ? 'an uncompressed file' : byPacking}, but its content is ${codec === 'none' ? 'uncompressed' : codec}; read as such`
      : undefined;
  const as = (format: Format, more = warning): Sniffed => ({ format, codec, warning: more });
  if (codec === 'none' && isText(head, 'PAR1')) return magic(path, 'parquet', inner, options);
  if (codec === 'none' && (isText(head, 'ARROW1') || (inner === 'arrows' && startsWith(head, 0xff, 0xff, 0xff, 0xff))))
    return magic(path, 'arrow', inner, options);
  if (head.length === 0) return as('text', `${path}: empty file`);
  if (options.format !== 'auto') {
    if (options.format === 'parquet' || options.format === 'arrow') {
      if (options.format === 'arrow' && startsWith(head, 0xff, 0xff, 0xff, 0xff)) return as('arrow');
      return { skip: `not ${options.format}: its first bytes differ` };
    }
    // A folder of texts has pictures and programs in it; a file named by the user goes to quarantine instead.
    if (options.format === 'text' && !named && looksBinary(unpacked)) return { skip: 'binary' };
    return as(options.format);
  }
  if (isText(unpacked, 'WARC/') || inner === 'warc' || inner === 'arc')
    return { skip: 'WARC is not supported: extract the text to JSONL first, e.g. with trafilatura' };
  const byName = FORMAT_OF_EXTENSION[inner];
  if (byName === 'jsonl') return as('jsonl');
  if (byName !== undefined) {
    if (byName === 'arrow' && startsWith(head, 0xff, 0xff, 0xff, 0xff)) return as('arrow');
    return { skip: `named .${inner}, but its content is not ${byName}` };
  }
  if (looksBinary(unpacked)) return { skip: 'binary' };
  if (inner === 'json' || (inner === '' && named) || (packing !== '' && inner === '')) {
    if (looksLikeJsonLines(unpacked)) return as('jsonl');
  }
  return as('text');
}

function magic(path: string, format: Format, inner: string, options: ReadOptions): Sniffed {
  if (options.format !== 'auto' && options.format !== format)
    return { skip: `its content is ${format}, but --format is ${options.format}` };
  const expected = FORMAT_OF_EXTENSION[inner];
  return {
    format,
    codec: 'none',
    warning: expected === format ? undefined : `${path}: its content is ${format}; read as such`,
  };
}
