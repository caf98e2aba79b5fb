import type { Encoders } from '../kernels/encoders.ts';
import { type Column, stringAt, type Utf8Column } from '../streams/batch/columns.ts';
import type { ListColumn, StructColumn, TableBatch, TableColumn } from './table.ts';

/** Rows as JSON lines, built on bytes: text is escaped in UTF-8 by the kernel and never becomes a JavaScript string. */
export interface JsonLinesEncoder {
  /** The lines of all rows; a view that the next call overwrites. */
  encode(table: TableBatch): Uint8Array;
}

export interface JsonLinesNames {
  /** Key of the column `text`. */
  readonly textField: string;
  /** utf8 columns that hold JSON already and go in as they are. */
  readonly raw: ReadonlySet<string>;
}

/** A column as it is written: numbers, strings already escaped, raw JSON. */
type Part =
  | { readonly kind: 'number'; readonly column: Exclude<Column, Utf8Column> }
  | { readonly kind: 'string'; readonly column: Utf8Column }
  | { readonly kind: 'raw'; readonly column: Utf8Column }
  | { readonly kind: 'list'; readonly column: ListColumn; readonly item: Part }
  | { readonly kind: 'struct'; readonly fields: readonly { readonly key: string; readonly part: Part }[] };

const isNull = (valid: Uint8Array | null, row: number): boolean =>
  valid !== null && (valid[row >> 3] & (1 << (row & 7))) === 0;

/** A key with its colon, in ASCII. */
const keyText = (name: string): string =>
  `${JSON.stringify(name).replace(/[^ -~]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`)}:`;

export function jsonLinesEncoder({ textField, raw }: JsonLinesNames, { escapeJson }: Encoders): JsonLinesEncoder {
  let out = Buffer.alloc(64 * 1024);
  let at = 0;
  /** ASCII that stands before the next bytes: one write for many keys and numbers. */
  let pending = '';
  const room = (n: number): void => {
    if (at + n <= out.length) return;
    const grown = Buffer.alloc(Math.max(at + n, out.length * 2));
    grown.set(out.subarray(0, at));
    out = grown;
  };
  const flush = (): void => {
    room(pending.length);
    at += out.write(pending, at, 'latin1');
    pending = '';
  };
  const bytes = (values: Uint8Array, from: number, to: number): void => {
    flush();
    room(to - from);
    if (to - from > 32) out.set(values.subarray(from, to), at);
    else for (let i = from, w = at; i < to; ) out[w++] = values[i++];
    at += to - from;
  };
  const escapedColumn = (c: Utf8Column): Utf8Column => {
    const escaped = escapeJson(c.values, c.offsets, c.offsets.length - 1);
    return { type: 'utf8', values: escaped.values.slice(), offsets: escaped.offsets.slice(), valid: c.valid };
  };
  const partOf = (name: string, c: TableColumn | StructColumn): Part => {
    if (c.type === 'list') return { kind: 'list', column: c, item: partOf(name, c.child) };
    if (c.type === 'struct')
      return { kind: 'struct', fields: [...c.fields].map(([n, f]) => ({ key: keyText(n), part: partOf(n, f) })) };
    if (c.type !== 'utf8') return { kind: 'number', column: c };
    return raw.has(name) ? { kind: 'raw', column: c } : { kind: 'string', column: escapedColumn(c) };
  };
  /**
   * JSON as it is, if it looks like an object; a line break between its tokens would break the line, so it becomes a
   * space.
   */
  const rawJson = (c: Utf8Column, row: number): void => {
    const [from, to] = [c.offsets[row], c.offsets[row + 1]];
    if (c.values[from] !== 0x7b || c.values[to - 1] !== 0x7d || from === to) {
      const text = Buffer.from(from === to ? 'null' : JSON.stringify(stringAt(c, row)));
      bytes(text, 0, text.length);
      return;
    }
    flush();
    const start = at;
    bytes(c.values, from, to);
    for (let i = start; i < at; i++) if (out[i] === 0x0a || out[i] === 0x0d) out[i] = 0x20;
  };
  const list = ({ offsets }: ListColumn, item: Part, row: number): void => {
    pending += '[';
    for (let k = offsets[row]; k < offsets[row + 1]; k++) {
      if (k > offsets[row]) pending += ',';
      value(item, k);
    }
    pending += ']';
  };
  const value = (part: Part, row: number): void => {
    if (part.kind === 'struct') {
      part.fields.forEach((f, i) => {
        pending += (i === 0 ? '{' : ',') + f.key;
        value(f.part, row);
      });
      pending += '}';
    } else if (isNull(part.column.valid, row)) {
      pending += 'null';
    } else if (part.kind === 'number') {
      const number = part.column.values[row];
      // Infinity is not in the data model, but JSON has no word for it either.
      pending += typeof number === 'bigint' || Number.isFinite(number) ? String(number) : 'null';
    } else if (part.kind === 'string') {
      pending += '"';
      bytes(part.column.values, part.column.offsets[row], part.column.offsets[row + 1]);
      pending += '"';
    } else if (part.kind === 'raw') {
      rawJson(part.column, row);
    } else {
      list(part.column, part.item, row);
    }
  };
  return {
    encode({ columns, rows }) {
      at = 0;
      const parts = [...columns].map(([name, c], i) => ({
        key: (i === 0 ? '{' : ',') + keyText(name === 'text' ? textField : name),
        part: partOf(name, c),
      }));
      for (let row = 0; row < rows; row++) {
        for (const { key, part } of parts) {
          pending += key;
          value(part, row);
        }
        pending += '}\n';
      }
      flush();
      return out.subarray(0, at);
    },
  };
}
