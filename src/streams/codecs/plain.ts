import type { Piece } from './piece.ts';
import type { FileWindow } from './window.ts';

const PIECE_BYTES = 256 * 1024;

/** Bytes of an unpacked file from `start` to its end. */
export async function* readPlain(file: FileWindow, start: number): AsyncGenerator<Piece> {
  for (let at = start; at < file.size; ) {
    const bytes = (await file.at(at, PIECE_BYTES)).subarray(0, PIECE_BYTES);
    yield { block: 0, offset: at, bytes };
    at += bytes.length;
  }
}
