import { isAscii } from 'node:buffer';
import { createRequire } from 'node:module';
import type { Unpacked } from './piece.ts';

/** iconv-lite comes as CommonJS, and its types say so. */
const iconv = createRequire(import.meta.url)('iconv-lite') as typeof import('iconv-lite');

/** Bytes that are decoded at once. */
const CHUNK_BYTES = 64 * 1024;
const NEWLINE = 10;
/** A byte that UTF-8 never has: what it stands for is set aside like any text that is not UTF-8. */
const MALFORMED = Uint8Array.of(0xff);
const NONE = new Uint8Array(0);

/** Decodes a stream of bytes to UTF-8; every sequence that the encoding does not have becomes the byte 0xFF. */
export interface Decoder {
  write(bytes: Uint8Array): Uint8Array;
  /** What the last bytes that were held back come to; then it can be used again. */
  end(): Uint8Array;
}

/** @param encoding a name that `encodingOf` gives */
export function openDecoder(encoding: string): Decoder {
  if (encoding.startsWith('utf-16')) return utf16Decoder(encoding === 'utf-16be');
  let stream = iconv.getDecoder(encoding, { stripBOM: false });
  return {
    // U+FFFD stands for what is malformed: of these encodings only GB 18030 has it, for text that was damaged before.
    write: (bytes) => marked(stream.write(viewOf(bytes)), '\ufffd'),
    end() {
      const rest = stream.end() ?? '';
      stream = iconv.getDecoder(encoding, { stripBOM: false });
      return marked(rest, '\ufffd');
    },
  };
}

const viewOf = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);

const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

/** UTF-8 of a text with 0xFF for each match of `malformed`. */
function marked(text: string, malformed: string | RegExp): Uint8Array {
  const good = typeof malformed === 'string' ? !text.includes(malformed) : !malformed.test(text);
  if (good) return Buffer.from(text);
  const parts = text.split(malformed).flatMap((part) => [MALFORMED, Buffer.from(part)]);
  return Buffer.concat(parts.slice(1));
}

function utf16Decoder(bigEndian: boolean): Decoder {
  /** A byte or a first half of a pair that waits for what belongs to it. */
  let held: Buffer = Buffer.alloc(0);
  return {
    write(bytes) {
      const all = Buffer.concat([held, bytes]);
      let whole = all.length & ~1;
      if (whole >= 2) {
        const last = bigEndian ? all.readUInt16BE(whole - 2) : all.readUInt16LE(whole - 2);
        if (last >= 0xd800 && last < 0xdc00) whole -= 2;
      }
      held = all.subarray(whole);
      const units = all.subarray(0, whole);
      return marked((bigEndian ? units.swap16() : units).toString('utf16le'), LONE);
    },
    end() {
      const cut = held.length > 0;
      held = Buffer.alloc(0);
      return cut ? MALFORMED : NONE;
    },
  };
}

/**
 * Unpacked bytes as UTF-8. Places count bytes of the decoded text from the beginning of the file, or of its frame or
 * member. Holds a few bytes, and what 64 KB are decoded to.
 */
export async function* transcoded(unpacked: AsyncIterable<Unpacked>, encoding: string): AsyncGenerator<Unpacked> {
  const decoder = openDecoder(encoding);
  let [block, offset] = [0, 0];
  const piece = (bytes: Uint8Array): Unpacked => {
    offset += bytes.length;
    return { block, offset: offset - bytes.length, bytes };
  };
  for await (const part of unpacked) {
    if ('damage' in part) {
      const rest = decoder.end();
      if (rest.length > 0) yield piece(rest);
      yield part;
      continue;
    }
    if (part.block !== block) [block, offset] = [part.block, 0];
    for (let at = 0; at < part.bytes.length; at += CHUNK_BYTES) {
      const bytes = decoder.write(part.bytes.subarray(at, at + CHUNK_BYTES));
      if (bytes.length > 0) yield piece(bytes);
    }
  }
  const rest = decoder.end();
  if (rest.length > 0) yield piece(rest);
}

/**
 * Unpacked bytes as UTF-8, line by line, so that every line stands where its first byte stood before. For encodings in
 * which a byte 10 ends a line wherever it stands.
 */
export async function* transcodedLines(unpacked: AsyncIterable<Unpacked>, encoding: string): AsyncGenerator<Unpacked> {
  const decoder = openDecoder(encoding);
  /** No byte waits for what belongs to it. */
  let clean = true;
  let place = { block: 0, offset: 0 };
  for await (const part of unpacked) {
    if ('damage' in part) {
      const rest = decoder.end();
      if (rest.length > 0) yield { ...place, bytes: rest };
      clean = true;
      yield part;
      continue;
    }
    const { block, offset, bytes: all } = part;
    for (let from = 0; from < all.length; from += CHUNK_BYTES) {
      const chunk = all.subarray(from, from + CHUNK_BYTES);
      for (let at = 0; at < chunk.length; ) {
        place = { block, offset: offset + from + at };
        if (clean && isAscii(chunk.subarray(at))) {
          yield { ...place, bytes: chunk.subarray(at) };
          break;
        }
        const newline = chunk.indexOf(NEWLINE, at);
        const end = newline < 0 ? chunk.length : newline + 1;
        const bytes = decoder.write(chunk.subarray(at, end));
        if (bytes.length > 0) yield { ...place, bytes };
        clean = newline >= 0;
        at = end;
      }
    }
  }
  const rest = decoder.end();
  if (rest.length > 0) yield { ...place, bytes: rest };
}
