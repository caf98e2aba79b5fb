import { type FileMetaData, parquetScan, parquetSchema, type SchemaTree } from 'hyparquet';
import { pageCodecs } from '../../codecs/pages.ts';
import type { FileWindow } from '../../codecs/window.ts';
import type { Value } from '../values/value.ts';
import { bufferOver } from './footer.ts';

const isVariant = (t: SchemaTree): boolean => t.element.logical_type?.type === 'VARIANT' || t.children.some(isVariant);

/** Names of the columns that hold values of the Variant type, which hyparquet decodes. */
export const variantColumns = (metadata: FileMetaData): ReadonlySet<string> =>
  new Set(
    parquetSchema(metadata)
      .children.filter(isVariant)
      .map((c) => c.element.name),
  );

/** Reads rows `from` to `to` of the file of such a column. */
export type ReadVariant = (column: string, from: number, to: number) => Promise<(row: number) => Value>;

export async function variantReader(window: FileWindow, metadata: FileMetaData): Promise<ReadVariant> {
  const columns = [...variantColumns(metadata)];
  const scan = await parquetScan({ file: bufferOver(window), metadata, columns, compressors: await pageCodecs() });
  return async (column, rowStart, rowEnd) => {
    const values = await scan.readColumn({ column, rowStart, rowEnd });
    if (values.length !== rowEnd - rowStart) throw new Error(`${values.length} values for ${rowEnd - rowStart} rows`);
    return (row) => valueOfObject(values[row]);
  };
}

/** What hyparquet makes of a value. */
function valueOfObject(value: unknown): Value {
  if (value === null || value === undefined) return null;
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString();
  if (typeof value !== 'object' || value instanceof Uint8Array) return value as Value;
  if (Array.isArray(value) || ArrayBuffer.isView(value)) return Array.from(value as ArrayLike<unknown>, valueOfObject);
  return { fields: Object.entries(value).map(([k, v]): [string, Value] => [k, valueOfObject(v)]) };
}
