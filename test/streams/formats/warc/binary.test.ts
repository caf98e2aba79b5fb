import { expect, test } from 'vitest';
import { seededRandom } from '../../../../src/random.ts';
import { binaryKind } from '../../../../src/streams/formats/warc/binary.ts';

const isControl = (b: number): boolean => b === 0x7f || (b < 0x20 && b !== 0x1b && (b < 9 || b > 13));

test('control characters are counted wherever they stand', () => {
  const random = seededRandom(3, 'controls');
  for (let round = 0; round < 300; round++) {
    const all = Buffer.alloc(random.below(70) + 12, 'text with\tblanks\n');
    const from = random.below(8);
    for (let k = random.below(9); k > 0; k--) all[from + random.below(all.length - from)] = random.below(256);
    const body = all.subarray(from);
    body.write('<p>');
    const controls = body.filter(isControl).length;
    const said = controls * 100 > 2 * body.length ? `${controls} control characters in ${body.length} bytes` : null;
    expect(binaryKind(body), body.toString('hex')).toBe(said);
  }
});

test('a body of few bytes, or of none, is looked at wherever it lies', () => {
  const all = Buffer.alloc(16, 'a');
  for (let from = 0; from <= 16; from++)
    for (let to = from; to <= Math.min(16, from + 6); to++)
      expect(binaryKind(new Uint8Array(all.buffer, all.byteOffset + from, to - from)), `${from}-${to}`).toBeNull();
  expect(binaryKind(Buffer.from('\x01'))).toBe('1 control characters in 1 bytes');
});

test.each([
  ['a PDF', '%PDF-1.7'],
  ['a PNG image', '\x89PNG\r\n\x1a\n'],
  ['gzip', '\x1f\x8b\x08\x00'],
])('%s is told by how it begins', (kind, begins) => {
  expect(binaryKind(Buffer.from(begins, 'latin1'))).toBe(kind);
});

test('ISO-2022-JP is text, for all its escapes', () => {
  expect(binaryKind(Buffer.from('\x1b$B0f\x1b(B'.repeat(20), 'latin1'))).toBeNull();
});
