import { type AsyncBuffer, type FileMetaData, parquetMetadataAsync, parquetSchema } from 'hyparquet';
import type { FileWindow } from '../../codecs/window.ts';
import { rootTable } from '../arrow/flat.ts';
import { type ArrowField, fieldsOfSchema } from '../arrow/schema.ts';
import type { FieldSeen, FileFields } from '../format.ts';
import { type Node, nodesOf } from './schema.ts';

/** Most footers are smaller. */
const FOOTER_BYTES = 128 * 1024;

export interface ParquetGroup {
  /** File byte of its first page. */
  readonly start: number;
  readonly rows: number;
  /** Unpacked bytes of its text column, or of all columns when there is none of that name. */
  readonly bytes: number;
}

export interface ParquetFooter {
  readonly metadata: FileMetaData;
  readonly groups: readonly ParquetGroup[];
  /** Top columns of the schema. */
  readonly nodes: readonly Node[];
}

/** Footer of a Parquet file. Throws when it is damaged. */
export async function parquetFooter(window: FileWindow, textField: string): Promise<ParquetFooter> {
  const metadata = await parquetMetadataAsync(bufferOver(window), {
    geoparquet: false,
    // Of a file in a store less is fetched at first.
    ...(window.willRead && { initialFetchSize: FOOTER_BYTES }),
  });
  const groups = metadata.row_groups.map((group): ParquetGroup => {
    const starts = group.columns.map((c) =>
      Number(c.meta_data?.dictionary_page_offset || c.meta_data?.data_page_offset || 0),
    );
    const text = group.columns.find((c) => c.meta_data?.path_in_schema.join('.') === textField)?.meta_data
      ?.total_uncompressed_size;
    return {
      start: size(Math.min(...starts)),
      rows: Number(group.num_rows),
      bytes: size(Number(text ?? group.total_byte_size)),
    };
  });
  const rows = groups.reduce((n, g) => n + g.rows, 0);
  if (rows !== Number(metadata.num_rows))
    throw new Error(`a footer of ${metadata.num_rows} rows with row groups of ${rows}`);
  return { metadata, groups, nodes: nodesOf(parquetSchema(metadata), arrowSchema(metadata)) };
}

/** A size or place in a footer that is none counts as 0. */
const size = (n: number): number => (Number.isSafeInteger(n) && n >= 0 ? n : 0);

/** hyparquet's view of a file. */
export function bufferOver(window: FileWindow): AsyncBuffer {
  return {
    byteLength: window.size,
    slice: async (start, end = window.size) => (await window.copy(start, end - start)).buffer,
  };
}

/** The schema of Arrow that writers by Arrow leave in the footer: what Parquet has no type for stands only there. */
function arrowSchema({ key_value_metadata: entries }: FileMetaData): readonly ArrowField[] | null {
  const packed = entries?.find((e) => e.key === 'ARROW:schema')?.value;
  if (!packed) return null;
  try {
    const bytes = Uint8Array.from(Buffer.from(packed, 'base64'));
    const message = rootTable(bytes.subarray(bytes[0] === 0xff ? 8 : 4));
    const schema = message.table(2);
    return schema === null ? null : fieldsOfSchema(schema);
  } catch (error) {
    // It only says more than the schema of the file itself: that is enough to go on with.
    if (error instanceof Error) return null;
    throw error;
  }
}

/** Fields of a file by its schema. */
export async function parquetFields(window: FileWindow): Promise<FileFields> {
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
      name: asPath(name),
      types: [type.toLowerCase()],
      share: null,
      meanLength: type === 'UTF8' && rows > 0 ? total / rows : 0,
    };
  });
  return { fields, rows };
}

/** Of a column inside of a list, as Parquet names it, the path that leads to it: `a.list.element.b` is `a.0.b`. */
const asPath = (name: string): string =>
  name.replace(/\.(list\.(element|item)|bag\.(array_element|array)|array)(?=\.|$)/g, '.0');
