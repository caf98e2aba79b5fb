import type { ListColumn, StructColumn, TableBatch, TableColumn } from './table.ts';

/** Rows as JSON lines, built on bytes: text is escaped in UTF-8 and never becomes a JavaScript string. */
export interface JsonLinesEncoder {
  /** The lines of all rows; a view that the next call overwrites. */
  encode(table: TableBatch): Uint8Array;
}

export interface JsonLinesNames {
  /** Key of the column `text`. Default `text`. */
  readonly textField: string;
  /** utf8 columns that hold JSON already and go in as they are. */
  readonly raw: ReadonlySet<string>;
}

const QUOTE = 0x22;
const NEWLINE = 0x0a;
const HEX = Buffer.from('0123456789abcdef', 'latin1');

/** 0 = as it is, 1 = \u00XX, else the letter after the backslash. */
const ESCAPE = new Uint8Array(256);
ESCAPE.fill(1, 0, 0x20);
for (const [byte, letter] of ['\bb', '\tt', '\nn', '\ff', '\rr', '""', '\\\\'])
  ESCAPE[byte.charCodeAt(0)] = letter.charCodeAt(0);

/** Source bytes escaped between two checks of the room left: each makes at most six. */
const STRIDE = 8192;

export function jsonLinesEncoder({ textField, raw }: JsonLinesNames): JsonLinesEncoder {
  let out = Buffer.alloc(64 * 1024);
  let at = 0;
  const room = (n: number): void => {
    if (at + n <= out.length) return;
    const grown = Buffer.alloc(Math.max(at + n, out.length * 2));
    grown.set(out.subarray(0, at));
    out = grown;
  };
  /** ASCII only. */
  const ascii = (s: string): void => {
    room(s.length);
    at += out.write(s, at, 'latin1');
  };
  const copy = (bytes: Uint8Array, from: number, to: number): void => {
    room(to - from);
    out.set(bytes.subarray(from, to), at);
    at += to - from;
  };
  const escaped = (bytes: Uint8Array, from: number, to: number): void => {
    room(to - from + 2);
    out[at++] = QUOTE;
    for (let start = from; start < to; start += STRIDE) {
      const end = Math.min(to, start + STRIDE);
      room((end - start) * 6 + 1);
      const target = out;
      let w = at;
      for (let i = start; i < end; i++) {
        const byte = bytes[i];
        const kind = ESCAPE[byte];
        if (kind === 0) {
          target[w++] = byte;
          continue;
        }
        target[w++] = 0x5c;
        if (kind > 1) {
          target[w++] = kind;
          continue;
        }
        target[w++] = 0x75;
        target[w++] = 0x30;
        target[w++] = 0x30;
        target[w++] = HEX[byte >> 4];
        target[w++] = HEX[byte & 15];
      }
      at = w;
    }
    out[at++] = QUOTE;
  };
  /** JSON as it is, if it looks like an object; a line break between its tokens would break the line, so it becomes a space. */
  const rawJson = (bytes: Uint8Array, from: number, to: number): void => {
    if (from === to) {
      ascii('null');
    } else if (bytes[from] === 0x7b && bytes[to - 1] === 0x7d) {
      const start = at;
      copy(bytes, from, to);
      for (let i = start; i < at; i++) if (out[i] === NEWLINE || out[i] === 0x0d) out[i] = 0x20;
    } else {
      escaped(bytes, from, to);
    }
  };
  const struct = ({ fields }: StructColumn, row: number): void => {
    let separator = '{';
    for (const [name, field] of fields) {
      ascii(`${separator}${JSON.stringify(name)}:`);
      separator = ',';
      value(field, row, false);
    }
    ascii('}');
  };
  const list = ({ offsets, child }: ListColumn, row: number): void => {
    ascii('[');
    for (let k = offsets[row]; k < offsets[row + 1]; k++) {
      if (k > offsets[row]) ascii(',');
      if (child.type === 'struct') struct(child, k);
      else value(child, k, false);
    }
    ascii(']');
  };
  const value = (c: TableColumn, row: number, isRaw: boolean): void => {
    if (c.valid !== null && (c.valid[row >> 3] & (1 << (row & 7))) === 0) {
      ascii('null');
    } else if (c.type === 'utf8') {
      (isRaw ? rawJson : escaped)(c.values, c.offsets[row], c.offsets[row + 1]);
    } else if (c.type === 'list') {
      list(c, row);
    } else {
      const number = c.values[row];
      ascii(typeof number === 'bigint' ? number.toString() : JSON.stringify(number));
    }
  };
  return {
    encode({ columns, rows }) {
      at = 0;
      const parts = [...columns].map(([name, column], i) => ({
        column,
        isRaw: raw.has(name),
        key: Buffer.from(`${i === 0 ? '{' : ','}${JSON.stringify(name === 'text' ? textField : name)}:`),
      }));
      for (let row = 0; row < rows; row++) {
        for (const { key, column, isRaw } of parts) {
          copy(key, 0, key.length);
          value(column, row, isRaw);
        }
        ascii('}\n');
      }
      return out.subarray(0, at);
    },
  };
}
