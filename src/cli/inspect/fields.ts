import { openWindow } from '../../streams/codecs/window.ts';
import { damageOnly, type FieldSeen, type FileFields } from '../../streams/formats/format.ts';
import { FORMATS } from '../../streams/formats/table.ts';
import type { PlannedFile } from '../../streams/plan/splits.ts';

/** Fields of a file: from its schema, or from its first records. Null for plain text, and for what cannot be read. */
export async function fieldsOf(file: PlannedFile): Promise<FileFields | null> {
  const { fields } = FORMATS[file.format];
  if (file.size === 0 || fields === undefined) return null;
  const window = await openWindow(file.absolutePath, file.size);
  try {
    return await fields(file, window);
  } catch (error) {
    // A damaged file: the reader says of each record what is wrong with it.
    damageOnly(error);
    return null;
  } finally {
    await window.close();
  }
}

/** The field that most likely holds the text: strings in most records, the longest on average. */
export function likelyTextField(fields: readonly FieldSeen[]): string | null {
  const strings = fields.filter((f) => f.meanLength > 20 && (f.share === null || f.share > 0.5));
  return strings.sort((a, b) => b.meanLength - a.meanLength)[0]?.name ?? null;
}
