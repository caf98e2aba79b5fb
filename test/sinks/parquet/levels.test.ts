import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteBuffer, bitWidth, hybrid } from '../../../src/sinks/parquet/levels.ts';

/** Decodes by the format's own words: header, then a run or groups of eight. */
function decode(bytes: Uint8Array, width: number, count: number): number[] {
  const values: number[] = [];
  let at = 0;
  while (values.length < count) {
    let header = 0;
    for (let shift = 0; ; shift += 7) {
      header |= (bytes[at] & 127) << shift;
      if (bytes[at++] < 128) break;
    }
    if (header % 2 === 0) {
      let value = 0;
      for (let b = 0; b < (width + 7) >> 3; b++) value |= bytes[at++] << (8 * b);
      for (let k = 0; k < header / 2; k++) values.push(value);
      continue;
    }
    const bits = (header >> 1) * 8 * width;
    for (let bit = 0; bit < bits; bit += width) {
      let value = 0;
      for (let k = 0; k < width; k++) value |= ((bytes[at + ((bit + k) >> 3)] >> ((bit + k) & 7)) & 1) << k;
      values.push(value);
    }
    at += bits / 8;
  }
  expect(at).toBe(bytes.length);
  expect(values.slice(count).every((v) => v === 0)).toBe(true);
  return values.slice(0, count);
}

describe('hybrid encoding', () => {
  const runs = fc.array(fc.tuple(fc.integer({ min: 0, max: 4095 }), fc.integer({ min: 1, max: 40 })), {
    minLength: 1,
    maxLength: 12,
  });

  it('decodes to the same numbers', () => {
    fc.assert(
      fc.property(runs, fc.integer({ min: 1, max: 12 }), (list, width) => {
        const values = list.flatMap(([v, n]) => Array.from({ length: n }, () => v & ((1 << width) - 1)));
        const out = new ByteBuffer();
        hybrid(values, 0, values.length, width, out);
        expect(decode(out.view(), width, values.length)).toEqual(values);
      }),
      { seed: 9, numRuns: 500 },
    );
  });

  it('writes a run of equal numbers in a few bytes', () => {
    const out = new ByteBuffer();
    hybrid(new Uint8Array(8192).fill(1), 0, 8192, 1, out);
    expect([...out.view()]).toEqual([0x80, 0x80, 0x01, 1]);
  });

  it('knows how many bits a number needs', () => {
    expect([0, 1, 2, 3, 4, 255, 256].map(bitWidth)).toEqual([0, 1, 2, 2, 3, 8, 9]);
  });
});
