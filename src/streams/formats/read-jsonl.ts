import { linesAreBytes } from '../codecs/encodings.ts';
import type { FileWindow } from '../codecs/window.ts';
import type { InputRange, PlannedFile } from '../plan/splits.ts';
import { contentOf } from './content.ts';
import type { ReadContext, ReadEvent } from './context.ts';
import { Records } from './line-records.ts';
import { lineEvents } from './lines.ts';
import { linesOf } from './lines-of-range.ts';

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
  yield* records.end();
}
