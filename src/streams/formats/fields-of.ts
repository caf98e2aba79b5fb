import { openPlanned } from '../codecs/window.ts';
import type { PlannedFile } from '../plan/splits.ts';
import { damageOnly, type FileFields } from './format.ts';
import { FORMATS } from './table.ts';

/** Fields of a file: from its schema, or from its first records. Null for plain text, and for what cannot be read. */
export async function fieldsOf(file: PlannedFile): Promise<FileFields | null> {
  const { fields } = FORMATS[file.format];
  if (file.size === 0 || fields === undefined) return null;
  const window = await openPlanned(file);
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
