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
/** Escape is none of them: it leads to other characters in ISO-2022-JP. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const CONTROL = /[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]/;

/** What a body is that is no text, in words; null where it may be text. UTF-16 must be ruled out before. */
export function binaryKind(body: Uint8Array): string | null {
  const head = Buffer.from(body.buffer, body.byteOffset, Math.min(8, body.length)).toString('latin1');
  const mark = MARKS.find(([, begins]) => head.startsWith(begins));
  if (mark !== undefined) return mark[0];
  const seen = body.subarray(0, LOOKED_AT);
  // Most pages have none: to see that takes a tenth of the time of counting them.
  if (!CONTROL.test(Buffer.from(seen.buffer, seen.byteOffset, seen.length).toString('latin1'))) return null;
  let controls = 0;
  for (const b of seen) if ((b < 0x20 && b !== 0x1b && (b < 9 || b > 13)) || b === 0x7f) controls++;
  return controls * 100 > MOST_CONTROLS * seen.length ? `${controls} control characters in ${seen.length} bytes` : null;
}
