import { describe, expect, it } from 'vitest';
import { Spans } from '../../../src/cli/plan/probe-measures.ts';
import { batchOf } from '../../helpers/batches.ts';

const spansOf = (texts: readonly string[]): Spans => {
  const spans = new Spans();
  // At bytes 0, 100, 200.
  spans.add(batchOf(texts));
  return spans;
};

describe('how much of a stretch was read', () => {
  it('the last document, whose end is not known, counts as long as the others', () => {
    expect(spansOf(['a', 'b', 'c']).packedBytes(1)).toBe(300);
    expect(spansOf(['a', 'b', 'c']).packedBytes(4)).toBe(75);
  });

  it('and as its text at least, where it is longer than they are', () => {
    expect(spansOf(['a', 'b', 'c'.repeat(50_000)]).packedBytes(1)).toBe(50_200);
    expect(spansOf(['a', 'b', 'c'.repeat(50_000)]).packedBytes(4)).toBe(12_550);
  });
});
