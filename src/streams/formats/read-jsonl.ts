import { linesAreBytes } from '../codecs/encodings.ts';
import type { Unpacked } from '../codecs/piece.ts';
import { unpack } from '../codecs/unpack.ts';
import type { FileWindow } from '../codecs/window.ts';
import type { InputRange, PlannedFile } from '../plan/splits.ts';
import { contentOf } from './content.ts';
import type { ReadContext, ReadEvent } from './context.ts';
import { Records } from './line-records.ts';
import { lineEvents } from './lines.ts';
import { withoutMark } from './mark.ts';
import { ownLines, startOfUnpacking } from './own-lines.ts';
import { ownUnpacked } from './own-unpacked.ts';

/**
 * Reads the records of the lines that start in a range. Blank lines are no records; `row` numbers the records of the
 * range.
 */
export async function* readJsonl(
  file: PlannedFile,
  range: InputRange,
  window: FileWindow,
  context: ReadContext,
): AsyncGenerator<ReadEvent> {
  const { maxLineBytes, maxRatio } = context.options;
  const records = new Records(file, context);
  const lines = linesAreBytes(file.encoding)
    ? await linesOf(file, range, window, maxRatio)
    : contentOf(file, window, maxRatio);
  for await (const event of lineEvents(lines, maxLineBytes)) yield* records.of(event);
}

/** Bytes of the lines that start in a range, as UTF-8; each line stands where its first byte is in the file. */
async function linesOf(
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
