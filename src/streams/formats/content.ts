import type { Unpacked } from '../codecs/piece.ts';
import { unpack } from '../codecs/unpack.ts';
import type { FileWindow } from '../codecs/window.ts';
import type { PlannedFile } from '../plan/splits.ts';
import { withoutMark } from './mark.ts';

/** All that a file holds, as UTF-8 without a byte order mark. */
export async function* contentOf(file: PlannedFile, window: FileWindow, maxRatio = 200): AsyncGenerator<Unpacked> {
  const unpacked = unpack(window, file.codec, 0, { maxRatio, windowBytes: file.windowBytes });
  yield* withoutMark(await inUtf8(unpacked, file), file.size);
}

/** Unpacked bytes as UTF-8; places count bytes of that then. */
export async function inUtf8(bytes: AsyncIterable<Unpacked>, file: PlannedFile): Promise<AsyncIterable<Unpacked>> {
  if (file.encoding === undefined) return bytes;
  return (await import('../codecs/transcode.ts')).transcoded(bytes, file.encoding);
}

/** What is wrong with a text of a file that is not in its encoding. */
export const notInEncoding = ({ encoding }: PlannedFile): string =>
  encoding === undefined
    ? 'expected UTF-8, got other bytes'
    : `expected text in ${encoding}, got bytes that it does not have`;
