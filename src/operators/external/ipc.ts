import { DataType, type Field, RecordBatch, RecordBatchReader, RecordBatchStreamWriter, Schema } from 'apache-arrow';
import {
  type Column,
  type ColumnSpec,
  type ColumnType,
  float64Column,
  nullColumn,
  utf8Column,
  validBitmap,
} from '../../streams/batch/columns.ts';
import { recordBatchOf } from '../../streams/batch/to-arrow.ts';
import type { AnswerBytes } from './answer-reader.ts';
import { type Answered, answerColumns, type ExternalSettings, type FilterRequest, toldOf } from './request.ts';

const END_OF_STREAM = Buffer.from([0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0]);

/** A schema or a record batch as a message of its own. */
function messagesOf(request: FilterRequest, step: string, s: ExternalSettings): readonly [Uint8Array, Uint8Array] {
  const plain = recordBatchOf(request.columns, request.rows);
  const schema = new Schema(plain.schema.fields as Field[], new Map([['sluice', JSON.stringify(toldOf(step, s))]]));
  const stream = RecordBatchStreamWriter.writeAll([new RecordBatch(schema, plain.data)]).toUint8Array(true);
  const schemaEnd = 8 + new DataView(stream.buffer, stream.byteOffset).getInt32(4, true);
  return [stream.subarray(0, schemaEnd), stream.subarray(schemaEnd, stream.length - END_OF_STREAM.length)];
}

/** The request as bytes for a process that has been greeted. */
export const requestBytes = (request: FilterRequest, step: string, s: ExternalSettings): Uint8Array =>
  messagesOf(request, step, s)[1];

/** What a process gets first: the schema of all requests, and a batch without rows, to answer when it is ready. */
export function greetingBytes({ columns }: FilterRequest, step: string, s: ExternalSettings): Uint8Array {
  const empty = new Map([...columns].map(([name, { type }]) => [name, nullColumn(type, 0)] as const));
  return Buffer.concat(messagesOf({ rows: 0, columns: empty }, step, s));
}

/** A schema that no document could mend. */
export class WrongSchema extends Error {}

/** A record batch of a filter, as it came. */
export function batchOf(bytes: AnswerBytes): RecordBatch {
  const [batch] = RecordBatchReader.from(Buffer.concat([...bytes, END_OF_STREAM]));
  return batch;
}

const sortOf = (type: DataType): 'text' | 'number' | 'nothing' | 'other' => {
  if (DataType.isDictionary(type)) return sortOf(type.dictionary);
  if (DataType.isNull(type)) return 'nothing';
  if (DataType.isUtf8(type) || DataType.isLargeUtf8(type)) return 'text';
  return DataType.isInt(type) || DataType.isFloat(type) || DataType.isBool(type) ? 'number' : 'other';
};

/** Throws WrongSchema when an answer has other columns than those of its step, or of another sort. */
export function checkSchema(batch: RecordBatch, s: ExternalSettings): void {
  const { needed, allowed } = answerColumns(s);
  const specs = new Map([...needed, ...allowed].map((c) => [c.name, c.type]));
  const have = new Map(batch.schema.fields.map((f) => [f.name, f.type as DataType]));
  const missing = needed.find(({ name }) => !have.has(name));
  const all = [...have.keys()].join(', ') || 'none';
  if (missing) throw new WrongSchema(`expected a column ${missing.name} in its answers, got the columns ${all}`);
  for (const [name, type] of have) {
    const wanted = specs.get(name);
    if (wanted === undefined)
      throw new WrongSchema(
        `expected only the columns ${[...specs.keys()].join(', ')} in its answers, got ${name} too`,
      );
    const sort = sortOf(type);
    if (sort !== 'nothing' && sort !== (wanted === 'utf8' ? 'text' : 'number'))
      throw new WrongSchema(`expected ${wanted} in column ${name} of its answers, got ${type}`);
  }
}

/** Something that an answer must not be. */
export class WrongAnswer extends Error {}

/**
 * An answer with its rows in the order of the request. Errors: WrongSchema; WrongAnswer for rows that are missing,
 * twice there or unknown, and for values that a column cannot hold.
 */
export function answeredOf(bytes: AnswerBytes, rows: number, s: ExternalSettings): Answered {
  const batch = batchOf(bytes);
  checkSchema(batch, s);
  const numbers = valuesOf(batch, 'row', 'int32') as readonly (number | null)[];
  const made = s.creates && batch.getChild('created') ? valuesOf(batch, 'created', 'int32') : null;
  const places = new Int32Array(rows).fill(-1);
  const created: number[] = [];
  numbers.forEach((row, at) => {
    if (row === null || row < 0 || row >= rows)
      throw new WrongAnswer(`expected row numbers of 0 to ${rows - 1} in its answer, got ${row}`);
    if (Number(made?.[at]) === 1) created.push(at);
    else if (places[row] >= 0) throw new WrongAnswer(`expected one answer for each document, got two for row ${row}`);
    else places[row] = at;
  });
  const given = numbers.length - created.length;
  const missing = places.indexOf(-1);
  if (missing >= 0)
    throw new WrongAnswer(`expected an answer for each of ${rows} documents, got ${given}: none for row ${missing}`);
  const specs = [...s.columns, ...answerColumns(s).allowed].filter(({ name }) => batch.getChild(name) !== null);
  const pick = (of: ArrayLike<number>, names: (name: string) => boolean) =>
    new Map(
      specs
        .filter((c) => names(c.name))
        .map((c) => [c.name, columnOf(valuesOf(batch, c.name, c.type), of, c)] as const),
    );
  const said = batch.getChild('error') ? (valuesOf(batch, 'error', 'utf8') as readonly (string | null)[]) : [];
  // Of a document and what was made of it the first error counts.
  const errors = new Map<number, string>();
  numbers.forEach((row, at) => {
    const detail = said[at];
    if (detail && !errors.has(Number(row))) errors.set(Number(row), detail);
  });
  return {
    errors: [...errors].map(([row, detail]) => ({ row, detail })),
    columns: pick(places, (name) => !['created', 'domain', 'error'].includes(name)),
    created:
      created.length === 0
        ? null
        : {
            parent: Int32Array.from(created, (at) => Number(numbers[at])),
            columns: pick(created, (name) => !['created', 'keep', 'reason', 'error'].includes(name)),
          },
  };
}

type Value = string | number | bigint | null;

const RANGES = { int32: [-(2 ** 31), 2 ** 31 - 1], uint32: [0, 2 ** 32 - 1], int64: [-(2 ** 63), 2 ** 63] } as const;

/** The values of a column, each such as its type holds. */
function valuesOf(batch: RecordBatch, name: string, type: ColumnType): readonly Value[] {
  const vector = batch.getChild(name)!;
  return Array.from({ length: batch.numRows }, (_, i): Value => {
    const value = vector.get(i) as Value | boolean | undefined;
    if (value === null || (type === 'float64' && Number.isNaN(value))) return null;
    if (type === 'utf8') {
      if (typeof value === 'string') return value;
    } else if (value !== undefined && typeof value !== 'string') {
      const number = Number(value);
      if (type === 'float64') return number;
      const [least, most] = RANGES[type];
      if (Number.isInteger(number) && number >= least && number <= most)
        return type === 'int64' ? BigInt(value) : number;
    }
    throw new WrongAnswer(`expected ${type} in column ${name} of its answer, got ${value} at its row ${i}`);
  });
}

function columnOf(values: readonly Value[], at: ArrayLike<number>, { type }: ColumnSpec): Column {
  const picked = Array.from(at, (i) => values[i]);
  if (type === 'utf8') return utf8Column(picked as (string | null)[]);
  if (type === 'float64') return float64Column(Float64Array.from(picked, (v) => (v === null ? Number.NaN : Number(v))));
  const valid = validBitmap(picked.map((v) => v !== null));
  if (type === 'int64') return { type, values: BigInt64Array.from(picked, (v) => BigInt(v ?? 0)), valid };
  const numbers = picked.map((v) => Number(v ?? 0));
  return { type, values: type === 'int32' ? Int32Array.from(numbers) : Uint32Array.from(numbers), valid };
}
