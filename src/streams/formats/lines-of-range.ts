import type { Unpacked } from '../codecs/piece.ts';
import { unpack } from '../codecs/unpack.ts';
import type { FileWindow } from '../codecs/window.ts';
import type { InputRange, PlannedFile } from '../plan/splits.ts';
import { withoutMark } from './mark.ts';
import { ownLines, startOfUnpacking } from './own-lines.ts';
import { ownUnpacked } from './own-unpacked.ts';

/** Bytes of the lines that start in a range, as UTF-8; each line stands where its first byte is in the file. */
export async function linesOf(
  file: PlannedFile,
  range: InputRange,
  window: FileWindow,
  maxRatio: number,
): Promise<AsyncIterable<Unpacked>> {
  const limits = { maxRatio, windowBytes: file.windowBytes };
  const marked = (bytes: AsyncIterable<Unpacked>) => (range.start === 0 ? withoutMark(bytes, file.size) : bytes);
  const own = range.unpacked
    ? marked(ownUnpacked(unpack(window, file.codec, 0, limits), range.start, range.end))
    : ownLines(marked(unpack(window, file.codec, startOfUnpacking(range, file.codec), limits)), range, file.codec);
  if (file.encoding === undefined) return own;
  return (await import('../codecs/transcode.ts')).transcodedLines(own, file.encoding);
}
