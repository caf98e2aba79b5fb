import { isUtf8 } from 'node:buffer';

/** Members of a struct or a map, in their order. */
export interface Fields {
  readonly fields: readonly (readonly [name: string, value: Value])[];
}

/** JSON as it is to be written: the digits of a decimal, or what stood in a JSON text. */
export interface RawJson {
  readonly json: string;
}

/**
 * A value of a typed input: what Parquet and Arrow columns hold. Bytes are text, or base64 in the metadata when they
 * are not UTF-8. Times, durations and UUIDs are text already.
 */
export type Value =
  | null
  | undefined
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | readonly Value[]
  | Fields
  | RawJson;

export const utf8 = (bytes: Uint8Array): string =>
  Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');

/** JSON of a value: integers and decimals with all their digits, what JSON cannot say (NaN) as null. */
export function valueJson(value: Value): string {
  if (value === null || value === undefined) return 'null';
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return JSON.stringify(value);
    case 'number':
      return Number.isFinite(value) ? JSON.stringify(value) : 'null';
    case 'bigint':
      return value.toString();
  }
  if (value instanceof Uint8Array) return JSON.stringify(bytesText(value));
  if (isFields(value)) return fieldsJson(value.fields);
  if (isRaw(value)) return value.json;
  return `[${value.map(valueJson).join(',')}]`;
}

export const fieldsJson = (fields: Fields['fields']): string =>
  `{${fields.map(([k, v]) => `${JSON.stringify(k)}:${valueJson(v)}`).join(',')}}`;

/** Text, or base64 of what is none. */
export const bytesText = (bytes: Uint8Array): string =>
  isUtf8(bytes) ? utf8(bytes) : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('base64');

export const isFields = (value: Value): value is Fields =>
  typeof value === 'object' && value !== null && 'fields' in value;

export const isRaw = (value: Value): value is RawJson => typeof value === 'object' && value !== null && 'json' in value;

/** Text of a scalar, or null. */
export function scalarText(value: Value, booleans: boolean): string | null {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return isUtf8(value) ? utf8(value) : null;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : null;
  if (isRaw(value)) return rawScalar(value.json, booleans);
  return booleans && typeof value === 'boolean' ? String(value) : null;
}

function rawScalar(json: string, booleans: boolean): string | null {
  if (json.startsWith('"')) return JSON.parse(json) as string;
  if (/^[-\d]/.test(json)) return json;
  return booleans && (json === 'true' || json === 'false') ? json : null;
}

/** The key of a map as the name of a JSON member. */
export const keyText = (key: Value): string =>
  scalarText(key, true) ?? (key instanceof Uint8Array ? bytesText(key) : valueJson(key));

/** Entries of a map: of one key that comes twice the last value counts, as in JSON. */
export function mapFields(entries: readonly (readonly [key: Value, value: Value])[]): Fields {
  const fields = entries.map(([key, value]): [string, Value] => [keyText(key), value]);
  return new Set(fields.map(([k]) => k)).size === fields.length ? { fields } : { fields: [...new Map(fields)] };
}

/** What a person calls the type of a value. */
export function kindOfValue(value: Value): string {
  if (isFields(value)) return 'struct';
  if (Array.isArray(value)) return 'list';
  if (isRaw(value)) return /^[-\d]/.test(value.json) ? 'number' : value.json.startsWith('"') ? 'text' : 'JSON value';
  return typeof value;
}
