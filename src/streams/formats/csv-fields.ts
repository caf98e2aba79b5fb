import type { FileWindow } from '../codecs/window.ts';
import type { PlannedFile } from '../plan/splits.ts';
import { contentOf } from './content.ts';
import { delimiterOf } from './csv-dialect.ts';
import { columnNames, csvFieldsOf, csvRows } from './csv-rows.ts';
import type { FileFields } from './format.ts';
import { fieldsOfRecords } from './json-fields.ts';

const SAMPLE_RECORDS = 1000;
const MOST_BYTES = 1024 * 1024;

/** Fields of the first rows of a table. */
export async function csvFields(file: PlannedFile, window: FileWindow): Promise<FileFields> {
  const delimiter = file.delimiter ?? delimiterOf(file.path);
  const bytes = contentOf(file, window);
  const records: object[] = [];
  let names: readonly string[] | null = null;
  for await (const row of csvRows(bytes, delimiter.charCodeAt(0), MOST_BYTES)) {
    if (row.kind !== 'row') break;
    const fields = csvFieldsOf(Buffer.from(row.bytes).toString('utf8'), delimiter);
    if (fields === null || (fields.length === 1 && fields[0] === '')) continue;
    const known: readonly string[] = names ?? columnNames(fields);
    if (names !== null && fields.length === known.length)
      records.push(Object.fromEntries(fields.map((value, i) => [known[i], value])));
    names = known;
    if (records.length >= SAMPLE_RECORDS) break;
  }
  return fieldsOfRecords(records);
}
