/** How files begin that servers send as HTML. */
const MARKS: readonly (readonly [string, string])[] = [
  ['a PDF', '%PDF-'],
  ['a ZIP archive', 'PK\x03\x04'],
  ['a PNG image', '\x89PNG\r\n'],
  ['a GIF image', 'GIF8'],
  ['a JPEG image', '\xff\xd8\xff'],
  ['gzip', '\x1f\x8b\x08'],
  ['zstd', '\x28\xb5\x2f\xfd'],
];
const LOOKED_AT = 64 * 1024;
/** Of 100 bytes so many may be control characters: random ones have ten, text has none. */
const MOST_CONTROLS = 2;

/** What a body is that is no text, in words; null where it may be text. UTF-16 must be ruled out before. */
export function binaryKind(body: Uint8Array): string | null {
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(8, body.length)).toString('latin1');
  const mark = MARKS.find(([, begins]) => head.startsWith(begins));
  if (mark !== undefined) return mark[0];
  const seen = body.subarray(0, LOOKED_AT);
  const controls = controlsIn(seen);
  return controls * 100 > MOST_CONTROLS * seen.length ? `${controls} control characters in ${seen.length} bytes` : null;
}

/** Escape is none of them: it leads to other characters in ISO-2022-JP. */
const CONTROL = Uint8Array.from({ length: 256 }, (_, b) =>
  b === 0x7f || (b < 0x20 && b !== 0x1b && (b < 9 || b > 13)) ? 1 : 0,
);

/** Control characters; four bytes at once are looked at for any below a blank or at 127, as few of text have. */
function controlsIn(bytes: Uint8Array): number {
  let count = 0;
  const each = (from: number, to: number): void => {
    for (let at = from; at < to; at++) count += CONTROL[bytes[at]];
  };
  const lead = -bytes.byteOffset & 3;
  // A body may be empty, or end before the first multiple of four.
  each(0, Math.min(lead, bytes.length));
  if (bytes.length <= lead) return count;
  const words = new Int32Array(bytes.buffer, bytes.byteOffset + lead, (bytes.length - lead) >> 2);
  for (let k = 0; k < words.length; k++) {
    const word = words[k];
    const del = word ^ 0x7f7f7f7f;
    if ((((word - 0x20202020) & ~word) | ((del - 0x01010101) & ~del)) & 0x80808080)
      each(lead + 4 * k, lead + 4 * k + 4);
  }
  each(lead + 4 * words.length, bytes.length);
  return count;
}
