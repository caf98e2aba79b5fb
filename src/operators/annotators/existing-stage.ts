import { type Column, type ColumnSpec, stringAt, utf8Column, validBitmap } from '../../streams/batch/columns.ts';
import type { AnnotatorFactory } from '../annotator-stage.ts';

/** Computes the columns of `existingColumns()`: nothing is measured. */
export const annotator: AnnotatorFactory = (options) => {
  const columns = options.columns as unknown as readonly ColumnSpec[];
  return (batch, scope) => {
    const metadata = batch.utf8('metadata');
    const found: unknown[][] = columns.map(() => new Array<unknown>(batch.rows).fill(null));
    for (let row = 0; row < batch.rows; row++) {
      const json = scope[row] === 1 ? stringAt(metadata, row) : null;
      if (json === null || json === '') continue;
      const record = JSON.parse(json) as { readonly [name: string]: unknown };
      columns.forEach(({ name }, k) => {
        found[k][row] = Object.hasOwn(record, name) ? record[name] : null;
      });
    }
    return columns.map((spec, k) => [spec.name, columnOfValues(spec, found[k])] as const);
  };
};

const LIMITS = {
  int32: [-(2 ** 31), 2 ** 31 - 1],
  uint32: [0, 2 ** 32 - 1],
  int64: [Number.MIN_SAFE_INTEGER, Number.MAX_SAFE_INTEGER],
} as const;

const ARRAYS = { int32: Int32Array, uint32: Uint32Array, float64: Float64Array } as const;

/** As writers of CSV and of JSON put numbers into text. */
const NUMBER = /^\s*[-+]?(\d+(\.\d*)?|\.\d+)([eE][-+]?\d+)?\s*$/;

/** A number, or a text that is one: every value of CSV is text. Empty text and NaN are null there. */
function numberOf(value: unknown): unknown {
  if (typeof value === 'boolean') return Number(value);
  if (typeof value !== 'string') return value;
  const bare = value.trim().toLowerCase();
  if (bare === '' || bare === 'nan') return null;
  return NUMBER.test(value) ? Number(value) : value;
}

/** Values of JSON as a column. Errors: a value of another type, which sets its document aside. */
function columnOfValues({ name, type }: ColumnSpec, values: readonly unknown[]): Column {
  const wrong = (value: unknown): Error =>
    new Error(`expected ${type} in column ${name} of the input, got ${JSON.stringify(value).slice(0, 80)}`);
  if (type === 'utf8')
    return utf8Column(
      values.map((v) => {
        if (v !== null && typeof v !== 'string') throw wrong(v);
        return v;
      }),
    );
  const read = values.map(numberOf);
  const numbers = read.map((n, row) => {
    const v = values[row];
    if (n === null) return 0;
    if (typeof n !== 'number' || !Number.isFinite(n)) throw wrong(v);
    if (type !== 'float64' && !(Number.isInteger(n) && n >= LIMITS[type][0] && n <= LIMITS[type][1])) throw wrong(v);
    return n;
  });
  const valid = validBitmap(read.map((v) => v !== null));
  return type === 'int64'
    ? { type, values: BigInt64Array.from(numbers, (n) => BigInt(n)), valid }
    : { type, values: ARRAYS[type].from(numbers), valid };
}
