import type { DuckDBValue } from '@duckdb/node-api';

/** A value as JSON has it. */
export type Plain = null | boolean | number | string | readonly Plain[] | { readonly [key: string]: Plain };

const MAX = BigInt(Number.MAX_SAFE_INTEGER);

/** BigInt as a number where that is exact, else as its digits. */
const integer = (n: bigint): number | string => (n <= MAX && n >= -MAX ? Number(n) : String(n));

const nameOf = (v: object): string => v.constructor.name;

/**
 * A value of DuckDB as JSON: 64-bit integers and decimals as numbers where that is exact, else as text; dates and times
 * in ISO 8601, with Z where they have a zone; lists and structs as they are; maps as objects; NaN and infinities,
 * intervals, uuids and blobs as text.
 */
export function plain(v: DuckDBValue): Plain {
  if (v === null || typeof v === 'boolean' || typeof v === 'string') return v;
  if (typeof v === 'number') return Number.isFinite(v) ? v : String(v);
  if (typeof v === 'bigint') return integer(v);
  const value = v as object;
  switch (nameOf(value)) {
    case 'DuckDBListValue':
    case 'DuckDBArrayValue':
      return (value as { items: readonly DuckDBValue[] }).items.map(plain);
    case 'DuckDBStructValue':
      return Object.fromEntries(
        Object.entries((value as { entries: Record<string, DuckDBValue> }).entries).map(([k, x]) => [k, plain(x)]),
      );
    case 'DuckDBMapValue':
      return Object.fromEntries(
        (value as { entries: readonly { key: DuckDBValue; value: DuckDBValue }[] }).entries.map((e) => [
          typeof e.key === 'string' ? e.key : String(e.key),
          plain(e.value),
        ]),
      );
    case 'DuckDBUnionValue':
      return plain((value as { value: DuckDBValue }).value);
    case 'DuckDBDecimalValue':
      return decimal(String(value));
    case 'DuckDBTimestampTZValue':
      return instant((value as { readonly micros: bigint }).micros) ?? String(value);
    case 'DuckDBTimestampValue':
    case 'DuckDBTimestampSecondsValue':
    case 'DuckDBTimestampMillisecondsValue':
    case 'DuckDBTimestampNanosecondsValue':
      return String(value).replace(' ', 'T');
    default:
      return String(value);
  }
}

/** A row of DuckDB as JSON has it. */
export const plainRow = (row: Readonly<Record<string, DuckDBValue>>): Record<string, Plain> =>
  Object.fromEntries(Object.entries(row).map(([k, v]) => [k, plain(v)]));

const MICROS = 1_000_000n;
/** From here on a Date has no number for the second: infinities, and years beyond 275760. */
const LAST_SECOND = 8_640_000_000_000n;

/**
 * Microseconds since 1970 in UTC, whatever the time zone of the process is (the text that DuckDB's client makes is in
 * that zone): `2024-07-01T12:00:00.12Z`. Null for what no calendar of ours has, infinities among them.
 */
function instant(micros: bigint): string | null {
  const rest = ((micros % MICROS) + MICROS) % MICROS;
  const second = (micros - rest) / MICROS;
  if (second > LAST_SECOND || second < -LAST_SECOND) return null;
  const fraction = rest === 0n ? '' : `.${String(rest).padStart(6, '0').replace(/0+$/, '')}`;
  return new Date(Number(second) * 1000).toISOString().replace(/\.000Z$/, `${fraction}Z`);
}

function decimal(digits: string): number | string {
  const n = Number(digits);
  const normal = digits.includes('.') ? digits.replace(/\.?0+$/, '') : digits;
  return String(n) === normal || (n === 0 && /^-?0?(\.0*)?$/.test(digits)) ? n : digits;
}

/** A value as one cell of a table or of CSV: text as it is, lists and structs as JSON, null as nothing. */
export function cellText(v: Plain): string {
  if (v === null) return '';
  return typeof v === 'object' ? JSON.stringify(v) : String(v);
}

/** Digits of a number in a table: what adding up in another order changes stands behind them. */
const TABLE_DIGITS = 12;

/** A value as one cell of a table to read: as `cellText`, but a fraction has at most twelve digits. */
export const shownText = (v: Plain): string =>
  typeof v === 'number' && !Number.isInteger(v) ? String(Number(v.toPrecision(TABLE_DIGITS))) : cellText(v);
