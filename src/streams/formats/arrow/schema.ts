import type { TimeUnit } from '../values/times.ts';
import { damage, type FlatTable } from './flat.ts';

/** The types of Arrow (Schema.fbs, format version 1.5), as far as they differ for a reader. */
export type ArrowType =
  | { readonly kind: 'null' }
  | { readonly kind: 'int'; readonly bits: number; readonly signed: boolean; readonly boolean?: true }
  | { readonly kind: 'float'; readonly bits: 16 | 32 | 64 }
  | { readonly kind: 'bool' }
  | { readonly kind: 'bytes'; readonly text: boolean; readonly large: boolean }
  | { readonly kind: 'bytes_view'; readonly text: boolean }
  | { readonly kind: 'fixed_bytes'; readonly width: number; readonly uuid: boolean }
  | { readonly kind: 'decimal'; readonly scale: number; readonly bits: number }
  | { readonly kind: 'date'; readonly days: boolean }
  | { readonly kind: 'time'; readonly unit: TimeUnit; readonly bits: number }
  | { readonly kind: 'timestamp'; readonly unit: TimeUnit; readonly utc: boolean }
  | { readonly kind: 'duration'; readonly unit: TimeUnit }
  | { readonly kind: 'interval'; readonly unit: 'months' | 'days_ms' | 'months_days_ns' }
  | { readonly kind: 'list'; readonly large: boolean }
  | { readonly kind: 'list_view'; readonly large: boolean }
  | { readonly kind: 'fixed_list'; readonly size: number }
  | { readonly kind: 'map' }
  | { readonly kind: 'struct' }
  | { readonly kind: 'union'; readonly dense: boolean; readonly children: ReadonlyMap<number, number> }
  | { readonly kind: 'run_ends' }
  | { readonly kind: 'unknown'; readonly code: number };

export interface ArrowField {
  readonly name: string;
  readonly type: ArrowType;
  readonly children: readonly ArrowField[];
  /** Values are numbers into a dictionary. */
  readonly dictionary: { readonly id: number; readonly index: Extract<ArrowType, { kind: 'int' }> } | null;
}

const MAX_FIELDS = 65_536;
const MAX_DEPTH = 64;
const UNITS: readonly TimeUnit[] = ['s', 'ms', 'us', 'ns'];
const unitOf = (n: number): TimeUnit => UNITS[n] ?? 'ns';
const INTERVALS = ['months', 'days_ms', 'months_days_ns'] as const;

/** Fields of a schema. Throws on damage, and when it is of the other byte order. */
export function fieldsOfSchema(schema: FlatTable): readonly ArrowField[] {
  if (schema.int16(0) !== 0) throw new Error('expected little-endian Arrow data, got big-endian');
  let left = MAX_FIELDS;
  const read = (tables: readonly FlatTable[], depth: number): ArrowField[] => {
    left -= tables.length;
    if (left < 0 || depth > MAX_DEPTH) throw damage(`at most ${MAX_FIELDS} fields, ${MAX_DEPTH} deep`);
    return tables.map((t) => {
      const encoding = t.table(4);
      const index = encoding?.table(1);
      return {
        name: t.text(0) ?? '',
        type: typeOf(t),
        children: read(t.tables(5), depth + 1),
        dictionary: encoding ? { id: encoding.int64(0), index: index ? intOf(index) : INT32 } : null,
      };
    });
  };
  return read(schema.tables(1), 0);
}

const INT32 = { kind: 'int', bits: 32, signed: true } as const;

const intOf = (t: FlatTable): Extract<ArrowType, { kind: 'int' }> => ({
  kind: 'int',
  bits: t.int32(0),
  signed: t.uint8(1) !== 0,
});

function typeOf(field: FlatTable): ArrowType {
  const code = field.uint8(2);
  const t = field.table(3);
  if (t === null) return code === 1 ? { kind: 'null' } : { kind: 'unknown', code };
  switch (code) {
    case 1:
      return { kind: 'null' };
    case 2:
      return extensionOf(field) === 'arrow.bool8' ? { ...intOf(t), boolean: true } : intOf(t);
    case 3:
      return { kind: 'float', bits: ([16, 32, 64] as const)[t.int16(0)] ?? 64 };
    case 4:
    case 5:
      return { kind: 'bytes', text: code === 5, large: false };
    case 6:
      return { kind: 'bool' };
    case 7:
      return { kind: 'decimal', scale: t.int32(1), bits: t.int32(2, 128) };
    case 8:
      return { kind: 'date', days: t.int16(0, 1) === 0 };
    case 9:
      return { kind: 'time', unit: unitOf(t.int16(0, 1)), bits: t.int32(1, 32) };
    case 10:
      return { kind: 'timestamp', unit: unitOf(t.int16(0)), utc: (t.text(1) ?? '') !== '' };
    case 11:
      return { kind: 'interval', unit: INTERVALS[t.int16(0)] ?? 'months' };
    case 12:
      return { kind: 'list', large: false };
    case 13:
      return { kind: 'struct' };
    case 14:
      return unionOf(t, field.vector(5, 4).length);
    case 15:
      return { kind: 'fixed_bytes', width: t.int32(0), uuid: extensionOf(field) === 'arrow.uuid' };
    case 16:
      return { kind: 'fixed_list', size: t.int32(0) };
    case 17:
      return { kind: 'map' };
    case 18:
      return { kind: 'duration', unit: unitOf(t.int16(0, 1)) };
    case 19:
    case 20:
      return { kind: 'bytes', text: code === 20, large: true };
    case 21:
      return { kind: 'list', large: true };
    case 22:
      return { kind: 'run_ends' };
    case 23:
    case 24:
      return { kind: 'bytes_view', text: code === 24 };
    case 25:
    case 26:
      return { kind: 'list_view', large: code === 26 };
    default:
      return { kind: 'unknown', code };
  }
}

function unionOf(t: FlatTable, children: number): ArrowType {
  const ids = t.vector(1, 4);
  const numbers =
    ids.at === 0
      ? Array.from({ length: children }, (_, i) => i)
      : Array.from({ length: ids.length }, (_, i) => t.view.getInt32(ids.at + 4 * i, true));
  return { kind: 'union', dense: t.int16(0) === 1, children: new Map(numbers.map((id, i) => [id, i])) };
}

const extensionOf = (field: FlatTable): string | null =>
  field
    .tables(6)
    .find((entry) => entry.text(0) === 'ARROW:extension:name')
    ?.text(1) ?? null;

/** Name of a field's type for people: `list<utf8>`, `timestamp`. */
export function typeName({ type, children, dictionary }: ArrowField): string {
  const plain = 'text' in type && type.text ? 'utf8' : type.kind;
  const name = 'bits' in type && type.kind !== 'time' ? `${plain}${type.bits}` : plain;
  const inner = children.length > 0 ? `${name}<${children.map(typeName).join(', ')}>` : name;
  return dictionary ? `dictionary<${inner}>` : inner;
}
