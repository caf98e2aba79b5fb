import { describe, expect, it } from 'vitest';
import { DocumentBatch } from '../../../src/streams/batch/batch.ts';
import { type Column, doublesOf, stringAt, utf8Column } from '../../../src/streams/batch/columns.ts';
import { labelOf, positionLabel, positionLabels } from '../../../src/streams/batch/position.ts';

const int64 = (values: readonly bigint[]): Column => ({
  type: 'int64',
  values: BigInt64Array.from(values),
  valid: null,
});

describe('labels of positions', () => {
  const columns = new Map<string, Column>([
    ['file', utf8Column(['a/b.jsonl', 'a/b.jsonl', 'ä'])],
    ['block', int64([0n, 2n ** 33n + 5n, 7n])],
    ['offset', int64([0n, 4_294_967_295n, 2n ** 52n])],
  ]);
  const batch = new DocumentBatch({ rows: 3, split: 0, sequence: 0, columns });

  it('are file#block.offset, row by row and all at once, beyond 32 bits too', () => {
    const expected = ['a/b.jsonl#0.0', 'a/b.jsonl#8589934597.4294967295', 'ä#7.4503599627370496'];
    expect([0, 1, 2].map((i) => positionLabel(batch, i))).toEqual(expected);
    const labels = positionLabels(batch);
    expect([0, 1, 2].map((i) => stringAt(labels, i))).toEqual(expected);
  });

  it('name a created document by its number behind the position', () => {
    expect(labelOf({ file: 'f', block: 1, offset: 2, derived: '0.3' })).toBe('f#1.2+0.3');
  });
});

describe('doublesOf', () => {
  it('is the value of 64-bit integers, also below zero and in a view', () => {
    const values = BigInt64Array.of(99n, -1n, -(2n ** 40n), 2n ** 40n + 1n).subarray(1);
    expect(doublesOf({ type: 'int64', values, valid: null })).toEqual(Float64Array.of(-1, -(2 ** 40), 2 ** 40 + 1));
    const doubles = Float64Array.of(0.5);
    expect(doublesOf({ type: 'float64', values: doubles, valid: null })).toBe(doubles);
  });
});
