import type { FileWindow } from '../codecs/window.ts';
import type { InputRange, PlannedFile } from '../plan/splits.ts';
import { arrayElements } from './array-elements.ts';
import { contentOf } from './content.ts';
import type { ReadContext, ReadEvent } from './context.ts';
import { Records } from './line-records.ts';

/** Reads the elements of JSON arrays as records; a record stands where its first byte does. */
export async function* readJsonArray(
  file: PlannedFile,
  _range: InputRange,
  window: FileWindow,
  context: ReadContext,
): AsyncGenerator<ReadEvent> {
  const { maxLineBytes, maxRatio } = context.options;
  const bytes = contentOf(file, window, maxRatio);
  const records = new Records(file, context);
  for await (const event of arrayElements(bytes, maxLineBytes)) yield* records.of(event);
  yield* records.end();
}
