import { isUtf8 } from 'node:buffer';
import {
  itemsOf,
  lastOfEach,
  type Member,
  memberOf,
  membersOf,
  placeOf,
  skipSpace,
  skipTo,
  without,
} from './members.ts';

/**
 * Which fields of a JSON record make a document. Dots reach into objects and lists (`messages.0.content`); a field
 * whose whole name has the dots wins.
 */
export interface ScanFields {
  readonly text: string;
  readonly id: string;
  /** Where the domain is looked for, in order; may be empty. */
  readonly domain: readonly string[];
}

/** A record as a document; `id` and `domain` are null when the record does not say. */
export interface ScannedRecord {
  readonly text: string;
  readonly id: string | null;
  readonly domain: string | null;
  /** Raw JSON of one object: the members of a `metadata` object, then all members that are not text, id or domain. */
  readonly metadata: string;
}

/** Why a line is no document; `reason` is a stable code. */
export interface ScanFault {
  readonly reason:
    | 'invalid_utf8'
    | 'invalid_json'
    | 'wrong_type'
    | 'nested_too_deep'
    | 'lone_surrogate'
    | 'missing_text';
  readonly detail: string;
}

/** Open brackets at once that a record may have, its own included. */
export const MAX_DEPTH = 1000;

const fault = (reason: ScanFault['reason'], detail: string): ScanFault => ({ reason, detail });

/**
 * A line as a document, by `JSON.parse`: the definition of what the kernel does, and the way of every line that is not
 * plain sailing for it. Of duplicate keys the last wins; a numeric id is its digits as written; an id of another type
 * is none; NaN and Infinity are null; a domain is a text that is not empty, a number or a truth value.
 * @param line bytes of one line, without its newline.
 */
export function referenceRecord(line: Uint8Array, fields: ScanFields): ScannedRecord | ScanFault {
  if (!isUtf8(line)) return fault('invalid_utf8', 'expected UTF-8, got other bytes');
  let json = Buffer.from(line.buffer, line.byteOffset, line.length).toString('utf8');
  // First: a megabyte of brackets costs the parser a hundred of memory.
  if (tooDeep(json)) return fault('nested_too_deep', `expected at most ${MAX_DEPTH} nested brackets, got more`);
  let value = parsed(json);
  if (value === undefined) {
    json = finiteJson(json);
    value = parsed(json);
  }
  if (value === undefined)
    return fault('invalid_json', 'expected one JSON object on the line, got something that is not JSON');
  if (value === null || typeof value !== 'object' || Array.isArray(value)) {
    return fault('wrong_type', `expected a JSON object, got ${typeName(value)}`);
  }
  if (hasLoneSurrogate(value)) return fault('lone_surrogate', 'expected Unicode text, got half of a surrogate pair');
  const text = find(json, fields.text);
  if (text === null || text.value === null)
    return fault('missing_text', `expected a text in field ${fields.text}, got none`);
  if (typeof text.value !== 'string')
    return fault('wrong_type', `expected a text in field ${fields.text}, got ${typeName(text.value)}`);
  const id = find(json, fields.id);
  const idText =
    id === null ? null : typeof id.value === 'string' ? id.value : typeof id.value === 'number' ? id.raw : null;
  const used = new Set(text.nested === null ? [text.top] : []);
  if (id && (idText !== null || id.value === null) && id.nested === null) used.add(id.top);
  let domain: string | null = null;
  for (const name of fields.domain) {
    const found = find(json, name);
    if (found === null) continue;
    if (typeof found.value === 'string' && found.value !== '') domain = found.value;
    else if (typeof found.value === 'number' || typeof found.value === 'boolean') domain = found.raw;
    if (domain === null) continue;
    if (found.nested === null) used.add(found.top);
    break;
  }
  return { text: text.value, id: idText, domain, metadata: metadataOf(json, used, text) };
}

/** The value; undefined when it is not JSON. */
function parsed(json: string): unknown {
  try {
    return JSON.parse(json) as unknown;
  } catch {
    // JSON.parse throws nothing else.
    return undefined;
  }
}

/**
 * JSON with null for NaN, Infinity and -Infinity, as Python's `json.dumps` writes them for numbers. Strings stay as
 * they are. What is no JSON for another reason stays none: `null` makes no valid JSON of its neighbours.
 */
export function finiteJson(json: string): string {
  if (!/NaN|Infinity/.test(json)) return json;
  let out = '';
  let copied = 0;
  // Outside of strings only: a string is stepped over by its quotes, however long it is.
  const marks = /["\\]|-?Infinity|NaN/g;
  let string = false;
  for (let found = marks.exec(json); found !== null; found = marks.exec(json)) {
    if (found[0] === '"') string = !string;
    else if (found[0] === '\\') marks.lastIndex++;
    else if (!string) {
      out += `${json.slice(copied, found.index)}null`;
      copied = marks.lastIndex;
    }
  }
  return out + json.slice(copied);
}

const typeName = (v: unknown): string =>
  v === null
    ? 'null'
    : Array.isArray(v)
      ? 'an array'
      : typeof v === 'object'
        ? 'an object'
        : typeof v === 'boolean'
          ? 'a truth value'
          : `a ${typeof v}`;

/**
 * Are more than MAX_DEPTH brackets open at once? Strings are stepped over; what is no JSON is read as far as it looks
 * like it.
 */
function tooDeep(json: string): boolean {
  let depth = 0;
  let string = false;
  for (let i = 0; i < json.length; i++) {
    const c = json.charCodeAt(i);
    if (string) {
      if (c === 0x5c) i++;
      else if (c === 0x22) string = false;
    } else if (c === 0x22) string = true;
    else if (c === 0x7b || c === 0x5b) {
      if (++depth > MAX_DEPTH) return true;
    } else if (c === 0x7d || c === 0x5d) depth--;
  }
  return false;
}

const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/;

function hasLoneSurrogate(value: unknown): boolean {
  if (typeof value === 'string') return LONE.test(value);
  if (value === null || typeof value !== 'object') return false;
  if (Array.isArray(value)) return value.some(hasLoneSurrogate);
  return Object.entries(value).some(([k, v]) => LONE.test(k) || hasLoneSurrogate(v));
}

interface Found {
  readonly value: unknown;
  readonly raw: string;
  /** Name of the member of the record itself. */
  readonly top: string;
  /** Names below it, or null when the record itself has the field. */
  readonly nested: readonly string[] | null;
}

/** The field `name` of the record, or null. */
function find(json: string, name: string): Found | null {
  const top = lastOfEach(membersOf(skipTo(json)));
  const whole = top.get(name);
  if (whole) return { value: JSON.parse(whole.value), raw: whole.value, top: name, nested: null };
  if (!name.includes('.')) return null;
  const path = name.split('.');
  let raw = skipTo(json);
  for (const key of path) {
    const inner = raw[0] === '[' ? itemsOf(raw)[placeOf(key)] : memberOf(raw, key);
    if (inner === undefined) return null;
    raw = inner;
  }
  return { value: JSON.parse(raw), raw, top: path[0], nested: path.slice(1) };
}

/** Not by a regular expression: a long run of spaces in the middle would be tried from each of them. */
function trimSpace(json: string): string {
  let end = json.length;
  while (end > 0 && ' \t\r'.includes(json[end - 1])) end--;
  return json.slice(Math.min(end, skipSpace(json, 0)), end);
}

function metadataOf(json: string, used: ReadonlySet<string>, text: Found): string {
  const all = membersOf(skipTo(json));
  const parts = new Map<string, string>();
  let plain = true;
  const add = (m: Member): void => {
    if (parts.has(m.key)) plain = false;
    parts.set(m.key, m.raw);
  };
  const top = lastOfEach(all);
  const metadata = top.get('metadata');
  let inside = '';
  if (metadata?.value[0] === '{' && !used.has('metadata')) {
    const object = text.top === 'metadata' && text.nested ? without(metadata.value, text.nested) : metadata.value;
    for (const m of membersOf(object)) add(m);
    inside = trimSpace(object.slice(1, -1));
  }
  const others: string[] = [];
  for (const m of all) {
    if (m.key === 'metadata' && metadata?.value[0] === '{') continue;
    if (text.nested && m.key === text.top) {
      const cut = without(m.value, text.nested);
      const raw = m.raw.slice(0, m.raw.length - m.value.length) + cut;
      add({ key: m.key, raw, value: cut });
      others.push(raw);
    } else if (!used.has(m.key)) {
      add(m);
      others.push(m.raw);
    }
  }
  // Without duplicates the inside of `metadata` stays as written, spaces between its members included.
  if (!plain) return `{${[...parts.values()].join(',')}}`;
  return `{${[inside, others.join(',')].filter((p) => p !== '').join(',')}}`;
}
