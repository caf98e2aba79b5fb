import type { Unpacked } from '../codecs/piece.ts';
import type { LineEvent, Place } from './lines.ts';

/** Bytes of one row, or why there are none. */
export type CsvRow = { readonly kind: 'row'; readonly bytes: Uint8Array; readonly place: Place } | LineEvent;

const QUOTE = 0x22;
const NEWLINE = 0x0a;
const HEAD_BYTES = 240;

/**
 * Cuts a table into rows: at newlines outside of quotes. A quote opens only at the beginning of a field. Views die when
 * the next row is asked for. Holds one row of up to `maxRow` bytes, and nothing of a longer one.
 * @param delimiter byte between fields
 */
export async function* csvRows(
  unpacked: AsyncIterable<Unpacked>,
  delimiter: number,
  maxRow: number,
): AsyncGenerator<CsvRow> {
  let buffer = new Uint8Array(16 * 1024);
  let length = 0;
  let place: Place | null = null;
  let quoted = false;
  let fieldStarts = true;
  const append = (part: Uint8Array): void => {
    const start = length;
    length += part.length;
    if (length > maxRow && start > HEAD_BYTES) return;
    const kept = Math.min(length, Math.max(maxRow, HEAD_BYTES));
    if (kept > buffer.length) {
      const wider = new Uint8Array(Math.max(2 * buffer.length, kept));
      wider.set(buffer.subarray(0, start));
      buffer = wider;
    }
    buffer.set(part.subarray(0, kept - start), start);
  };
  const head = (): Uint8Array => buffer.slice(0, Math.min(length, HEAD_BYTES));
  const take = (): CsvRow => {
    const [at, bytes] = [place!, length];
    place = null;
    length = 0;
    if (bytes > maxRow) return { kind: 'too_long', bytes, head: buffer.slice(0, HEAD_BYTES), place: at };
    return { kind: 'row', bytes: buffer.subarray(0, bytes), place: at };
  };
  for await (const piece of unpacked) {
    if ('damage' in piece) {
      yield { kind: 'damage', damage: piece.damage, place: place ?? piece.damage, unfinished: length, head: head() };
      return;
    }
    const { bytes, block, offset } = piece;
    let from = 0;
    for (let i = 0; i < bytes.length; i++) {
      const b = bytes[i];
      if (place === null) {
        place = { block, offset: offset + i };
        from = i;
      }
      if (quoted) {
        if (b === QUOTE) quoted = false;
        continue;
      }
      if (b === QUOTE) {
        // Inside of a quoted field two quotes are one: the second opens it again.
        quoted = fieldStarts || (i > from ? bytes[i - 1] : buffer[length - 1]) === QUOTE;
        fieldStarts = false;
      } else if (b === NEWLINE) {
        append(bytes.subarray(from, i));
        fieldStarts = true;
        yield take();
      } else fieldStarts = b === delimiter;
    }
    if (place !== null) append(bytes.subarray(from));
  }
  if (place === null) return;
  if (!quoted) {
    yield take();
    return;
  }
  // The rows that it has swallowed are lost with it.
  const detail = 'expected the quote that ends a field, got the end of the file';
  yield { kind: 'fault', reason: 'invalid_csv', detail, bytes: length, head: head(), place, lost: length };
}

/** Fields of a row; null when something follows a closing quote. */
export function csvFieldsOf(row: string, delimiter: string): string[] | null {
  const line = row.endsWith('\r') ? row.slice(0, -1) : row;
  const fields: string[] = [];
  for (let at = 0; ; ) {
    if (line[at] !== '"') {
      const end = line.indexOf(delimiter, at);
      fields.push(line.slice(at, end < 0 ? line.length : end));
      if (end < 0) return fields;
      at = end + 1;
      continue;
    }
    let end = line.indexOf('"', at + 1);
    while (end >= 0 && line[end + 1] === '"') end = line.indexOf('"', end + 2);
    if (end < 0) return null;
    fields.push(line.slice(at + 1, end).replaceAll('""', '"'));
    if (end + 1 === line.length) return fields;
    if (line[end + 1] !== delimiter) return null;
    at = end + 2;
  }
}

/** Names of the columns: a blank one is called by its place, a name that comes again gets its place too. */
export function columnNames(header: readonly string[]): string[] {
  const seen = new Set<string>();
  return header.map((name, i) => {
    const own = name === '' ? `column_${i + 1}` : seen.has(name) ? `${name}_${i + 1}` : name;
    seen.add(own);
    return own;
  });
}
