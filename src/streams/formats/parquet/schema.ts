import type { SchemaElement, SchemaTree } from 'hyparquet';
import type { ArrowField, ArrowType } from '../arrow/schema.ts';
import {
  bigEndian,
  dateText,
  decimalDigits,
  durationText,
  float16,
  intervalText,
  type TimeUnit,
  timestampText,
  timeText,
  uuidText,
} from '../values/times.ts';
import type { Value } from '../values/value.ts';
import type { PhysicalType, RawValues } from './cursor.ts';

/** A value as it is stored, as what it means. */
export type Convert = (raw: RawValues[number]) => Value;

/** A part of the schema, with the levels (Dremel) at which it is there. */
export interface Node {
  readonly name: string;
  /** Definition level from which on it is not null; for a repeated part, from which on its list is not empty. */
  readonly defined: number;
  /** Repetition level of the list that it is, or is in. */
  readonly repeated: number;
  readonly optional: boolean;
  readonly list: boolean;
  readonly shape: 'leaf' | 'struct' | 'list' | 'map';
  readonly children: readonly Node[];
  /** Number of the leaf among the columns of a row group, from `first` to `first + leaves`. */
  readonly first: number;
  readonly leaves: number;
  readonly leaf: Leaf | null;
}

export interface Leaf {
  readonly path: string;
  readonly type: PhysicalType;
  readonly typeLength: number;
  readonly maxDefined: number;
  readonly maxRepeated: number;
  readonly convert: Convert;
}

const MAX_DEPTH = 64;

/** @param arrow fields of the Arrow schema that the file was made from, where it has it: only that tells durations. */
export function nodesOf(tree: SchemaTree, arrow: readonly ArrowField[] | null): readonly Node[] {
  let leaves = 0;
  const read = (
    t: SchemaTree,
    above: Pick<Node, 'defined' | 'repeated'>,
    field: ArrowField | null,
    depth: number,
  ): Node => {
    if (depth > MAX_DEPTH) throw new Error(`expected a schema of at most ${MAX_DEPTH} levels, got more`);
    const { element } = t;
    const list = element.repetition_type === 'REPEATED';
    const optional = element.repetition_type === 'OPTIONAL';
    const defined = above.defined + (list || optional ? 1 : 0);
    const repeated = above.repeated + (list ? 1 : 0);
    const first = leaves;
    if (t.children.length === 0) {
      leaves++;
      const leaf: Leaf = {
        path: t.path.join('.'),
        type: element.type as PhysicalType,
        typeLength: element.type_length ?? 0,
        maxDefined: defined,
        maxRepeated: repeated,
        convert: convertOf(element, field),
      };
      return {
        name: element.name,
        defined,
        repeated,
        optional,
        list,
        shape: 'leaf',
        children: [],
        first,
        leaves: 1,
        leaf,
      };
    }
    const children = t.children.map((c) => read(c, { defined, repeated }, fieldOf(c, field), depth + 1));
    const node = { name: element.name, defined, repeated, optional, list, children, first, leaves: leaves - first };
    return { ...node, shape: shapeOf(element, children), leaf: null };
  };
  const root = { defined: 0, repeated: 0 };
  return tree.children.map((c) => read(c, root, arrow?.find((f) => f.name === c.element.name) ?? null, 0));
}

/** The field of Arrow that a part of the schema was made from: Parquet has a level more for lists and maps. */
function fieldOf(child: SchemaTree, above: ArrowField | null): ArrowField | null {
  if (above === null) return null;
  const { kind } = above.type;
  if (kind !== 'map' && kind !== 'list' && kind !== 'list_view' && kind !== 'fixed_list')
    return above.children.find((f) => f.name === child.element.name) ?? null;
  const inner = kind === 'map' ? (above.children[0]?.children ?? []) : above.children;
  if (child.children.length === 0) return inner[0] ?? null;
  const children = child.children.flatMap((c, i) => (inner[i] ? { ...inner[i], name: c.element.name } : []));
  return { name: child.element.name, type: { kind: 'struct' }, children, dictionary: null };
}

function shapeOf(
  { converted_type: converted, logical_type: logical }: SchemaElement,
  children: readonly Node[],
): Node['shape'] {
  if (children.length !== 1 || !children[0].list) return 'struct';
  if (converted === 'MAP' || converted === 'MAP_KEY_VALUE' || logical?.type === 'MAP')
    return children[0].children.length === 2 ? 'map' : 'list';
  return converted === 'LIST' || logical?.type === 'LIST' ? 'list' : 'struct';
}

/**
 * The item of a list whose repeated part is `inner`: that part itself where writers of old left a level out (Parquet,
 * LogicalTypes, backward compatibility rules), else its only member.
 */
export function itemOf(list: Node, inner: Node): Node {
  const only = inner.children.length === 1 ? inner.children[0] : null;
  if (only === null || inner.name === 'array' || inner.name === `${list.name}_tuple`) return inner;
  return inner.shape === 'list' || inner.shape === 'map' ? inner : only;
}

const bytesOf = (raw: RawValues[number]): Uint8Array => raw as Uint8Array;
const bigOf = (raw: RawValues[number]): bigint => BigInt(raw as number | bigint);
const UNITS: Readonly<Record<string, TimeUnit>> = { MILLIS: 'ms', MICROS: 'us', NANOS: 'ns' };
/** Days from the beginning of Julian days to 1970. */
const JULIAN = 2_440_588n;

function convertOf(element: SchemaElement, field: ArrowField | null): Convert {
  const { type, converted_type: converted, logical_type: logical } = element;
  if (type === 'BOOLEAN') return (raw) => raw === 1;
  if (type === 'INT96') return int96;
  if (logical?.type === 'DECIMAL' || converted === 'DECIMAL') {
    const scale = (logical?.type === 'DECIMAL' ? logical.scale : element.scale) ?? 0;
    return (raw) => decimalDigits(raw instanceof Uint8Array ? bigEndian(raw) : bigOf(raw), scale);
  }
  if (logical?.type === 'TIMESTAMP') {
    const [unit, utc] = [UNITS[logical.unit], logical.isAdjustedToUTC];
    return (raw) => timestampText(bigOf(raw), unit, utc);
  }
  if (logical?.type === 'TIME') return (raw) => timeText(bigOf(raw), UNITS[logical.unit]);
  if (logical?.type === 'UUID' || (field && 'uuid' in field.type && field.type.uuid))
    return (raw) => (bytesOf(raw).length === 16 ? uuidText(bytesOf(raw)) : bytesOf(raw));
  if (logical?.type === 'FLOAT16') return (raw) => float16(bytesOf(raw)[0] | (bytesOf(raw)[1] << 8));
  switch (converted) {
    case 'DATE':
      return (raw) => dateText(raw as number);
    case 'TIMESTAMP_MILLIS':
      return (raw) => timestampText(bigOf(raw), 'ms', true);
    case 'TIMESTAMP_MICROS':
      return (raw) => timestampText(bigOf(raw), 'us', true);
    case 'TIME_MILLIS':
      return (raw) => timeText(bigOf(raw), 'ms');
    case 'TIME_MICROS':
      return (raw) => timeText(bigOf(raw), 'us');
    case 'INTERVAL':
      return interval;
  }
  if (logical?.type === 'DATE') return (raw) => dateText(raw as number);
  const unsigned = converted?.startsWith('UINT_') || (logical?.type === 'INTEGER' && !logical.isSigned);
  if (type === 'INT32' && unsigned) return (raw) => (raw as number) >>> 0;
  if (type === 'INT64' && unsigned) return (raw) => BigInt.asUintN(64, raw as bigint);
  switch (type === 'INT64' && field?.type.kind) {
    case 'duration': {
      const { unit } = field!.type as Extract<ArrowType, { kind: 'duration' }>;
      return (raw) => durationText(raw as bigint, unit);
    }
    default:
      return (raw) => raw;
  }
}

/** Nanoseconds of a day, and the Julian day: times of Impala and old Spark, in UTC. */
function int96(raw: RawValues[number]): Value {
  const bytes = bytesOf(raw);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const days = BigInt(view.getInt32(8, true)) - JULIAN;
  return timestampText(days * 86_400_000_000_000n + view.getBigInt64(0, true), 'ns', true);
}

/** Months, days and milliseconds. */
function interval(raw: RawValues[number]): Value {
  const bytes = bytesOf(raw);
  if (bytes.length !== 12) return bytes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [months, days, ms] = [0, 4, 8].map((at) => view.getUint32(at, true));
  return intervalText(months, days, BigInt(ms) * 1_000_000n);
}
