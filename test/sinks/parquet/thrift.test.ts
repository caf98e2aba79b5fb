import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  readThrift,
  THRIFT,
  type ThriftField,
  type ThriftStruct,
  writeThrift,
} from '../../../src/sinks/parquet/thrift.ts';

const field: fc.Arbitrary<Omit<ThriftField, 'id'>> = fc.oneof(
  fc.constant({ type: THRIFT.true, value: true }),
  fc.constant({ type: THRIFT.false, value: false }),
  fc.integer({ min: 0, max: 255 }).map((value) => ({ type: THRIFT.byte, value })),
  fc.integer({ min: -32768, max: 32767 }).map((value) => ({ type: THRIFT.i16, value })),
  fc.integer({ min: -(2 ** 51), max: 2 ** 51 }).map((value) => ({ type: THRIFT.i64, value })),
  fc.double({ noNaN: true }).map((value) => ({ type: THRIFT.double, value })),
  fc.uint8Array({ maxLength: 300 }).map((value) => ({ type: THRIFT.binary, value })),
  fc
    .array(fc.integer(), { maxLength: 40 })
    .map((values) => ({ type: THRIFT.list, value: { elementType: THRIFT.i32, values } })),
  fc
    .array(fc.boolean(), { maxLength: 20 })
    .map((values) => ({ type: THRIFT.list, value: { elementType: THRIFT.true, values } })),
);
const struct: fc.Arbitrary<ThriftStruct> = fc
  .uniqueArray(fc.record({ id: fc.integer({ min: 1, max: 60 }), f: field }), { selector: (x) => x.id })
  .map((fields) => fields.sort((a, b) => a.id - b.id).map(({ id, f }) => ({ id, ...f })));

describe('thrift compact', () => {
  it('reads what it writes, nested structs included', () => {
    fc.assert(
      fc.property(struct, fc.array(struct, { maxLength: 20 }), (inner, list) => {
        const root: ThriftStruct = [
          { id: 1, type: THRIFT.struct, value: inner },
          { id: 40, type: THRIFT.list, value: { elementType: THRIFT.struct, values: list } },
        ];
        const read = readThrift(Uint8Array.from(writeThrift(root)));
        expect(JSON.stringify(read)).toBe(JSON.stringify(root));
      }),
      { seed: 3, numRuns: 200 },
    );
  });

  it('encodes as the specification says', () => {
    const root: ThriftStruct = [
      { id: 1, type: THRIFT.i32, value: -1 },
      { id: 3, type: THRIFT.binary, value: Buffer.from('ab') },
      { id: 30, type: THRIFT.true, value: true },
    ];
    expect(Buffer.from(writeThrift(root)).toString('hex')).toBe('15012802616201' + '3c' + '00');
  });

  it.each([
    ['an end in the middle', '15'],
    ['a length beyond the end', '187f61'],
    ['a map', '1b00'],
    ['a list longer than the rest', '19f5ffffffff07'],
  ])('refuses %s', (_, hex) => {
    expect(() => readThrift(Buffer.from(hex, 'hex'))).toThrow(/expected thrift compact data/);
  });
});
