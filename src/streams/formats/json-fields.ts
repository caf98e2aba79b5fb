import { finiteJson } from '../../kernels/reference/scanner.ts';
import type { FileWindow } from '../codecs/window.ts';
import type { PlannedFile } from '../plan/splits.ts';
import { arrayElements } from './array-elements.ts';
import { contentOf } from './content.ts';
import type { FieldSeen, FileFields } from './format.ts';

const SAMPLE_BYTES = 1024 * 1024;
const SAMPLE_RECORDS = 1000;

/** Fields of the first lines of JSON Lines. */
export async function jsonLinesFields(file: PlannedFile, window: FileWindow): Promise<FileFields> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const piece of contentOf(file, window)) {
    if ('damage' in piece) break;
    parts.push(Buffer.from(piece.bytes));
    bytes += piece.bytes.length;
    if (bytes >= SAMPLE_BYTES) break;
  }
  const lines = Buffer.concat(parts)
    .toString('utf8')
    .split('\n')
    .slice(0, SAMPLE_RECORDS + 1);
  return fieldsOfRecords(lines.flatMap((line) => parsed(line) ?? []));
}

/** Fields of the first elements of a JSON array. */
export async function jsonArrayFields(file: PlannedFile, window: FileWindow): Promise<FileFields> {
  const bytes = contentOf(file, window);
  const records: object[] = [];
  for await (const event of arrayElements(bytes, SAMPLE_BYTES)) {
    if (event.kind !== 'lines') break;
    records.push(...[parsed(Buffer.from(event.bytes).toString('utf8')) ?? []].flat());
    if (records.length >= SAMPLE_RECORDS) break;
  }
  return fieldsOfRecords(records);
}

/** Fields of some records. */
export function fieldsOfRecords(all: readonly object[]): FileFields {
  const seen = new Map<string, { types: Set<string>; count: number; strings: number; characters: number }>();
  let records = 0;
  for (const record of all) {
    records++;
    for (const [name, value] of members(record)) {
      const f = seen.get(name) ?? { types: new Set(), count: 0, strings: 0, characters: 0 };
      f.types.add(value === null ? 'null' : Array.isArray(value) ? 'list' : typeof value);
      f.count++;
      if (typeof value === 'string') {
        f.strings++;
        f.characters += value.length;
      }
      seen.set(name, f);
    }
  }
  const fields = [...seen].map(
    ([name, f]): FieldSeen => ({
      name,
      types: [...f.types],
      share: f.count / records,
      meanLength: f.strings === 0 ? 0 : f.characters / f.strings,
    }),
  );
  return { fields, rows: null };
}

/** The record of a line; null when it is no JSON object: the reader says what it is instead. */
function parsed(line: string): object | null {
  try {
    const value = JSON.parse(finiteJson(line)) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    // JSON.parse throws nothing else.
    return null;
  }
}

function* members(record: object, prefix = ''): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(record)) {
    const first: unknown = Array.isArray(value) && prefix === '' ? value[0] : null;
    // What a path such as messages.0.content leads to.
    if (typeof first === 'object' && first !== null && !Array.isArray(first)) yield* members(first, `${key}.0.`);
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && prefix === '')
      yield* members(value, `${key}.`);
    else yield [prefix + key, value];
  }
}
