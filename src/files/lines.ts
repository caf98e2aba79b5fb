import type { FileHandle } from 'node:fs/promises';

export interface FileLine {
  /** Without the newline. */
  readonly bytes: Buffer;
  /** False of a last line without a newline. */
  readonly whole: boolean;
}

const PIECE = 1024 * 1024;

/**
 * Lines of the first `size` bytes of a file, one at a time: a file of any size needs the memory of its longest line.
 * Only `\n` ends a line; readline would end one at U+2028 as well, which JSON leaves as it is.
 */
export async function* fileLines(file: FileHandle, size: number): AsyncGenerator<FileLine> {
  let begun: Buffer[] = [];
  for (let at = 0; at < size; ) {
    const piece = Buffer.allocUnsafe(Math.min(PIECE, size - at));
    const { bytesRead } = await file.read(piece, 0, piece.length, at);
    if (bytesRead === 0) break;
    at += bytesRead;
    let from = 0;
    for (let end = piece.indexOf(10); end >= 0 && end < bytesRead; end = piece.indexOf(10, from)) {
      const own = piece.subarray(from, end);
      yield { bytes: begun.length > 0 ? Buffer.concat([...begun, own]) : own, whole: true };
      begun = [];
      from = end + 1;
    }
    if (from < bytesRead) begun.push(piece.subarray(from, bytesRead));
  }
  if (begun.length > 0) yield { bytes: Buffer.concat(begun), whole: false };
}

const PART_CHARACTERS = 1024 * 1024;

/** Lines as parts of about 1 MB, each line with its newline, for `writeWhole`. */
export function* partsOfLines(lines: Iterable<string>): Generator<string> {
  let part: string[] = [];
  let characters = 0;
  for (const line of lines) {
    part.push(line, '\n');
    characters += line.length + 1;
    if (characters < PART_CHARACTERS) continue;
    yield part.join('');
    part = [];
    characters = 0;
  }
  if (part.length > 0) yield part.join('');
}
