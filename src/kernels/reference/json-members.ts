/** A member of a JSON object as it is written. */
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

/** The first place from `at` on that is no white space. */
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

/** The JSON without white space before it. */
export const skipTo = (json: string): string => json.slice(skipSpace(json, 0));
