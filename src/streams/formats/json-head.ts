import { SNIFF_BYTES } from '../codecs/head.ts';

const text = (head: Uint8Array): string =>
  Buffer.from(head.buffer, head.byteOffset, head.length)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '');

/** Does the first line look like one whole JSON object (or the head of a very long one)? */
export function looksLikeJsonLines(head: Uint8Array): boolean {
  const all = text(head);
  const line = all.split('\n').find((l) => l.trim() !== '');
  if (line === undefined || !/^\s*\{\s*"/.test(line)) return false;
  const whole = all.length < SNIFF_BYTES || line.length < all.length - all.indexOf(line);
  return whole ? /\}\s*$/.test(line) : true;
}

/** Does it begin with a JSON array, of objects or of something else? */
export function arrayIn(head: Uint8Array): 'objects' | 'other' | null {
  const all = text(head);
  const found = /^\s*\[\s*(.)/s.exec(all);
  if (found === null) return null;
  return found[1] === '{' || (found[1] === ']' && /^\S*\s*\[\s*\]\s*$/.test(all)) ? 'objects' : 'other';
}

/** The form of records that no text has by chance: an array of objects, or lines that are objects, two at least. */
export function recordsIn(head: Uint8Array): 'json' | 'jsonl' | null {
  if (arrayIn(head) === 'objects') return /^\s*\[\s*\]/.test(text(head)) ? null : 'json';
  const lines = text(head).split('\n');
  // The last one may go on after the head; one that fills it is told by how it begins.
  const whole = lines.slice(0, head.length < SNIFF_BYTES ? undefined : -1).filter((l) => l.trim() !== '');
  if (whole.length === 0) return OBJECT.test(lines[0]) ? 'jsonl' : null;
  return whole.length > 1 && whole.slice(0, 3).every(isObject) ? 'jsonl' : null;
}

const isObject = (line: string): boolean => /^\s*\{/.test(line) && isJson(line);

const NAME = '"((?:[^"\\\\]|\\\\.)*)"';
/** An object whose first member has its name and a value. */
const OBJECT = new RegExp(`^\\s*\\{\\s*${NAME}\\s*:\\s*(?:["{[\\d-]|true|false|null)`);
const LIST_OF_OBJECTS = new RegExp(`${NAME}\\s*:\\s*\\[\\s*\\{`);
/** Three numbers, texts or names of an array. */
const SCALAR = `(?:-?\\d[\\d.eE+-]*|true|false|null|${NAME.replace('(', '(?:')})`;
const ARRAY = new RegExp(`^\\s*\\[\\s*(?:${SCALAR}\\s*,\\s*){3}`);

/** Why JSON is not read that is neither lines nor an array of objects, and the way out; null for all else. */
export function notRecords(head: Uint8Array): string | null {
  const all = text(head);
  if (OBJECT.test(all)) {
    const list = LIST_OF_OBJECTS.exec(all)?.[1];
    const way = list !== undefined && /^\w+$/.test(list) ? `jq -c '.${list}[]' FILE` : 'jq -c . FILE';
    return (
      `JSON, but neither a record a line nor an array of records: make lines of it with ${way} > records.jsonl ` +
      '(as a text: --format text)'
    );
  }
  return ARRAY.test(all) || (all.length < SNIFF_BYTES && arrayIn(head) === 'other' && isJson(all))
    ? NOT_OF_OBJECTS
    : null;
}

export const NOT_OF_OBJECTS = 'a JSON array, but not of objects: write each text as {"text": ...}, one a line';

function isJson(all: string): boolean {
  try {
    JSON.parse(all);
    return true;
  } catch {
    // JSON.parse throws nothing else.
    return false;
  }
}
