import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Column, numberAt, stringAt, type Utf8Column, utf8Column } from '../../../src/streams/batch/columns.ts';
import { type BarrierDecision, decisionPart, readDecision, writeDecision } from '../../../src/streams/flow/barrier.ts';
import { temporaryFolder } from '../../helpers/run.ts';

const decision: BarrierDecision = {
  split: 7,
  keep: Uint8Array.of(1, 0, 1),
  duplicateOf: [null, 'a.jsonl#0.12', null],
  similarity: Float64Array.of(Number.NaN, 0.75, Number.NaN),
  rule: Uint8Array.of(0, 2, 0),
  value: Float64Array.of(3, 0.75, Number.NaN),
  threshold: Float64Array.of(1, Number.NaN, 1),
  cuts: {
    offsets: Int32Array.of(0, 2, 2, 3),
    start: Int32Array.of(0, 9, 4),
    end: Int32Array.of(5, 12, 8),
    rule: Uint16Array.of(0, 1, 1),
    rules: ['repeated_line', 'repeated_paragraph'],
  },
  columns: new Map<string, Column>([
    ['rank', { type: 'int32', values: Int32Array.of(5, 6, 7), valid: Uint8Array.of(0b101) }],
    ['bucket', utf8Column(['head', 'tail', null])],
  ]),
};

describe('a decision', () => {
  it('comes back from its file with every part', async () => {
    const path = join(await temporaryFolder(), 'decision');
    await writeDecision(path, decision);
    const back = await readDecision(path, 7);
    expect({ ...back, columns: undefined }).toEqual({ ...decision, columns: undefined });
    const { rank, bucket } = Object.fromEntries(back.columns!);
    expect([0, 1, 2].map((i) => numberAt(rank as never, i))).toEqual([5, null, 7]);
    expect([0, 1, 2].map((i) => stringAt(bucket as Utf8Column, i))).toEqual(['head', 'tail', null]);
  });

  it('without the optional parts has none of them', async () => {
    const path = join(await temporaryFolder(), 'decision');
    const { split, keep, duplicateOf, similarity } = decision;
    await writeDecision(path, { split, keep, duplicateOf, similarity });
    const { rule, value, threshold, cuts, columns } = await readDecision(path, 7);
    expect([rule, value, threshold, cuts, columns]).toEqual([undefined, undefined, undefined, undefined, undefined]);
  });

  it('is cut into parts row by row, spans and columns too', () => {
    const part = decisionPart(decision, 1, 3);
    expect(part.duplicateOf).toEqual(['a.jsonl#0.12', null]);
    expect([...part.keep, ...part.rule!]).toEqual([0, 1, 2, 0]);
    expect(part.cuts).toEqual({
      offsets: Int32Array.of(0, 0, 1),
      start: Int32Array.of(4),
      end: Int32Array.of(8),
      rule: Uint16Array.of(1),
      rules: ['repeated_line', 'repeated_paragraph'],
    });
    expect(stringAt(part.columns!.get('bucket') as Utf8Column, 0)).toBe('tail');
  });
});
