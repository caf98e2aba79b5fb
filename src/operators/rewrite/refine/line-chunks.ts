/** A run of lines that a program is written for. */
export interface LineChunk {
  /** Number of its first line in the document. */
  readonly first: number;
  /** Its lines with their numbers, as a generator reads them. */
  readonly numbered: string;
  readonly lines: readonly string[];
}

const tokensOf = (text: string): number => Buffer.byteLength(text) / 4;

/** `[007] text`: three digits, from 0, over the whole document. */
export const numberedLine = (line: string, number: number): string => `[${String(number).padStart(3, '0')}] ${line}`;

/** The lines of a text in chunks of at most about so many tokens; a line that is longer is a chunk of its own. */
export function lineChunks(text: string, tokens: number): LineChunk[] {
  const chunks: LineChunk[] = [];
  let [first, held, size] = [0, [] as string[], 0];
  const end = (): void => {
    if (held.length === 0) return;
    const from = first;
    chunks.push({ first, lines: held, numbered: held.map((l, i) => numberedLine(l, from + i)).join('\n') });
    first += held.length;
    held = [];
    size = 0;
  };
  text.split('\n').forEach((line, i) => {
    const own = tokensOf(numberedLine(line, i)) + 1;
    if (held.length > 0 && size + own > tokens) end();
    held.push(line);
    size += own;
  });
  end();
  return chunks;
}

/** The beginning of a text, of about so many tokens, cut at a code point. */
export function headOf(text: string, tokens: number): string {
  const bytes = Buffer.from(text);
  let end = Math.min(bytes.length, 4 * tokens);
  while (end < bytes.length && (bytes[end] & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end).toString('utf8');
}
