import { Field, Float64, Int32, Int64, makeData, RecordBatch, Schema, Struct, Uint32, Utf8 } from 'apache-arrow';
import type { DocumentBatch } from './batch.ts';
import { type Column, type ColumnSpec, type ColumnType, isValid } from './columns.ts';

/**
 * Zero-copy Arrow record batch of all rows, dropped ones included; `toArrow(batch.compact())` has only those alive.
 * In a file of its own because apache-arrow takes 18 MB a thread, and workers do without it.
 */
export const toArrow = (batch: DocumentBatch): RecordBatch => recordBatchOf(batch.columns, batch.rows);

const arrowTypes = {
  utf8: () => new Utf8(),
  int32: () => new Int32(),
  uint32: () => new Uint32(),
  int64: () => new Int64(),
  float64: () => new Float64(),
} satisfies Record<ColumnType, () => unknown>;

/** Arrow schema of columns; all are nullable in the type, as Parquet readers expect of annotations. */
export function arrowSchema(specs: Iterable<ColumnSpec>): Schema {
  return new Schema([...specs].map((s) => new Field(s.name, arrowTypes[s.type](), true)));
}

/** Zero-copy view of columns as an Arrow record batch. */
export function recordBatchOf(columns: ReadonlyMap<string, Column>, rows: number): RecordBatch {
  const specs = [...columns].map(([name, c]) => ({ name, type: c.type }));
  const schema = arrowSchema(specs);
  const children = [...columns.values()].map((c) => arrowData(c, rows));
  return new RecordBatch(schema, makeData({ type: new Struct(schema.fields), length: rows, nullCount: 0, children }));
}

function arrowData(c: Column, rows: number) {
  const nullBitmap = c.valid ?? undefined;
  let nullCount = 0;
  if (c.valid) for (let i = 0; i < rows; i++) if (!isValid(c, i)) nullCount++;
  switch (c.type) {
    case 'utf8':
      return makeData({
        type: new Utf8(),
        length: rows,
        nullCount,
        nullBitmap,
        valueOffsets: c.offsets,
        data: c.values,
      });
    case 'int32':
      return makeData({ type: new Int32(), length: rows, nullCount, nullBitmap, data: c.values as Int32Array });
    case 'uint32':
      return makeData({ type: new Uint32(), length: rows, nullCount, nullBitmap, data: c.values as Uint32Array });
    case 'int64':
      return makeData({ type: new Int64(), length: rows, nullCount, nullBitmap, data: c.values as BigInt64Array });
    case 'float64':
      return makeData({ type: new Float64(), length: rows, nullCount, nullBitmap, data: c.values as Float64Array });
  }
}
