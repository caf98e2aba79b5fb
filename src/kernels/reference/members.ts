// JSON that is known to be valid, as it is written.

export interface Member {
  readonly key: string;
  /** From the quote of the key to the end of the value, as written. */
  readonly raw: string;
  readonly value: string;
}

/** Members of a JSON object as written, duplicates included. `json` is valid and starts with its brace. */
export function membersOf(json: string): Member[] {
  const members: Member[] = [];
  let at = skipSpace(json, 1);
  while (json[at] !== '}') {
    const start = at;
    const keyEnd = endOfString(json, at);
    const valueAt = skipSpace(json, skipSpace(json, keyEnd) + 1);
    const end = endOfValue(json, valueAt);
    members.push({
      key: JSON.parse(json.slice(start, keyEnd)) as string,
      raw: json.slice(start, end),
      value: json.slice(valueAt, end),
    });
    at = skipSpace(json, end);
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
  return members;
}

export function skipSpace(json: string, at: number): number {
  while (json[at] === ' ' || json[at] === '\t' || json[at] === '\r' || json[at] === '\n') at++;
  return at;
}

/** One past the closing quote of the string that opens at `at`. */
function endOfString(json: string, at: number): number {
  for (let i = at + 1; ; i++) {
    if (json[i] === '\\') i++;
    else if (json[i] === '"') return i + 1;
  }
}

function endOfValue(json: string, at: number): number {
  let depth = 0;
  for (let i = at; ; ) {
    const c = json[i];
    if (c === '"') i = endOfString(json, i);
    else {
      if (c === '{' || c === '[') depth++;
      else if (c === '}' || c === ']') depth--;
      i++;
    }
    if (depth === 0 && (c === '"' || c === '}' || c === ']')) return i;
    // A number or a literal ends where the next mark begins.
    if (depth === 0 && (i >= json.length || ' \t\r\n,}]'.includes(json[i]))) return i;
  }
}

/** Last member of each name, in the order in which the names first came. */
export function lastOfEach(members: readonly Member[]): Map<string, Member> {
  const last = new Map<string, Member>();
  for (const m of members) last.set(m.key, m);
  return last;
}

/** Names and values of a valid JSON object as they are written; of a name that comes twice the last value. */
export const rawMembers = (object: string): [name: string, json: string][] =>
  [...lastOfEach(membersOf(skipTo(object))).values()].map((m) => [m.key, m.value]);

/** A member of an object as written; undefined where there is none. */
export const memberOf = (json: string, key: string): string | undefined =>
  json[0] === '{' ? lastOfEach(membersOf(json)).get(key)?.value : undefined;

/** Place in a list that a part of a path says; none: NaN. */
export const placeOf = (key: string): number => (/^\d+$/.test(key) ? Number(key) : Number.NaN);

/** Items of a JSON array as written. */
export function itemsOf(json: string): string[] {
  const items: string[] = [];
  let at = skipSpace(json, 1);
  while (at < json.length && json[at] !== ']') {
    const end = endOfValue(json, at);
    items.push(json.slice(at, end));
    at = skipSpace(json, end);
    if (json[at] === ',') at = skipSpace(json, at + 1);
  }
  return items;
}

/**
 * The object or array without the field at `path`; everything else as written. In an array null stands in its place,
 * so that the others keep theirs.
 */
export function without(object: string, path: readonly string[]): string {
  const [key, ...rest] = path;
  if (object[0] === '[') {
    const items = itemsOf(object);
    items[placeOf(key)] = rest.length > 0 ? without(items[placeOf(key)], rest) : 'null';
    return `[${items.join(',')}]`;
  }
  const members = [...lastOfEach(membersOf(object)).values()];
  const kept = members.filter((m) => rest.length > 0 || m.key !== key);
  const written = kept.map((m) =>
    m.key === key ? m.raw.slice(0, m.raw.length - m.value.length) + without(m.value, rest) : m.raw,
  );
  return `{${written.join(',')}}`;
}

export const skipTo = (json: string): string => json.slice(skipSpace(json, 0));
