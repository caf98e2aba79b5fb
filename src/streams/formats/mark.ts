import type { Unpacked } from '../codecs/piece.ts';

/**
 * The first bytes of a file without the UTF-8 byte order mark. A UTF-16 mark is damage: nothing in the file is UTF-8.
 * @param size file bytes.
 */
export async function* withoutMark(unpacked: AsyncIterable<Unpacked>, size: number): AsyncGenerator<Unpacked> {
  /** Bytes at the start that may be the beginning of a mark. */
  let held: { block: number; bytes: Uint8Array } | null = { block: 0, bytes: new Uint8Array(0) };
  for await (const piece of unpacked) {
    if (held === null) {
      yield piece;
      continue;
    }
    if ('damage' in piece) {
      if (held.bytes.length > 0) yield { block: held.block, offset: 0, bytes: held.bytes };
      held = null;
      yield piece;
      continue;
    }
    const bytes: Uint8Array = held.bytes.length === 0 ? piece.bytes : Buffer.concat([held.bytes, piece.bytes]);
    const block: number = held.bytes.length === 0 ? piece.block : held.block;
    if (bytes.length < 3) {
      held = { block, bytes: bytes.slice() };
      continue;
    }
    held = null;
    if ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff)) {
      yield { damage: { block, offset: 0, bytes: size, unpacked: size, detail: 'expected UTF-8, got UTF-16' } };
      return;
    }
    const mark = bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0;
    yield { block, offset: mark, bytes: bytes.subarray(mark) };
  }
  if (held !== null && held.bytes.length > 0) yield { block: held.block, offset: 0, bytes: held.bytes };
}
