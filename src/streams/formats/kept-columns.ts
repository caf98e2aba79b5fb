import type { ReadOptions } from '../inputs/read-options.ts';

/** Names of the metadata fields that are kept; null: all. */
export type KeptColumns = ReadonlySet<string> | null;

export const keptColumns = ({ columns }: ReadOptions): KeptColumns => (columns === undefined ? null : new Set(columns));

/** Says which columns could not be read: it is kept whatever was asked for. */
export const UNREAD = '_unread';

export const isKept = (kept: KeptColumns, name: string): boolean => kept === null || kept.has(name) || name === UNREAD;

const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
const [QUOTE, BACKSLASH, COMMA, OPEN] = [0x22, 0x5c, 0x2c, 0x7b];

/** One past the string that opens at `at`. */
function endOfString(json: Uint8Array, at: number): number {
  for (let i = at + 1; ; ) {
    const quote = json.indexOf(QUOTE, i);
    let slashes = 0;
    while (json[quote - 1 - slashes] === BACKSLASH) slashes++;
    if (slashes % 2 === 0) return quote + 1;
    i = quote + 1;
  }
}

/** One past the value at `at`. */
function endOfValue(json: Uint8Array, at: number): number {
  let depth = 0;
  for (let i = at; i < json.length; ) {
    const c = json[i];
    if (c === QUOTE) {
      i = endOfString(json, i);
      continue;
    }
    if (c === OPEN || c === 0x5b) depth++;
    else if (c === 0x7d || c === 0x5d) {
      if (depth === 0) return i;
      depth--;
    } else if (c === COMMA && depth === 0) return i;
    i++;
  }
  return json.length;
}

/**
 * The members of a JSON object whose names are kept, as they are written.
 * @param json valid JSON of one object, as UTF-8
 */
export function keptMembers(json: Uint8Array, kept: KeptColumns): Uint8Array {
  if (kept === null) return json;
  const parts: Uint8Array[] = [];
  for (let at = json.indexOf(OPEN) + 1; ; ) {
    const key = json.indexOf(QUOTE, at);
    if (key < 0) break;
    const keyEnd = endOfString(json, key);
    const end = endOfValue(json, json.indexOf(0x3a, keyEnd) + 1);
    const raw = decoder.decode(json.subarray(key, keyEnd));
    const name = raw.includes('\\') ? (JSON.parse(raw) as string) : raw.slice(1, -1);
    if (isKept(kept, name)) parts.push(json.subarray(key, end));
    at = end;
  }
  return Buffer.from(`{${parts.map((p) => decoder.decode(p)).join(',')}}`);
}
