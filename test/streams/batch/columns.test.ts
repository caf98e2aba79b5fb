import { describe, expect, it } from 'vitest';
import {
  concatColumns,
  float64Column,
  numberAt,
  stringAt,
  takeRows,
  type Utf8Column,
  utf8Column,
} from '../../../src/streams/batch/columns.ts';
import { numbers } from '../../helpers/batches.ts';

const strings = (c: Utf8Column, rows: number): (string | null)[] =>
  Array.from({ length: rows }, (_, i) => stringAt(c, i));

describe('columns', () => {
  it('hold strings of any kind, empty and null apart', () => {
    const c = utf8Column(['a', '', null, 'žluťoučký 🐎', '\u0000']);
    expect(strings(c, 5)).toEqual(['a', '', null, 'žluťoučký 🐎', '\u0000']);
  });

  it('take rows in any order into buffers of their own', () => {
    const c = utf8Column(['zero', null, 'two', 'three', '']);
    const taken = takeRows(c, [4, 2, 3, 1]) as Utf8Column;
    expect(strings(taken, 4)).toEqual(['', 'two', 'three', null]);
    expect(taken.values.buffer).not.toBe(c.values.buffer);
    const n = takeRows(numbers([1.5, null, 3]), [2, 1]);
    expect([numberAt(n as never, 0), numberAt(n as never, 1)]).toEqual([3, null]);
  });

  it('join parts whose offsets do not start at zero', () => {
    const whole = utf8Column(['skip', 'b', 'c']);
    const tail: Utf8Column = { ...whole, offsets: whole.offsets.subarray(1) };
    const joined = concatColumns([tail, utf8Column([null, 'e'])], [2, 2]) as Utf8Column;
    expect(strings(joined, 4)).toEqual(['b', 'c', null, 'e']);
  });

  it('turn NaN of a kernel into null, never into a number', () => {
    const c = float64Column(Float64Array.of(1, Number.NaN, 0));
    expect([0, 1, 2].map((i) => numberAt(c, i))).toEqual([1, null, 0]);
  });

  it('refuse to read a buffer that was transferred away', () => {
    const c = utf8Column(['gone']);
    structuredClone(c.values, { transfer: [c.values.buffer as ArrayBuffer] });
    if ((c.values.buffer as ArrayBuffer & { detached?: boolean }).detached === undefined)
      expect(c.values.length).toBe(0);
    else expect(() => stringAt(c, 0)).toThrow(/detached buffer/);
  });
});
