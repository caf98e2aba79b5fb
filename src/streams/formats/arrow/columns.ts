import { isFields, mapFields, type Value } from '../values/value.ts';
import { type At, fixed, integers } from './fixed.ts';
import { damage } from './flat.ts';
import type { ArrowField, ArrowType } from './schema.ts';

/** The columns of one batch, in their order. */
export interface ColumnSource {
  /** Length of the next column, and how many of its values are null. */
  node(): { readonly length: number; readonly nulls: number };
  /** The next buffer, unpacked. */
  buffer(): Promise<Uint8Array<ArrayBuffer>>;
  /** Passes over the next buffer. */
  skip(): void;
  /** How many further buffers the next column of views has. */
  variadic(): number;
  /** Values of a dictionary, and how many. */
  dictionary(field: ArrowField, id: number): Promise<{ readonly at: At; readonly length: number }>;
  /** Unions have a list of what is null. */
  readonly oldUnions: boolean;
  /** Another reader from here on. */
  fork(): ColumnSource;
}

/** Reads the next column; throws on damage and on types that are not known. */
export async function columnOf(field: ArrowField, source: ColumnSource): Promise<At> {
  const { dictionary } = field;
  if (dictionary === null) return valuesOf(field, source);
  const { length, nulls } = source.node();
  const valid = validity(await source.buffer(), length, nulls);
  const index = integers(dictionary.index, await source.buffer(), length);
  const values = await source.dictionary({ ...field, dictionary: null }, dictionary.id);
  return (row) => {
    if (!valid(row)) return null;
    const i = Number(index[row]);
    if (!(i >= 0 && i < values.length)) throw damage('numbers within their dictionary');
    return values.at(i);
  };
}

/** Passes over the next column. */
export function skipColumn({ type, children, dictionary }: ArrowField, source: ColumnSource): void {
  source.node();
  const kind = dictionary ? 'int' : type.kind;
  let buffers = OWN_BUFFERS[kind] ?? 2;
  if ('dense' in type && !dictionary) buffers = (type.dense ? 2 : 1) + (source.oldUnions ? 1 : 0);
  if (kind === 'bytes_view') buffers += source.variadic();
  if ('code' in type && !dictionary) throw notKnown(type.code);
  for (let i = 0; i < buffers; i++) source.skip();
  if (!dictionary) for (const child of children) skipColumn(child, source);
}

const notKnown = (code: number): Error =>
  new Error(`expected a type of Arrow that is known, got type ${code}, which is not read`);

/** Buffers of a type, what is null included; others have two. */
const OWN_BUFFERS: Partial<Record<ArrowType['kind'], number>> = {
  null: 0,
  run_ends: 0,
  struct: 1,
  fixed_list: 1,
  bytes: 3,
  list_view: 3,
};

async function valuesOf({ type, children }: ArrowField, source: ColumnSource): Promise<At> {
  const { length, nulls } = source.node();
  switch (type.kind) {
    case 'null':
      return () => null;
    case 'run_ends':
      return runEnds(children, length, source);
    case 'union':
      return union(type, children, length, source);
    case 'unknown':
      throw notKnown(type.code);
    default: {
      const valid = validity(await source.buffer(), length, nulls);
      const at = await plain(type, children, length, source);
      return (row) => (valid(row) ? at(row) : null);
    }
  }
}

function validity(bits: Uint8Array, length: number, nulls: number): (row: number) => boolean {
  if (nulls === 0 || bits.length === 0) return () => true;
  if (bits.length * 8 < length) throw damage('a bit for every row');
  return (row) => (bits[row >> 3] & (1 << (row & 7))) !== 0;
}

/** Values of a column as if none was null. */
async function plain(
  type: Exclude<ArrowType, { kind: 'null' | 'run_ends' | 'union' | 'unknown' }>,
  children: readonly ArrowField[],
  length: number,
  source: ColumnSource,
): Promise<At> {
  switch (type.kind) {
    case 'bytes': {
      const offsets = offsetsOf(await source.buffer(), length, type.large);
      const values = await source.buffer();
      if (length > 0 && offsets[length] > values.length) throw damage('offsets within the values');
      return (row) => values.subarray(offsets[row], offsets[row + 1]);
    }
    case 'bytes_view':
      return views(length, source);
    case 'list': {
      const offsets = offsetsOf(await source.buffer(), length, type.large);
      const item = await child(children[0], source, length > 0 ? offsets[length] : 0);
      return (row) => items(item, offsets[row], offsets[row + 1]);
    }
    case 'map': {
      const offsets = offsetsOf(await source.buffer(), length, false);
      const entry = await child(children[0], source, length > 0 ? offsets[length] : 0);
      return (row) => mapFields(items(entry, offsets[row], offsets[row + 1]).map(pairOf));
    }
    case 'list_view': {
      const bits = type.large ? 64 : 32;
      const offsets = integers({ kind: 'int', bits, signed: true }, await source.buffer(), length);
      const sizes = integers({ kind: 'int', bits, signed: true }, await source.buffer(), length);
      const item = await child(children[0], source, 0);
      return (row) => items(item, Number(offsets[row]), Number(offsets[row]) + Number(sizes[row]), item.length);
    }
    case 'fixed_list': {
      const { size } = type;
      const item = await child(children[0], source, length * size);
      return (row) => items(item, row * size, (row + 1) * size);
    }
    case 'struct': {
      const members: { name: string; at: At }[] = [];
      for (const c of children) members.push({ name: c.name, at: (await child(c, source, length)).at });
      return (row) => ({ fields: members.map((m): [string, Value] => [m.name, m.at(row)]) });
    }
    default:
      return fixed(type, await source.buffer(), length);
  }
}

const pairOf = (entry: Value): [Value, Value] => {
  if (!isFields(entry) || entry.fields.length < 2) throw damage('entries of a map');
  return [entry.fields[0][1], entry.fields[1][1]];
};

interface Child {
  readonly at: At;
  readonly length: number;
}

/** A column inside of another, which needs `least` of its values. */
async function child(field: ArrowField | undefined, source: ColumnSource, least: number): Promise<Child> {
  if (field === undefined) throw damage('a column inside of another');
  let length = -1;
  const first: ColumnSource = {
    ...source,
    node() {
      const node = source.node();
      if (length < 0) length = node.length;
      return node;
    },
  };
  const at = await columnOf(field, first);
  if (length < least) throw damage('values for every row');
  return { at, length };
}

function items({ at }: Child, from: number, to: number, length = Number.POSITIVE_INFINITY): Value[] {
  if (!(from >= 0 && to >= from && to <= length)) throw damage('items within their list');
  const list: Value[] = new Array(to - from);
  for (let i = from; i < to; i++) list[i - from] = at(i);
  return list;
}

/** `length + 1` places that do not decrease. */
function offsetsOf(bytes: Uint8Array<ArrayBuffer>, length: number, large: boolean): ArrayLike<number> {
  if (length === 0) return [0];
  const width = large ? 8 : 4;
  if (bytes.length < (length + 1) * width) throw damage('an offset for every row');
  const offsets = large
    ? Float64Array.from(new BigInt64Array(bytes.buffer, bytes.byteOffset, length + 1), Number)
    : new Int32Array(bytes.buffer, bytes.byteOffset, length + 1);
  if (offsets[0] < 0) throw damage('offsets that do not decrease');
  for (let i = 0; i < length; i++) if (!(offsets[i] <= offsets[i + 1])) throw damage('offsets that do not decrease');
  return offsets;
}

/** Short values stand in the view itself, long ones in the buffer that it names. */
async function views(length: number, source: ColumnSource): Promise<At> {
  const bytes = await source.buffer();
  if (bytes.length < 16 * length) throw damage('a view for every row');
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const buffers: Uint8Array[] = [];
  for (let i = source.variadic(); i > 0; i--) buffers.push(await source.buffer());
  return (row) => {
    const size = view.getInt32(16 * row, true);
    if (size >= 0 && size <= 12) return bytes.subarray(16 * row + 4, 16 * row + 4 + size);
    const [buffer, from] = [buffers[view.getInt32(16 * row + 8, true)], view.getInt32(16 * row + 12, true)];
    if (buffer === undefined || from < 0 || size < 0 || from + size > buffer.length)
      throw damage('views within their buffers');
    return buffer.subarray(from, from + size);
  };
}

async function runEnds(children: readonly ArrowField[], length: number, source: ColumnSource): Promise<At> {
  const ends = await child(children[0], source, 0);
  const values = await child(children[1], source, ends.length);
  const to = Array.from({ length: ends.length }, (_, i) => Number(ends.at(i)));
  if (length > 0 && !(to[to.length - 1] >= length)) throw damage('runs for every row');
  return (row) => {
    let [low, high] = [0, to.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (to[middle] > row) high = middle;
      else low = middle + 1;
    }
    return values.at(low);
  };
}

async function union(
  type: Extract<ArrowType, { kind: 'union' }>,
  children: readonly ArrowField[],
  length: number,
  source: ColumnSource,
): Promise<At> {
  if (source.oldUnions) source.skip();
  const types = integers({ kind: 'int', bits: 8, signed: true }, await source.buffer(), length);
  const int32 = { kind: 'int', bits: 32, signed: true } as const;
  const offsets = type.dense ? integers(int32, await source.buffer(), length) : null;
  const members: Child[] = [];
  for (const c of children) members.push(await child(c, source, type.dense ? 0 : length));
  return (row) => {
    const member = members[type.children.get(Number(types[row])) ?? -1];
    const place = offsets ? Number(offsets[row]) : row;
    if (member === undefined || !(place >= 0 && place < member.length)) throw damage('members of a union');
    return member.at(place);
  };
}
