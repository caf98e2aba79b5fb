import { isUtf8 } from 'node:buffer';
import { rawMembers } from '../../../kernels/reference/members.ts';
import { type Fields, isFields, isRaw, utf8, type Value, valueJson } from './value.ts';

/** Members of a struct, a map or a JSON object; null when it is none. */
export function membersOf(value: Value): Fields['fields'] | null {
  if (isFields(value)) return value.fields;
  if (!isRaw(value) || !value.json.startsWith('{')) return null;
  return rawMembers(value.json).map(([k, json]) => [k, { json }]);
}

/** A text that is a JSON object, as its members: that is how Sluice itself writes metadata. */
export function jsonObject(value: Value): Fields | null {
  const text = typeof value === 'string' ? value : value instanceof Uint8Array && isUtf8(value) ? utf8(value) : '';
  if (!text.startsWith('{')) return null;
  try {
    JSON.parse(text);
  } catch {
    // A text that only looks like it stays a text.
    return null;
  }
  return { fields: rawMembers(text).map(([k, json]) => [k, { json }]) };
}

/** What lies below a value by member names and places in lists; undefined when there is nothing. */
export function valueAt(value: Value, path: readonly string[]): Value {
  let found = value;
  for (const key of path) {
    const list = listOf(found);
    if (list !== null && /^\d+$/.test(key)) found = list[Number(key)];
    else found = membersOf(found)?.find(([k]) => k === key)?.[1];
    if (found === undefined) return undefined;
  }
  return found;
}

function listOf(value: Value): readonly Value[] | null {
  if (Array.isArray(value)) return value as readonly Value[];
  if (!isRaw(value) || !value.json.startsWith('[')) return null;
  return (JSON.parse(value.json) as unknown[]).map((v) => ({ json: JSON.stringify(v) }));
}

/** JSON of a value without what is at `path`. */
export function withoutJson(value: Value, [key, ...rest]: readonly string[]): string {
  const list = listOf(value);
  const cut = (v: Value): string => (rest.length > 0 ? withoutJson(v, rest) : 'null');
  if (list !== null) return `[${list.map((v, i) => (String(i) === key ? cut(v) : valueJson(v))).join(',')}]`;
  const kept = (membersOf(value) ?? []).filter(([k]) => k !== key || rest.length > 0);
  return `{${kept.map(([k, v]) => `${JSON.stringify(k)}:${k === key ? cut(v) : valueJson(v)}`).join(',')}}`;
}
