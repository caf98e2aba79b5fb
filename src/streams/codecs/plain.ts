import type { Piece } from './piece.ts';
import type { FileWindow } from './window.ts';

/** Bytes of an unpacked file from `start` to its end. */
export async function* readPlain(file: FileWindow, start: number): AsyncGenerator<Piece> {
  for (let at = start; at < file.size; ) {
    const bytes = await file.at(at);
    yield { block: 0, offset: at, bytes };
    at += bytes.length;
  }
}
