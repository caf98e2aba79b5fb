/** Values of a page, one run after the other; what is not asked for yet is not decoded. */
export interface Cursor<T> {
  /** The next `count` values. Throws when there are fewer. */
  take(count: number): T;
  /** Passes over them, where that is less work. */
  skip?(count: number): void;
}

export function skipped<T>(cursor: Cursor<T>, count: number): void {
  if (cursor.skip) cursor.skip(count);
  else cursor.take(count);
}

/** Raw values of a leaf column, by its physical type. */
export type RawValues = Uint8Array | Int32Array | BigInt64Array | Float32Array | Float64Array | readonly Uint8Array[];

export type PhysicalType =
  | 'BOOLEAN'
  | 'INT32'
  | 'INT64'
  | 'INT96'
  | 'FLOAT'
  | 'DOUBLE'
  | 'BYTE_ARRAY'
  | 'FIXED_LEN_BYTE_ARRAY';

/** A page that ends before what it should hold. */
export const short = (what: string): Error => new Error(`expected ${what} in a page, got its end`);
