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

/** Writes the value that a column has in a row. */
type Write = (row: number) => void;

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
  const number = ({ values }: Exclude<Column, Utf8Column>, row: number): void => {
    const value = values[row];
    // Infinity is not in the data model, but JSON has no word for it either.
    pending += typeof value === 'bigint' || Number.isFinite(value) ? String(value) : 'null';
  };
  /** Of a column that is escaped already. */
  const text = ({ values, offsets }: Utf8Column, row: number): void => {
    pending += '"';
    bytes(values, offsets[row], offsets[row + 1]);
    pending += '"';
  };
  const list = ({ offsets }: ListColumn, item: Write, row: number): void => {
    pending += '[';
    for (let k = offsets[row]; k < offsets[row + 1]; k++) {
      if (k > offsets[row]) pending += ',';
      item(k);
    }
    pending += ']';
  };
  const struct = (fields: readonly (readonly [key: string, write: Write])[], row: number): void => {
    for (const [key, write] of fields) {
      pending += key;
      write(row);
    }
    pending += '}';
  };
  const orNull =
    <C extends TableColumn>(column: C, write: (column: C, row: number) => void): Write =>
    (row) => {
      if (isNull(column.valid, row)) pending += 'null';
      else write(column, row);
    };
  const writeOf = (name: string, column: TableColumn | StructColumn): Write => {
    switch (column.type) {
      case 'struct': {
        const fields = [...column.fields].map(
          ([n, field], i) => [(i === 0 ? '{' : ',') + keyText(n), writeOf(n, field)] as const,
        );
        return (row) => struct(fields, row);
      }
      case 'list': {
        const item = writeOf(name, column.child);
        return orNull(column, (c, row) => list(c, item, row));
      }
      case 'utf8':
        return raw.has(name) ? orNull(column, rawJson) : orNull(escapedColumn(column), text);
      default:
        return orNull(column, number);
    }
  };
  return {
    encode({ columns, rows }) {
      at = 0;
      const parts = [...columns].map(([name, c], i) => ({
        key: (i === 0 ? '{' : ',') + keyText(name === 'text' ? textField : name),
        write: writeOf(name, c),
      }));
      for (let row = 0; row < rows; row++) {
        for (const { key, write } of parts) {
          pending += key;
          write(row);
        }
        pending += '}\n';
      }
      flush();
      return out.subarray(0, at);
    },
  };
}
