import type { Codec } from '../plan/splits.ts';
import { readGzip } from './gzip.ts';
import type { Unpacked, UnpackLimits } from './piece.ts';
import { readPlain } from './plain.ts';
import type { FileWindow } from './window.ts';
import { readZstd } from './zstd.ts';

/** Unpacked bytes from file byte `start` (the start of a member or frame) to the end of the file. */
export function unpack(file: FileWindow, codec: Codec, start: number, limits: UnpackLimits): AsyncGenerator<Unpacked> {
  switch (codec) {
    case 'none':
      return readPlain(file, start);
    case 'gzip':
      return readGzip(file, limits, start);
    case 'zstd':
      return readZstd(file, start, limits);
  }
}
