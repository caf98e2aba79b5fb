import { isUtf8 } from 'node:buffer';
import type { FileWindow } from '../codecs/window.ts';
import type { InputRange, PlannedFile } from '../plan/splits.ts';
import { contentOf } from './content.ts';
import type { ReadContext, ReadEvent } from './context.ts';
import { delimiterOf } from './csv-dialect.ts';
import { type CsvRow, columnNames, csvFieldsOf, csvRows } from './csv-rows.ts';
import { Records } from './line-records.ts';
import type { LineEvent } from './lines.ts';
import { readColumns } from './values/records.ts';

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

/**
 * Reads the rows below the header line as records; every value is a text, as it stands in the file. Blank lines are no
 * rows. A row of fewer or more fields than the header goes to quarantine.
 */
export async function* readCsv(
  file: PlannedFile,
  _range: InputRange,
  window: FileWindow,
  context: ReadContext,
): AsyncGenerator<ReadEvent> {
  const { maxLineBytes, maxRatio } = context.options;
  const delimiter = file.delimiter ?? delimiterOf(file.path);
  const bytes = contentOf(file, window, maxRatio);
  const records = new Records(file, context);
  let names: readonly string[] | null = null;
  let read: ReadonlySet<string> = new Set();
  for await (const row of csvRows(bytes, delimiter.charCodeAt(0), maxLineBytes)) {
    if (row.kind !== 'row') {
      yield* records.of(row);
      // Without its header nothing of the file has a name.
      if (names === null && row.kind !== 'damage') break;
      continue;
    }
    if (row.bytes.length === 0 || (row.bytes.length === 1 && row.bytes[0] === 13)) continue;
    const fields: string[] | null = isUtf8(row.bytes) ? csvFieldsOf(decoder.decode(row.bytes), delimiter) : null;
    if (names === null) {
      if (fields === null) {
        yield* records.of(
          fault(row, 'expected a header line, got one that is not CSV in its encoding (UTF-8, or --encoding)'),
        );
        break;
      }
      names = columnNames(fields);
      read = readColumns(names, file, context.options);
    } else yield* records.of(lineOf(row, names, read, fields));
  }
  yield* records.end();
}

type Row = Extract<CsvRow, { kind: 'row' }>;

/** A row as the line of JSON that it stands for. */
function lineOf(
  row: Row,
  names: readonly string[],
  read: ReadonlySet<string>,
  fields: readonly string[] | null,
): LineEvent {
  // Whatever is not UTF-8 the reader of records names.
  if (!isUtf8(row.bytes)) return { kind: 'lines', bytes: row.bytes.filter((b) => b !== 10), place: row.place };
  if (fields === null) return fault(row, 'expected a delimiter or the end of the row after a quoted field, got more');
  if (fields.length !== names.length)
    return fault(row, `expected ${names.length} fields as in the header, got ${fields.length}`);
  const members = fields.map((value, i) => [names[i], value] as const).filter(([name]) => read.has(name));
  const line = JSON.stringify(Object.fromEntries(members));
  return { kind: 'lines', bytes: encoder.encode(line), place: row.place };
}

const fault = ({ bytes, place }: Row, detail: string): LineEvent => ({
  kind: 'fault',
  reason: 'invalid_csv',
  detail,
  bytes: bytes.length,
  head: bytes.slice(0, 240),
  place,
});
