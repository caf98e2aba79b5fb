import { SNIFF_BYTES } from '../codecs/head.ts';
import { extensionsOf } from './extensions.ts';
import type { Delimiter } from './names.ts';

const DELIMITERS: readonly Delimiter[] = [',', '\t', ';', '|'];

const NAMES: Readonly<Record<Delimiter, string>> = { ',': 'a comma', '\t': 'a tab', ';': "';'", '|': "'|'" };

/** What ends a field in a file of this name. */
export const delimiterOf = (path: string): Delimiter =>
  ['tsv', 'tab'].includes(extensionsOf(path).inner) ? '\t' : ',';

/** What ends the fields of a table, where it is not what its name says; and what to tell. */
export interface Dialect {
  readonly delimiter?: Delimiter;
  readonly warning?: string;
}

/**
 * Looks at a table whose header is one column by its name: another delimiter is taken where it is the only one that
 * cuts the header and every row of the head into the same number of fields, two or more.
 * @param head first bytes of the content, at most SNIFF_BYTES
 */
export function dialectOf(path: string, head: Uint8Array): Dialect {
  const usual = delimiterOf(path);
  const text = Buffer.from(head.buffer, head.byteOffset, head.length)
    .toString('latin1')
    .replace(/^\xef\xbb\xbf/, '');
  const cutOff = head.length >= SNIFF_BYTES;
  if (fieldCounts(text, usual, cutOff)[0] !== 1) return {};
  const others = DELIMITERS.filter((d) => d !== usual)
    .map((delimiter) => ({ delimiter, counts: fieldCounts(text, delimiter, cutOff) }))
    .filter(({ counts }) => counts[0] > 1);
  const [fitting, second] = others.filter(({ counts }) => counts.every((n) => n === counts[0]));
  if (fitting && !second) {
    const { delimiter } = fitting;
    const found = `fields end with ${NAMES[delimiter]} by its first lines, not with ${NAMES[usual]}`;
    return { delimiter, warning: `${path}: ${found}; read as such` };
  }
  if (others.length === 0) return {};
  return {
    warning:
      `${path}: read as one column, for its header has no ${NAMES[usual].replace('a ', '')}; it has ` +
      `${others.map(({ delimiter }) => NAMES[delimiter]).join(' and ')}, but which one ends the fields is not clear ` +
      'from its first lines. Write it again with commas and quotes',
  };
}

/**
 * Fields of the rows, the header first; blank lines are none.
 * @param cutOff the last row may go on after the text: it does not count
 */
function fieldCounts(text: string, delimiter: Delimiter, cutOff: boolean): number[] {
  const counts: number[] = [];
  let fields = 1;
  let quoted = false;
  let blank = true;
  let fieldStarts = true;
  for (let i = 0; i < text.length; i++) {
    const c = text[i];
    if (quoted) {
      if (c === '"') quoted = false;
      continue;
    }
    if (c === '\n') {
      if (!blank) counts.push(fields);
      [fields, blank, fieldStarts] = [1, true, true];
      continue;
    }
    if (c !== '\r') blank = false;
    // Two quotes inside of a quoted field are one.
    if (c === '"') quoted = fieldStarts || text[i - 1] === '"';
    if (c === delimiter) fields++;
    fieldStarts = c === delimiter;
  }
  if (!blank && !quoted && (!cutOff || counts.length === 0)) counts.push(fields);
  return counts;
}
