import { isUtf8 } from 'node:buffer';
import type { FileWindow } from '../codecs/window.ts';
import type { PlannedFile } from '../plan/splits.ts';
import { contentOf, notInEncoding } from './content.ts';
import { excerptOf, type ReadContext, type ReadEvent } from './context.ts';
import { domainSource } from './domain.ts';

const encoder = new TextEncoder();
const EXCERPT = 240;
/** Of a byte order mark. */
const MARK_BYTES = 3;

/** Reads a file as one document; its id is its path. */
export async function* readText(
  file: PlannedFile,
  window: FileWindow,
  { options, builder }: ReadContext,
): AsyncGenerator<ReadEvent> {
  const parts: Uint8Array[] = [];
  let bytes = 0;
  let head = new Uint8Array(0);
  const aside = (reason: string, detail: string, size: number): ReadEvent => ({
    quarantined: {
      file: file.path,
      block: 0,
      offset: 0,
      row: 0,
      bytes: size,
      reason,
      detail,
      excerpt: excerptOf(head),
    },
  });
  const { maxLineBytes } = options;
  const tooLong = (size: number): ReadEvent =>
    aside('line_too_long', `expected a text of at most ${maxLineBytes} bytes, got ${size}`, size);
  // Of a plain file in UTF-8 the size of its text is known.
  const plain = file.codec === 'none' && file.encoding === undefined;
  if (plain && file.size > maxLineBytes + MARK_BYTES) {
    head = Uint8Array.from(await window.peek(0, EXCERPT));
    yield tooLong(file.size);
    return;
  }
  // One buffer instead of parts and their sum.
  const whole = plain ? new Uint8Array(file.size) : null;
  for await (const piece of contentOf(file, window, options.maxRatio)) {
    if ('damage' in piece) {
      // Half a document is none.
      yield aside('undecodable', piece.damage.detail, file.size);
      return;
    }
    if (head.length < EXCERPT)
      head = new Uint8Array(Buffer.concat([head, piece.bytes.subarray(0, EXCERPT - head.length)]));
    bytes += piece.bytes.length;
    if (whole) whole.set(piece.bytes, bytes - piece.bytes.length);
    else if (bytes <= maxLineBytes) parts.push(piece.bytes.slice());
    else parts.length = 0;
  }
  if (bytes > maxLineBytes) {
    yield tooLong(bytes);
    return;
  }
  const text = whole ? whole.subarray(0, bytes) : parts.length === 1 ? parts[0] : Buffer.concat(parts);
  if (!isUtf8(text)) {
    yield aside('invalid_utf8', notInEncoding(file), bytes);
    return;
  }
  builder.startFile(file.path);
  if (builder.closesBefore(text.length + 2, 1)) yield builder.take();
  const closes = builder.closesAfter(text.length + 2, 1);
  builder.id.push(encoder.encode(file.path));
  builder.text.push(text);
  builder.domain.push(encoder.encode(domainOf(file, options, head)));
  builder.metadata.push(encoder.encode('{}'));
  builder.place(0, 0, 0);
  if (closes) yield builder.take();
}

/** A file of no known kind that names its interpreter is a program. */
function domainOf(file: PlannedFile, options: ReadContext['options'], head: Uint8Array): string {
  const domain = domainSource(file, options).otherwise;
  const script = head[0] === 0x23 && head[1] === 0x21;
  return options.domainFrom === 'kind' && domain === 'other' && script ? 'code' : domain;
}
