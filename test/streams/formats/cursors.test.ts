import { describe, expect, it } from 'vitest';
import { type Cursor, skipped } from '../../../src/streams/formats/parquet/cursor.ts';
import { plainCursor } from '../../../src/streams/formats/parquet/plain.ts';
import { HybridCursor } from '../../../src/streams/formats/parquet/runs.ts';

/** Two groups of eight numbers of three bits, a run of 20 times 5, one group of eight. */
const runs = Uint8Array.of(0b101, 0x88, 0xc6, 0xfa, 0x77, 0x39, 0x05, 20 << 1, 5, 0b11, 0x88, 0xc6, 0xfa);
const numbers = [0, 1, 2, 3, 4, 5, 6, 7, 7, 6, 5, 4, 3, 2, 1, 0, ...Array(20).fill(5), 0, 1, 2, 3, 4, 5, 6, 7];
const words = ['', 'mill', 'stands by', 'river'];
const lengths = (w: string) => [w.length, 0, 0, 0, ...Buffer.from(w)];

const cursors: Record<string, readonly [() => Cursor<ArrayLike<unknown>>, readonly unknown[]]> = {
  runs: [() => new HybridCursor(runs, 3), numbers],
  texts: [() => plainCursor(Uint8Array.from(words.flatMap(lengths)), 'BYTE_ARRAY', 0), words],
  doubles: [() => plainCursor(new Uint8Array(Float64Array.of(1.5, -2, 0, 7).buffer), 'DOUBLE', 0), [1.5, -2, 0, 7]],
  bits: [() => plainCursor(Uint8Array.of(0b1101), 'BOOLEAN', 0), [1, 0, 1, 1, 0, 0, 0, 0]],
};
const plain = (values: ArrayLike<unknown>) =>
  Array.from(values, (v) => (v instanceof Uint8Array ? Buffer.from(v).toString() : v));

describe('values of a page', () => {
  it.each(Object.keys(cursors))('are the same after some were passed over: %s', (kind) => {
    const [open, all] = cursors[kind];
    expect(plain(open().take(all.length))).toEqual(all);
    for (let from = 0; from <= all.length; from++) {
      const cursor = open();
      skipped(cursor, from);
      expect(plain(cursor.take(all.length - from))).toEqual(all.slice(from));
      const twice = open();
      twice.take(from >> 1);
      skipped(twice, from - (from >> 1));
      expect(plain(twice.take(all.length - from))).toEqual(all.slice(from));
    }
    expect(() => skipped(open(), 64)).toThrow('in a page, got its end');
  });
});
