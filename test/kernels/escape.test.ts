import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { loadKernel } from '../../src/kernels/kernel.ts';
import { stringAt, utf8Column } from '../../src/streams/batch/columns.ts';

const kernel = await loadKernel();

function escaped(texts: readonly string[]): string[] {
  const { values, offsets } = utf8Column(texts);
  const out = kernel.escapeJson(values, offsets, texts.length);
  const column = { type: 'utf8', values: out.values.slice(), offsets: out.offsets.slice(), valid: null } as const;
  return texts.map((_, i) => `"${stringAt(column, i)}"`);
}

describe('escapeJson', () => {
  it('is JSON.stringify for any text', () => {
    const pieces = fc.array(
      fc.oneof(
        fc.string({ unit: 'binary', maxLength: 40 }),
        fc.constantFrom('"', '\\', '\n', '\u0000', '\u001f', '\u007f', 'plain words, and more of them'),
      ),
    );
    const texts = fc.array(
      pieces.map((p) => p.join('')),
      { maxLength: 12 },
    );
    fc.assert(
      fc.property(texts, (t) => {
        expect(escaped(t)).toEqual(t.map((s) => JSON.stringify(s)));
      }),
      { seed: 31, numRuns: 400 },
    );
  });

  it('escapes every byte that must be, wherever it stands in a vector', () => {
    for (let byte = 0; byte < 128; byte++) {
      const texts = Array.from(
        { length: 35 },
        (_, at) => `${'x'.repeat(at)}${String.fromCharCode(byte)}${'y'.repeat(34 - at)}`,
      );
      expect(escaped(texts)).toEqual(texts.map((s) => JSON.stringify(s)));
    }
    const all = ['"'.repeat(100_000), '\u0001'.repeat(50_000)];
    expect(escaped(all)).toEqual(all.map((s) => JSON.stringify(s)));
  });

  it('takes offsets that do not begin at 0', () => {
    const { values, offsets } = utf8Column(['skip', 'a"b', '', 'c\n']);
    const out = kernel.escapeJson(values, offsets.subarray(1), 3);
    expect(Buffer.from(out.values).toString()).toBe('a\\"bc\\n');
    expect([...out.offsets]).toEqual([0, 4, 4, 7]);
  });
});
