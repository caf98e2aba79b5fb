import { constants, gzipSync } from 'node:zlib';
import type { Encoders } from '../kernels/encoders.ts';
import { loadZstdModule } from '../streams/codecs/zstd-module.ts';
import { jsonLinesEncoder } from './json-lines.ts';
import type { JsonlOptions } from './options.ts';
import type { OutputPlace } from './output-file.ts';
import { type GroupLimits, groupedWriter, type SegmentWriter } from './segment.ts';

/** A frame ends before the row that would make it larger. */
export const FRAME_LIMITS: GroupLimits = { rows: 8192, bytes: 4 * 1024 * 1024 };

const ZSTD_LEVEL = 3;
const GZIP_LEVEL = 6;

type Compress = (lines: Uint8Array) => Uint8Array;
async function compressor(kind: JsonlOptions['compression']): Promise<Compress> {
  if (kind === 'none') return (lines) => lines;
  if (kind === 'gz') return (lines) => gzipSync(lines, { level: GZIP_LEVEL, strategy: constants.Z_DEFAULT_STRATEGY });
  const { compress } = await loadZstdModule();
  return (lines) => compress(lines, ZSTD_LEVEL);
}

/** Writes JSON lines; every group of rows is a frame of its own, so a file cut at a frame boundary is a good file. */
export async function jsonlWriter(
  place: OutputPlace,
  options: JsonlOptions,
  encoders: Encoders,
): Promise<SegmentWriter> {
  const compress = await compressor(options.compression);
  const lines = jsonLinesEncoder({ textField: options.textField, raw: new Set(['metadata']) }, encoders);
  return groupedWriter(
    place,
    { limits: FRAME_LIMITS, group: (table) => [compress(lines.encode(table))], end: () => [] },
    options.columns,
  );
}

export const jsonlExtension = ({ compression }: JsonlOptions): string =>
  compression === 'none' ? 'jsonl' : `jsonl.${compression}`;
