import {
  type Data,
  type DataType,
  Field,
  Float64,
  Int32,
  Int64,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint32,
  Utf8,
} from 'apache-arrow';
import { InvariantError } from '../errors.ts';
import { type Column, isValid, type NumberColumn } from '../streams/columns.ts';

/** Lists in Arrow layout: row i holds the rows `offsets[i] .. offsets[i + 1]` of `child`; `offsets[0]` may be > 0. */
export interface ListColumn {
  readonly type: 'list';
  readonly offsets: Int32Array;
  readonly valid: Uint8Array | null;
  readonly child: Column | StructColumn;
}

/** Several columns of equal length as one; never null itself. */
export interface StructColumn {
  readonly type: 'struct';
  readonly fields: ReadonlyMap<string, Column>;
}

export type TableColumn = Column | ListColumn;

/** Rows on their way to a file: what sinks take. Unlike a batch of documents it has no position, no verdicts, and may have lists. */
export interface TableBatch {
  readonly columns: ReadonlyMap<string, TableColumn>;
  readonly rows: number;
}

/** Names and types in order, as text: equal for batches that fit in one file. */
export function schemaText(columns: ReadonlyMap<string, TableColumn>): string {
  return [...columns].map(([name, c]) => `${name} ${typeText(c)}`).join(', ');
}

function typeText(c: TableColumn | StructColumn): string {
  if (c.type === 'list') return `list<${typeText(c.child)}>`;
  return c.type === 'struct' ? `struct<${schemaText(c.fields)}>` : c.type;
}

/** Throws when a batch does not fit the file that an earlier batch began. */
export function assertSchema(expected: string, batch: TableBatch, path: string): void {
  const came = schemaText(batch.columns);
  if (came === expected) return;
  throw new InvariantError({
    expected: `the columns ${expected}`,
    came,
    where: path,
    todo: 'Every batch of a sink must have the same columns.',
  });
}

/** Only the columns named, in that order; null = all. */
export function selectColumns(batch: TableBatch, names: readonly string[] | null, path: string): TableBatch {
  if (names === null) return batch;
  const columns = names.map((name): [string, TableColumn] => {
    const column = batch.columns.get(name);
    if (column) return [name, column];
    throw new InvariantError({ expected: `a column ${name}`, came: [...batch.columns.keys()].join(', '), where: path });
  });
  return { columns: new Map(columns), rows: batch.rows };
}

/** Adds to `into` the bytes of variable length of each row from `from` to `to`. */
export function addTextBytes(column: TableColumn | StructColumn, from: number, to: number, into: Float64Array): void {
  if (column.type === 'utf8') {
    for (let i = from; i < to; i++) into[i - from] += column.offsets[i + 1] - column.offsets[i];
    return;
  }
  if (column.type === 'struct') {
    for (const field of column.fields.values()) addTextBytes(field, from, to, into);
    return;
  }
  if (column.type !== 'list') return;
  const [first, last] = [column.offsets[from], column.offsets[to]];
  if (first === last) return;
  const items = new Float64Array(last - first);
  addTextBytes(column.child, first, last, items);
  for (let i = from; i < to; i++) {
    for (let k = column.offsets[i]; k < column.offsets[i + 1]; k++) into[i - from] += items[k - first];
  }
}

/** Zero-copy Arrow record batch; every field is nullable, list items are called `element` as Parquet asks. */
export function tableToArrow(batch: TableBatch): RecordBatch {
  const children = [...batch.columns.values()].map((c) => arrowData(c, batch.rows));
  const fields = [...batch.columns.keys()].map((name, i) => new Field(name, children[i].type, true));
  const data = makeData({ type: new Struct(fields), length: batch.rows, nullCount: 0, children });
  return new RecordBatch(new Schema(fields), data);
}

function arrowData(c: TableColumn | StructColumn, length: number): Data<DataType> {
  if (c.type === 'struct') {
    const children = [...c.fields.values()].map((f) => arrowData(f, length));
    const fields = [...c.fields.keys()].map((name, i) => new Field(name, children[i].type, true));
    return makeData({ type: new Struct(fields), length, nullCount: 0, children });
  }
  const nulls = { length, nullCount: nullCount(c, length), nullBitmap: c.valid ?? undefined };
  if (c.type === 'utf8') return makeData({ type: new Utf8(), ...nulls, valueOffsets: c.offsets, data: c.values });
  if (c.type !== 'list')
    return makeData({ type: numberType(c), ...nulls, data: c.values as Float64Array }) as Data<DataType>;
  const child = arrowData(c.child, c.offsets[length]);
  return makeData({ type: new List(new Field('element', child.type, true)), ...nulls, valueOffsets: c.offsets, child });
}

function numberType(c: NumberColumn): Float64 {
  // The four classes differ in their type parameters only; `makeData` reads the values as the class says.
  const types = { int32: Int32, uint32: Uint32, int64: Int64, float64: Float64 };
  return new types[c.type]() as unknown as Float64;
}

function nullCount(c: TableColumn, rows: number): number {
  let count = 0;
  if (c.valid) for (let i = 0; i < rows; i++) if (!isValid(c as Column, i)) count++;
  return count;
}
