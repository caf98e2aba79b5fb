import { isUtf8 } from 'node:buffer';
import { Vector } from 'apache-arrow';
import type { ScanFields } from '../../kernels/scanner.ts';
import type { PlannedFile } from '../plan/splits.ts';
import { excerptOf, type ReadContext, type ReadEvent } from './context.ts';
import { domainSource } from './domain.ts';
import type { Place } from './lines.ts';
import type { Loss } from './loss.ts';

/**
 * A value of a typed input: what Parquet and Arrow columns hold. Bytes are text, or base64 in the metadata when they
 * are not UTF-8.
 */
export type Value = unknown;

/** A record of named values, in column order. */
export type ValueRecord = readonly (readonly [name: string, value: Value])[];

const encoder = new TextEncoder();
const EXCERPT = 240;

/** JSON of a value: 64-bit integers as digits, times as ISO text, what JSON cannot say as null. */
export function valueJson(value: Value): string {
  if (value === null || value === undefined) return 'null';
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : 'null';
  if (typeof value === 'string' || typeof value === 'boolean') return JSON.stringify(value);
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? 'null' : JSON.stringify(value.toISOString());
  if (value instanceof Uint8Array)
    return JSON.stringify(isUtf8(value) ? utf8(value) : Buffer.from(value).toString('base64'));
  const fields = fieldsOf(value);
  if (fields !== null) return `{${fields.map(([k, v]) => `${JSON.stringify(k)}:${valueJson(v)}`).join(',')}}`;
  if (typeof (value as Iterable<Value>)[Symbol.iterator] === 'function')
    return `[${Array.from(value as Iterable<Value>, valueJson).join(',')}]`;
  return 'null';
}

const utf8 = (bytes: Uint8Array): string => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString('utf8');

/** Members of a struct or a map, or null when it is neither. */
function fieldsOf(value: Value): [string, Value][] | null {
  if (
    value === null ||
    typeof value !== 'object' ||
    value instanceof Uint8Array ||
    value instanceof Date ||
    ArrayBuffer.isView(value) ||
    Array.isArray(value)
  )
    return null;
  if (value instanceof Map) return [...value].map(([k, v]) => [String(k), v]);
  // Rows of Arrow structs and maps iterate as pairs.
  if (value instanceof Vector) return null;
  if (Symbol.iterator in value) return [...(value as Iterable<[string, Value]>)].map(([k, v]) => [String(k), v]);
  return Object.entries(value);
}

/** Puts records of typed values into the builder, by the same field rules as JSON lines. */
export class ValueRecords {
  #file: PlannedFile;
  #context: ReadContext;
  #fields: ScanFields;
  #domain: Uint8Array;
  #row = 0;

  constructor(file: PlannedFile, context: ReadContext) {
    const domain = domainSource(file, context.options);
    this.#file = file;
    this.#context = context;
    this.#fields = { text: context.options.textField, id: context.options.idField, domain: domain.fields };
    this.#domain = encoder.encode(domain.otherwise);
    context.builder.startFile(file.path);
  }

  /** One record; gives what became of it besides a row: a full batch, or a record set aside. */
  push(record: ValueRecord, { block, offset }: Place): ReadEvent[] {
    const { options, builder } = this.#context;
    const found = find(record, this.#fields.text);
    const value = found?.value ?? null;
    const aside = (reason: string, detail: string, bytes: Uint8Array = new Uint8Array(0)): ReadEvent[] => [
      this.aside({ block, offset }, bytes.length, reason, detail, bytes.subarray(0, EXCERPT)),
    ];
    if (found === null || value === null)
      return aside('missing_text', `expected a text in column ${this.#fields.text}, got none`);
    if (typeof value !== 'string' && !(value instanceof Uint8Array))
      return aside('wrong_type', `expected a text in column ${this.#fields.text}, got a ${typeof value}`);
    const text = typeof value === 'string' ? encoder.encode(value) : value;
    if (typeof value !== 'string' && !isUtf8(value))
      return aside('invalid_utf8', 'expected UTF-8, got other bytes', text);
    if (text.length > options.maxLineBytes)
      return aside(
        'line_too_long',
        `expected a text of at most ${options.maxLineBytes} bytes, got ${text.length}`,
        text,
      );
    const used = new Set<string>([found.nested ? '' : found.top]);
    const idFound = find(record, this.#fields.id);
    const id = scalarText(idFound?.value, false);
    if (idFound && !idFound.nested && (id !== null || idFound.value === null || idFound.value === undefined))
      used.add(idFound.top);
    let domain: string | null = null;
    for (const name of this.#fields.domain) {
      const at = find(record, name);
      domain = scalarText(at?.value, true);
      if (domain === '') domain = null;
      if (domain === null) continue;
      if (at && !at.nested) used.add(at.top);
      break;
    }
    const metadata = encoder.encode(metadataOf(record, used, found));
    const bytes = text.length + metadata.length;
    const out: ReadEvent[] = [];
    if (builder.closesBefore(bytes, 1)) out.push(builder.take());
    const closes = builder.closesAfter(bytes, 1);
    builder.id.push(encoder.encode(id ?? `${this.#file.path}#${block}.${offset}`));
    builder.text.push(text);
    builder.domain.push(domain === null ? this.#domain : encoder.encode(domain));
    builder.metadata.push(metadata);
    builder.place(block, offset, this.#row++);
    if (closes) out.push(builder.take());
    return out;
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

/** Text of a scalar, or null. */
function scalarText(value: Value, booleans: boolean): string | null {
  if (typeof value === 'string') return value;
  if (value instanceof Uint8Array) return isUtf8(value) ? utf8(value) : null;
  if (typeof value === 'bigint') return value.toString();
  if (typeof value === 'number') return Number.isFinite(value) ? JSON.stringify(value) : null;
  return booleans && typeof value === 'boolean' ? String(value) : null;
}

interface FoundValue {
  readonly value: Value;
  readonly top: string;
  /** Names below the column, or null when the column itself is meant. */
  readonly nested: readonly string[] | null;
}

function find(record: ValueRecord, name: string): FoundValue | null {
  const whole = record.find(([n]) => n === name);
  if (whole) return { value: whole[1], top: name, nested: null };
  const [top, ...path] = name.split('.');
  let value = record.find(([n]) => n === top)?.[1];
  if (path.length === 0 || value === undefined) return null;
  if (top === 'metadata') value = metadataObject(value) ?? value;
  for (const key of path) {
    const member = fieldsOf(value)?.find(([k]) => k === key);
    if (!member) return null;
    value = member[1];
  }
  return { value, top, nested: path };
}

/** A `metadata` column may be a struct, or the text of a JSON object, as Sluice itself writes it. */
function metadataObject(value: Value): Record<string, unknown> | null {
  const text = typeof value === 'string' ? value : value instanceof Uint8Array && isUtf8(value) ? utf8(value) : '';
  if (!text.startsWith('{')) return null;
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    // A text that only looks like it stays a text.
    return null;
  }
}

function metadataOf(record: ValueRecord, used: ReadonlySet<string>, text: FoundValue): string {
  const members = new Map<string, string>();
  const metadata = used.has('metadata') ? undefined : record.find(([n]) => n === 'metadata')?.[1];
  const parsed = metadataObject(metadata);
  const inside = parsed ? Object.entries(parsed) : fieldsOf(metadata);
  for (const [key, value] of inside ?? []) {
    if (text.top !== 'metadata' || text.nested?.[0] !== key) members.set(key, valueJson(value));
  }
  for (const [name, value] of record) {
    if (used.has(name) || (name === 'metadata' && inside !== null)) continue;
    members.set(name, name === text.top && text.nested ? withoutJson(value, text.nested) : valueJson(value));
  }
  return `{${[...members].map(([k, json]) => `${JSON.stringify(k)}:${json}`).join(',')}}`;
}

/** JSON of a struct without the field at `path`. */
function withoutJson(value: Value, [key, ...rest]: readonly string[]): string {
  const kept = (fieldsOf(value) ?? []).filter(([k]) => k !== key || rest.length > 0);
  const members = kept.map(([k, v]) => `${JSON.stringify(k)}:${k === key ? withoutJson(v, rest) : valueJson(v)}`);
  return `{${members.join(',')}}`;
}
