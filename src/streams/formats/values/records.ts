import { isUtf8 } from 'node:buffer';
import type { PlannedFile } from '../../plan/splits.ts';
import { excerptOf, type ReadContext, type ReadEvent } from '../context.ts';
import { domainSource } from '../domain.ts';
import { damageOnly } from '../format.ts';
import { isKept, type KeptColumns, keptColumns, UNREAD } from '../kept-columns.ts';
import type { Place } from '../lines.ts';
import type { Loss } from '../loss.ts';
import { jsonObject, membersOf, valueAt, withoutJson } from './find.ts';
import { type Fields, isRaw, kindOfValue, scalarText, type Value, valueJson } from './value.ts';

/** A column of typed values. */
export interface ValueColumn {
  readonly name: string;
  /** As the file calls it. */
  readonly type?: string;
  readonly at: (row: number) => Value;
}

const encoder = new TextEncoder();
const EXCERPT = 240;
const METADATA = 'metadata';

/** Where a field is: a column, and names below it; null: the column itself. */
interface Field {
  readonly name: string;
  readonly column: number;
  readonly nested: readonly string[] | null;
}

/** A field whose whole name is that of a column is that; else dots lead into the column of its first name. */
function fieldIn(columns: readonly ValueColumn[], name: string): Field | null {
  const whole = columns.findIndex((c) => c.name === name);
  if (whole >= 0) return { name, column: whole, nested: null };
  const [top, ...nested] = name.split('.');
  const column = nested.length > 0 ? columns.findIndex((c) => c.name === top) : -1;
  return column < 0 ? null : { name, column, nested };
}

/** Names of the columns that make text, id and domain of a document: without them there is none. */
export function neededColumns(
  names: readonly string[],
  file: PlannedFile,
  options: ReadContext['options'],
): Set<string> {
  const columns = names.map((name) => ({ name, at: () => null }));
  const fields = [options.textField, options.idField, ...domainSource(file, options).fields];
  return new Set(fields.flatMap((f) => fieldIn(columns, f)?.column ?? []).map((c) => names[c]));
}

/** Names of the columns that are read: those that make a document, and the metadata that is kept. */
export function readColumns(names: readonly string[], file: PlannedFile, options: ReadContext['options']): Set<string> {
  const kept = keptColumns(options);
  if (kept === null) return new Set(names);
  const read = neededColumns(names, file, options);
  for (const name of kept) read.add(name);
  // What is no column may be a member of this one.
  if ([...kept].some((name) => !names.includes(name))) read.add(METADATA);
  return read;
}

/** Puts records of typed values into the builder, by the same field rules as JSON lines. */
export class ValueRecords {
  #file: PlannedFile;
  #context: ReadContext;
  #domainFields: readonly string[];
  #domain: Uint8Array;
  #row = 0;
  /** What became of the row at hand besides a row. */
  readonly #full: ReadEvent[] = [];

  constructor(file: PlannedFile, context: ReadContext) {
    const domain = domainSource(file, context.options);
    this.#file = file;
    this.#context = context;
    this.#domainFields = domain.fields;
    this.#domain = encoder.encode(domain.otherwise);
    context.builder.startFile(file.path);
  }

  /**
   * Rows `from` to `to` of columns, which stand in `block` from row `offset` on. Gives what becomes of them besides
   * rows: full batches, and records set aside.
   */
  *rows(columns: readonly ValueColumn[], from: number, to: number, { block, offset }: Place): Generator<ReadEvent> {
    const layout: Layout = {
      columns,
      kept: keptColumns(this.#context.options),
      unread: new Map(),
      keys: columns.map((c) => `${JSON.stringify(c.name)}:`),
      unique: new Set(columns.map((c) => c.name)).size === columns.length,
      metadata: columns.findIndex((c) => c.name === METADATA),
      text: fieldIn(columns, this.#context.options.textField),
      id: fieldIn(columns, this.#context.options.idField),
      domain: this.#domainFields.flatMap((name) => fieldIn(columns, name) ?? []),
    };
    for (let row = from; row < to; row++) {
      const place = { block, offset: offset + row - from };
      try {
        this.#full.length = 0;
        const aside = this.#one(layout, row, place);
        if (aside !== null) this.#full.push(aside);
      } catch (error) {
        const { message } = damageOnly(error);
        this.#full.push(this.aside(place, 0, 'undecodable', message, new Uint8Array(0)));
      }
      yield* this.#full;
    }
    for (const [column, { type, detail, rows }] of layout.unread)
      yield { unread: { file: this.#file.path, column, type, detail, rows } };
  }

  /** Puts a row into the builder; or gives the record that it is set aside as. */
  #one(layout: Layout, row: number, { block, offset }: Place): ReadEvent | null {
    const { options, builder } = this.#context;
    const found = valueIn(layout, layout.text, row);
    const aside = (reason: string, detail: string, bytes: Uint8Array = new Uint8Array(0)): ReadEvent =>
      this.aside({ block, offset }, bytes.length, reason, detail, bytes.subarray(0, EXCERPT));
    if (found === null || found === undefined || (isRaw(found) && found.json === 'null'))
      return aside('missing_text', `expected a text in column ${options.textField}, got none`);
    const value = isRaw(found) && found.json.startsWith('"') ? (JSON.parse(found.json) as string) : found;
    if (typeof value !== 'string' && !(value instanceof Uint8Array))
      return aside('wrong_type', `expected a text in column ${options.textField}, got a ${kindOfValue(value)}`);
    const text = typeof value === 'string' ? encoder.encode(value) : value;
    if (typeof value !== 'string' && !isUtf8(value))
      return aside('invalid_utf8', 'expected UTF-8, got other bytes', text);
    if (text.length > options.maxLineBytes)
      return aside(
        'line_too_long',
        `expected a text of at most ${options.maxLineBytes} bytes, got ${text.length}`,
        text,
      );
    const used = new Set<number>();
    if (layout.text!.nested === null) used.add(layout.text!.column);
    const idValue = valueIn(layout, layout.id, row);
    const id = scalarText(idValue, false);
    if (layout.id?.nested === null && (id !== null || idValue === null || idValue === undefined))
      used.add(layout.id.column);
    let domain: string | null = null;
    for (const field of layout.domain) {
      domain = scalarText(valueIn(layout, field, row), true);
      if (domain === '') domain = null;
      if (domain === null) continue;
      if (field.nested === null) used.add(field.column);
      break;
    }
    const metadata = encoder.encode(metadataOf(layout, row, used));
    const bytes = text.length + metadata.length;
    if (builder.closesBefore(bytes, 1)) this.#full.push(builder.take());
    const closes = builder.closesAfter(bytes, 1);
    builder.id.push(encoder.encode(id ?? `${this.#file.path}#${block}.${offset}`));
    builder.text.push(text);
    builder.domain.push(domain === null ? this.#domain : encoder.encode(domain));
    builder.metadata.push(metadata);
    builder.place(block, offset, this.#row++);
    if (closes) this.#full.push(builder.take());
    return null;
  }

  aside(
    { block, offset }: Place,
    bytes: number,
    reason: string,
    detail: string,
    head: Uint8Array,
    loss?: Loss,
  ): ReadEvent {
    return {
      quarantined: {
        file: this.#file.path,
        block,
        offset,
        row: this.#row++,
        bytes,
        reason,
        detail,
        excerpt: excerptOf(head),
        ...loss,
      },
    };
  }
}

/** What is the same for every row of some columns. */
interface Layout {
  readonly columns: readonly ValueColumn[];
  readonly kept: KeptColumns;
  /** Columns of which values could not be read so far, and how many. */
  readonly unread: Map<string, { readonly type: string; readonly detail: string; rows: number }>;
  /** `"name":` of each. */
  readonly keys: readonly string[];
  /** No two columns have one name. */
  readonly unique: boolean;
  /** The column `metadata`, or -1. */
  readonly metadata: number;
  readonly text: Field | null;
  readonly id: Field | null;
  readonly domain: readonly Field[];
}

function valueIn({ columns }: Layout, field: Field | null, row: number): Value {
  if (field === null) return undefined;
  const value = columns[field.column].at(row);
  if (field.nested === null) return value;
  const inside = columns[field.column].name === METADATA ? (jsonObject(value) ?? value) : value;
  return valueAt(inside, field.nested);
}

/** JSON of one object: the members of a `metadata` object, then all columns that are not text, id or domain. */
function metadataOf(layout: Layout, row: number, used: ReadonlySet<number>): string {
  const { columns, keys, text, kept } = layout;
  const nested = text?.nested ?? null;
  const unread: string[] = [];
  const read = (c: number): Value => {
    try {
      return columns[c].at(row);
    } catch (error) {
      const detail = damageOnly(error).message;
      unread.push(`${columns[c].name}: ${detail}`);
      const { name, type = '' } = columns[c];
      const seen = layout.unread.get(name) ?? { type, detail, rows: 0 };
      layout.unread.set(name, { ...seen, rows: seen.rows + 1 });
      return null;
    }
  };
  const metadata = layout.metadata < 0 || used.has(layout.metadata) ? null : read(layout.metadata);
  const inside: Fields['fields'] | null = jsonObject(metadata)?.fields ?? membersOf(metadata);
  if (inside === null && layout.unique) {
    let json = '';
    for (let c = 0; c < columns.length; c++) {
      if (used.has(c) || !isKept(kept, columns[c].name)) continue;
      const value = read(c);
      const own = nested && c === text!.column ? withoutJson(value, nested) : valueJson(value);
      json += `${json === '' ? '' : ','}${keys[c]}${own}`;
    }
    const said = unread.length > 0 ? `${json === '' ? '' : ','}"${UNREAD}":${JSON.stringify(unread)}` : '';
    return `{${json}${said}}`;
  }
  const members = new Map<string, string>();
  const below = nested && text!.column === layout.metadata ? nested : null;
  for (const [key, value] of inside ?? []) {
    if (!isKept(kept, key)) continue;
    if (below === null || below[0] !== key) members.set(key, valueJson(value));
    else if (below.length > 1) members.set(key, withoutJson(value, below.slice(1)));
  }
  columns.forEach(({ name }, c) => {
    if (used.has(c) || (c === layout.metadata && inside !== null) || !isKept(kept, name)) return;
    members.set(name, nested && c === text!.column ? withoutJson(read(c), nested) : valueJson(read(c)));
  });
  if (unread.length > 0) members.set(UNREAD, JSON.stringify(unread));
  return `{${[...members].map(([k, json]) => `${JSON.stringify(k)}:${json}`).join(',')}}`;
}
