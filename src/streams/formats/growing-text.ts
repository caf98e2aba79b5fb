import type { Utf8Column } from '../batch/columns.ts';

/** Utf8 values that come in pieces. */
export interface GrowingText {
  readonly bytes: number;
  /** One value. */
  push(value: Uint8Array): void;
  /** Rows `from` to `to` of a column, in one copy. */
  pushRows(values: Uint8Array, offsets: Int32Array, from: number, to: number): void;
  /**
   * What was pushed; empties. @param lend false: a column of its own; true: views that live until they are given back
   */
  take(lend: boolean): Utf8Column;
  /** The buffers of a lent column may be written again. */
  giveBack(column: Utf8Column): void;
}

const SMALL_BYTES = 32 * 1024;
/** Buffers up to this are always used again. */
const KEPT_BYTES = 1024 * 1024;
/** A value larger than this gets just the room it needs. */
const LARGE_BYTES = 4 * 1024 * 1024;

/** Memory that nobody cleared, with a buffer of its own: whatever is read of it was written before. */
const uncleared = (bytes: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(Buffer.allocUnsafeSlow(bytes).buffer as ArrayBuffer);

/** @param roomBytes bytes to begin with, for each batch anew. */
export function growingText(roomBytes = SMALL_BYTES): GrowingText {
  let values = uncleared(roomBytes);
  let offsets = new Int32Array(1024);
  let rows = 0;
  let bytes = 0;
  const spare: { readonly values: Uint8Array<ArrayBuffer>; readonly offsets: Int32Array<ArrayBuffer> }[] = [];
  const room = (moreRows: number, moreBytes: number): void => {
    if (rows + moreRows + 1 > offsets.length) {
      const wider = new Int32Array(Math.max(2 * offsets.length, rows + moreRows + 1));
      wider.set(offsets.subarray(0, rows + 1));
      offsets = wider;
    }
    if (bytes + moreBytes > values.length) {
      const need = bytes + moreBytes;
      const wider = uncleared(moreBytes > LARGE_BYTES ? need : Math.max(2 * values.length, need));
      wider.set(values.subarray(0, bytes));
      values = wider;
    }
  };
  return {
    get bytes() {
      return bytes;
    },
    push(value) {
      room(1, value.length);
      values.set(value, bytes);
      bytes += value.length;
      offsets[++rows] = bytes;
    },
    pushRows(source, sourceOffsets, from, to) {
      const [first, last] = [sourceOffsets[from], sourceOffsets[to]];
      room(to - from, last - first);
      values.set(source.subarray(first, last), bytes);
      const shift = bytes - first;
      for (let i = from + 1; i <= to; i++) offsets[++rows] = sourceOffsets[i] + shift;
      bytes += last - first;
    },
    take(lend) {
      if (lend) {
        const lent: Utf8Column = {
          type: 'utf8',
          offsets: offsets.subarray(0, rows + 1),
          values: values.subarray(0, bytes),
          valid: null,
        };
        ({ values, offsets } = spare.pop() ?? { values: uncleared(roomBytes), offsets: new Int32Array(1024) });
        rows = 0;
        bytes = 0;
        return lent;
      }
      // A buffer that is nearly full leaves as it is: that is cheaper than a copy.
      const whole = values.length > roomBytes || values.length - bytes < values.length >> 2;
      const column: Utf8Column = {
        type: 'utf8',
        offsets: offsets.slice(0, rows + 1),
        values:
          whole && values.length - bytes < values.length >> 2 ? values.subarray(0, bytes) : values.slice(0, bytes),
        valid: null,
      };
      if (whole) values = uncleared(roomBytes);
      rows = 0;
      bytes = 0;
      return column;
    },
    giveBack(column) {
      // A buffer that one giant document made large is let go.
      if (column.values.buffer.byteLength > Math.max(2 * roomBytes, KEPT_BYTES)) return;
      spare.push({
        values: new Uint8Array(column.values.buffer as ArrayBuffer),
        offsets: new Int32Array(column.offsets.buffer as ArrayBuffer),
      });
    },
  };
}
