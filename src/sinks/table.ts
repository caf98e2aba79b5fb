import { InvariantError } from '../errors.ts';
import type { Column } from '../streams/batch/columns.ts';

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

/**
 * Rows on their way to a file: what sinks take. Unlike a batch of documents it has no position, no verdicts, and may
 * have lists.
 */
export interface TableBatch {
  readonly columns: ReadonlyMap<string, TableColumn>;
  readonly rows: number;
  /** Token ids of the text, where a step has made them. */
  readonly tokenIds?: RowTokens | null;
}

/** Ids of row i are `ids[offsets[i] .. offsets[i + 1])`. */
export interface RowTokens {
  /** Hash of the tokenizer. */
  readonly tokenizer: string;
  readonly ids: Uint32Array;
  readonly offsets: Int32Array;
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
  const got = schemaText(batch.columns);
  if (got === expected) return;
  throw new InvariantError({
    expected: `the columns ${expected}`,
    got,
    where: path,
    fix: 'Every batch of a sink must have the same columns.',
  });
}

/** Only the columns named, in that order; null = all. */
export function selectColumns(batch: TableBatch, names: readonly string[] | null, path: string): TableBatch {
  if (names === null) return batch;
  const columns = names.map((name): [string, TableColumn] => {
    const column = batch.columns.get(name);
    if (column) return [name, column];
    throw new InvariantError({ expected: `a column ${name}`, got: [...batch.columns.keys()].join(', '), where: path });
  });
  return { columns: new Map(columns), rows: batch.rows };
}

/**
 * Adds to `into` the bytes of variable length of each row from `from` to `to`.
 * @param numbers count those in lists, too
 */
export function addTextBytes(
  column: TableColumn | StructColumn,
  from: number,
  to: number,
  into: Float64Array,
  numbers = false,
): void {
  if (column.type === 'utf8') {
    for (let i = from; i < to; i++) into[i - from] += column.offsets[i + 1] - column.offsets[i];
    return;
  }
  if (column.type === 'struct') {
    for (const field of column.fields.values()) addTextBytes(field, from, to, into, numbers);
    return;
  }
  if (column.type !== 'list') return;
  if (numbers && column.child.type !== 'utf8' && column.child.type !== 'struct') {
    const each = column.child.values.BYTES_PER_ELEMENT;
    for (let i = from; i < to; i++) into[i - from] += each * (column.offsets[i + 1] - column.offsets[i]);
    return;
  }
  const [first, last] = [column.offsets[from], column.offsets[to]];
  if (first === last) return;
  const items = new Float64Array(last - first);
  addTextBytes(column.child, first, last, items, numbers);
  for (let i = from; i < to; i++) {
    for (let k = column.offsets[i]; k < column.offsets[i + 1]; k++) into[i - from] += items[k - first];
  }
}
