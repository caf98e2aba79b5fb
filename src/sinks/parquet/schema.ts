import type { Column, ColumnType } from '../../streams/batch/columns.ts';
import type { StructColumn, TableBatch, TableColumn } from '../table.ts';
import { THRIFT, type ThriftField, type ThriftStruct } from './thrift.ts';

/** Physical types, repetition and logical types by their numbers in parquet.thrift. */
export const PHYSICAL: Record<ColumnType, number> = { int32: 1, uint32: 1, int64: 2, float64: 5, utf8: 6 };
const OPTIONAL = 1;
const REPEATED = 2;
const CONVERTED = { utf8: 0, list: 3, uint32: 13 };

/** Levels of a list column's entries: one entry per item, and one for each list without items. */
export interface ListLevels {
  readonly definition: Uint8Array;
  readonly repetition: Uint8Array;
  /** Rows of the leaf's column that are in the lists. */
  readonly first: number;
  readonly last: number;
}

/** A column of values as Parquet stores it. */
export interface Leaf {
  readonly path: readonly string[];
  readonly column: Column;
  readonly maxDefinition: number;
  /** Null: a flat column, one optional value a row. */
  readonly lists: ListLevels | null;
}

const i32 = (id: number, value: number): ThriftField => ({ id, type: THRIFT.i32, value });
const name = (text: string): ThriftField => ({ id: 4, type: THRIFT.binary, value: Buffer.from(text) });
const logical = (id: number, fields: ThriftStruct = []): ThriftField => ({
  id: 10,
  type: THRIFT.struct,
  value: [{ id, type: THRIFT.struct, value: fields }],
});

/**
 * Schema elements of the columns, root first; every field optional, lists in the three-level form with `list` and
 * `element`.
 */
export function schemaElements(columns: TableBatch['columns']): ThriftStruct[] {
  const fields = [...columns].flatMap(([n, c]) => elementsOf(n, c));
  return [[name('schema'), i32(5, columns.size)], ...fields];
}

function elementsOf(n: string, c: TableColumn | StructColumn): ThriftStruct[] {
  if (c.type === 'list') {
    const list: ThriftStruct = [i32(3, OPTIONAL), name(n), i32(5, 1), i32(6, CONVERTED.list), logical(3)];
    return [list, [i32(3, REPEATED), name('list'), i32(5, 1)], ...elementsOf('element', c.child)];
  }
  if (c.type === 'struct') {
    return [
      [i32(3, OPTIONAL), name(n), i32(5, c.fields.size)],
      ...[...c.fields].flatMap(([f, field]) => elementsOf(f, field)),
    ];
  }
  const plain = [i32(1, PHYSICAL[c.type]), i32(3, OPTIONAL), name(n)];
  if (c.type === 'utf8') return [[...plain, i32(6, CONVERTED.utf8), logical(1)]];
  if (c.type !== 'uint32') return [plain];
  const unsigned32: ThriftStruct = [
    { id: 1, type: THRIFT.byte, value: 32 },
    { id: 2, type: THRIFT.false, value: false },
  ];
  return [[...plain, i32(6, CONVERTED.uint32), logical(10, unsigned32)]];
}

/** The columns of values behind a table, in schema order. */
export function leavesOf({ columns, rows }: TableBatch): Leaf[] {
  return [...columns].flatMap(([n, c]): Leaf[] => {
    if (c.type !== 'list') return [{ path: [n], column: c, maxDefinition: 1, lists: null }];
    const at = [n, 'list', 'element'];
    if (c.child.type !== 'struct')
      return [{ path: at, column: c.child, maxDefinition: 3, lists: levelsOf(c, c.child, rows, 3) }];
    return [...c.child.fields].map(([f, field]) => ({
      path: [...at, f],
      column: field,
      maxDefinition: 4,
      lists: levelsOf(c, field, rows, 4),
    }));
  });
}

/** Definition levels: 0 null list, 1 empty list, `max` a value, `max - 1` a null value. */
function levelsOf(
  { offsets, valid }: Extract<TableColumn, { type: 'list' }>,
  values: Column,
  rows: number,
  max: number,
): ListLevels {
  const definition: number[] = [];
  const repetition: number[] = [];
  for (let i = 0; i < rows; i++) {
    const [from, to] = [offsets[i], offsets[i + 1]];
    if (valid !== null && (valid[i >> 3] & (1 << (i & 7))) === 0) definition.push(0);
    else if (from === to) definition.push(1);
    for (let k = from; k < to; k++)
      definition.push(values.valid === null || values.valid[k >> 3] & (1 << (k & 7)) ? max : max - 1);
    for (let k = from; k < Math.max(to, from + 1); k++) repetition.push(k === from ? 0 : 1);
  }
  return {
    definition: Uint8Array.from(definition),
    repetition: Uint8Array.from(repetition),
    first: offsets[0],
    last: offsets[rows],
  };
}
