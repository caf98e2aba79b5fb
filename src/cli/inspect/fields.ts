import { createReadStream } from 'node:fs';
import { RecordBatchReader } from 'apache-arrow';
import { unpack } from '../../streams/codecs/unpack.ts';
import { openWindow } from '../../streams/codecs/window.ts';
import { parquetFooter } from '../../streams/formats/read-parquet.ts';
import type { PlannedFile } from '../../streams/plan/splits.ts';

/** A field that records of a file have. */
export interface FieldSeen {
  /** Dotted for members of objects. */
  readonly name: string;
  readonly types: readonly string[];
  /** Share of the records looked at that have it; null where the file's schema says it. */
  readonly share: number | null;
  /** Mean characters of its strings; 0 for other types. */
  readonly meanLength: number;
}

export interface FileFields {
  readonly fields: readonly FieldSeen[];
  /** Records of the whole file, where it says so. */
  readonly rows: number | null;
}

const SAMPLE_BYTES = 1024 * 1024;
const SAMPLE_RECORDS = 1000;

/** Fields of a file: from its schema, or from its first records. Null for plain text, and for what cannot be read. */
export async function fieldsOf(file: PlannedFile): Promise<FileFields | null> {
  if (file.size === 0 || file.format === 'text') return null;
  try {
    if (file.format === 'parquet') return await parquetFields(file);
    return file.format === 'arrow' ? await arrowFields(file) : await jsonFields(file);
  } catch (error) {
    // A damaged file: the reader says of each record what is wrong with it.
    if (error instanceof Error) return null;
    throw error;
  }
}

async function parquetFields(file: PlannedFile): Promise<FileFields> {
  const window = await openWindow(file.absolutePath, file.size);
  try {
    const { metadata } = await parquetFooter(window, 'text');
    const bytes = new Map<string, number>();
    for (const group of metadata.row_groups)
      for (const { meta_data: m } of group.columns)
        if (m)
          bytes.set(
            m.path_in_schema.join('.'),
            (bytes.get(m.path_in_schema.join('.')) ?? 0) + Number(m.total_uncompressed_size),
          );
    const types = new Map(metadata.schema.map((s) => [s.name, s.converted_type ?? s.type ?? 'GROUP']));
    const rows = Number(metadata.num_rows);
    const fields = [...bytes].map(([name, total]): FieldSeen => {
      const type = types.get(name.split('.').at(-1) ?? name) ?? '?';
      return {
        name,
        types: [type.toLowerCase()],
        share: null,
        meanLength: type === 'UTF8' && rows > 0 ? total / rows : 0,
      };
    });
    return { fields, rows };
  } finally {
    await window.close();
  }
}

async function arrowFields(file: PlannedFile): Promise<FileFields> {
  const stream = createReadStream(file.absolutePath);
  try {
    const reader = await RecordBatchReader.from(stream);
    await reader.open();
    const fields = reader.schema.fields.map(
      (f): FieldSeen => ({ name: f.name, types: [String(f.type).toLowerCase()], share: null, meanLength: 0 }),
    );
    return { fields, rows: null };
  } finally {
    stream.destroy();
  }
}

async function jsonFields(file: PlannedFile): Promise<FileFields> {
  const window = await openWindow(file.absolutePath, file.size);
  const parts: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of unpack(window, file.codec, 0, { maxRatio: 200 })) {
      if ('damage' in piece) break;
      parts.push(Buffer.from(piece.bytes));
      bytes += piece.bytes.length;
      if (bytes >= SAMPLE_BYTES) break;
    }
  } finally {
    await window.close();
  }
  const lines = Buffer.concat(parts)
    .toString('utf8')
    .split('\n')
    .slice(0, SAMPLE_RECORDS + 1);
  const seen = new Map<string, { types: Set<string>; count: number; strings: number; characters: number }>();
  let records = 0;
  for (const line of lines) {
    const record = parsed(line);
    if (record === null) continue;
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
    const value = JSON.parse(line) as unknown;
    return typeof value === 'object' && value !== null && !Array.isArray(value) ? value : null;
  } catch {
    return null;
  }
}

function* members(record: object, prefix = ''): Generator<[string, unknown]> {
  for (const [key, value] of Object.entries(record)) {
    if (typeof value === 'object' && value !== null && !Array.isArray(value) && prefix === '')
      yield* members(value, `${key}.`);
    else yield [prefix + key, value];
  }
}

/** The field that most likely holds the text: strings in most records, the longest on average. */
export function likelyTextField(fields: readonly FieldSeen[]): string | null {
  const strings = fields.filter((f) => f.meanLength > 20 && (f.share === null || f.share > 0.5));
  return strings.sort((a, b) => b.meanLength - a.meanLength)[0]?.name ?? null;
}
