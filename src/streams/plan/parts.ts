import { InputError } from '../../errors.ts';
import { memberHeader } from '../codecs/gzip.ts';
import { openWindow } from '../codecs/window.ts';
import { frameAt } from '../codecs/zstd-frames.ts';
import { arrowMessages } from '../formats/arrow-messages.ts';
import type { ReadOptions } from '../inputs/read-options.ts';
import type { InputRange, PlannedFile } from './splits.ts';

/** Text bytes per packed byte where a file does not say. */
const GZIP_RATIO = 3.5;
const ZSTD_RATIO = 4;
/** More than this is not expected of text, whatever the blocks of a zstd frame could hold. */
const ZSTD_RATIO_AT_MOST = 20;

/** A range, and the text expected in it. */
export interface Part {
  readonly range: InputRange;
  readonly textBytes: number;
}

/** Units of a file (row groups, record batches) in runs of about `splitBytes`. */
function unitParts(units: readonly { readonly bytes: number }[], file: number, splitBytes: number): Part[] {
  const parts: Part[] = [];
  let start = 0;
  let textBytes = 0;
  units.forEach(({ bytes }, i) => {
    if (i > start && textBytes + bytes > splitBytes) {
      parts.push({ range: { file, start, end: i }, textBytes });
      start = i;
      textBytes = 0;
    }
    textBytes += bytes;
  });
  if (units.length > start) parts.push({ range: { file, start, end: units.length }, textBytes });
  return parts;
}

async function parquetParts(
  file: PlannedFile,
  index: number,
  { textField }: ReadOptions,
  splitBytes: number,
): Promise<Part[]> {
  const window = await openWindow(file.absolutePath, file.size);
  try {
    const { parquetFooter } = await import('../formats/parquet.ts');
    const { groups } = await parquetFooter(window, textField);
    return unitParts(groups, index, splitBytes);
  } catch {
    // The reader meets the damage again, and sets the file aside as one record.
    return [{ range: { file: index, start: 0, end: 1 }, textBytes: file.size }];
  } finally {
    await window.close();
  }
}

async function arrowParts(file: PlannedFile, index: number, splitBytes: number): Promise<Part[]> {
  const window = await openWindow(file.absolutePath, file.size);
  try {
    return unitParts((await arrowMessages(window)).units, index, splitBytes);
  } catch (error) {
    if (error instanceof InputError) throw error;
    // The reader meets the damage again, and sets the file aside as one record.
    return [{ range: { file: index, start: 0, end: 1 }, textBytes: file.size }];
  } finally {
    await window.close();
  }
}

/** Where a file may be cut: parts of about `splitBytes` of text each. @param last the last four bytes of the file */
export async function partsOf(
  file: PlannedFile,
  index: number,
  last: Uint8Array,
  options: ReadOptions,
  splitBytes: number,
): Promise<Part[]> {
  const whole = (textBytes: number): Part[] => [
    { range: { file: index, start: 0, end: file.size }, textBytes: Math.ceil(textBytes) },
  ];
  if (file.format === 'parquet') return parquetParts(file, index, options, splitBytes);
  if (file.format === 'arrow') return arrowParts(file, index, splitBytes);
  switch (file.codec) {
    case 'gzip': {
      // The last four bytes are the length of the last member, of most files the only one.
      const told = last.length === 4 ? Buffer.from(last).readUInt32LE(0) : 0;
      const textBytes = told > file.size && told < file.size * 1100 ? told : file.size * GZIP_RATIO;
      if (file.format !== 'jsonl' || textBytes < 2 * splitBytes) return whole(textBytes);
      return (await memberParts(file, index, splitBytes)) ?? unpackedParts(textBytes, index, splitBytes);
    }
    case 'zstd': {
      if (file.format !== 'jsonl') return whole(file.size * ZSTD_RATIO);
      const parts = await zstdParts(file, index, splitBytes);
      const [{ textBytes }] = parts;
      return parts.length > 1 || textBytes < 2 * splitBytes ? parts : unpackedParts(textBytes, index, splitBytes);
    }
    case 'none':
      return file.format === 'jsonl' ? byteParts(file.size, index, splitBytes) : whole(file.size);
  }
}

/** Even byte ranges. */
function byteParts(size: number, file: number, splitBytes: number): Part[] {
  const count = Math.max(1, Math.ceil(size / splitBytes));
  const cut = (i: number): number => Math.floor((size * i) / count);
  return Array.from({ length: count }, (_, i) => ({
    range: { file, start: cut(i), end: cut(i + 1) },
    textBytes: cut(i + 1) - cut(i),
  }));
}

/** Parts of a file of one stream, at most: each unpacks all that comes before it. */
const UNPACKED_PARTS = 4;

/**
 * Even ranges of the bytes expected in a file that can only be unpacked from its beginning; the last one has no end.
 */
function unpackedParts(textBytes: number, file: number, splitBytes: number): Part[] {
  const count = Math.min(UNPACKED_PARTS, Math.floor(textBytes / splitBytes));
  const cut = (i: number): number => Math.floor((textBytes * i) / count);
  return Array.from({ length: count }, (_, i) => ({
    range: { file, start: cut(i), end: i === count - 1 ? Number.MAX_SAFE_INTEGER : cut(i + 1), unpacked: true },
    textBytes: Math.ceil(cut(i + 1) - cut(i)),
  }));
}

/**
 * Runs of members of a blocked gzip file, whose headers say how long they are; null when the file is not all such
 * members.
 */
async function memberParts(file: PlannedFile, index: number, splitBytes: number): Promise<Part[] | null> {
  const window = await openWindow(file.absolutePath, file.size);
  const parts: Part[] = [];
  let [start, textBytes] = [0, 0];
  let previous: number | undefined;
  let before: number | undefined;
  try {
    for (let at = 0; at < file.size; ) {
      const end = (await memberHeader(window, at))?.end ?? null;
      if (end === null) return null;
      const bytes = Buffer.from(await window.peek(end - 4, 4)).readUInt32LE(0);
      if (textBytes > 0 && textBytes + bytes > splitBytes) {
        parts.push({
          range: { file: index, start, end: at, ...(previous === undefined ? {} : { previous }) },
          textBytes,
        });
        [start, textBytes, previous] = [at, 0, before];
      }
      textBytes += bytes;
      if (bytes > 0) before = at;
      at = end;
    }
  } finally {
    await window.close();
  }
  parts.push({
    range: { file: index, start, end: file.size, ...(previous === undefined ? {} : { previous }) },
    textBytes,
  });
  return parts;
}

/**
 * Runs of frames of about `splitBytes`. Where the headers stop making sense the last run goes to the end of the file.
 */
async function zstdParts(file: PlannedFile, index: number, splitBytes: number): Promise<Part[]> {
  const window = await openWindow(file.absolutePath, file.size);
  const parts: Part[] = [];
  let start = 0;
  let textBytes = 0;
  /** Last frame with data before the run at hand, and before the frame at hand. */
  let previous: number | undefined;
  let before: number | undefined;
  const close = (end: number): void => {
    parts.push({ range: { file: index, start, end, ...(previous === undefined ? {} : { previous }) }, textBytes });
    start = end;
    textBytes = 0;
    previous = before;
  };
  try {
    for (let at = 0; at < file.size; ) {
      const { frame, damage } = await frameAt(window, at);
      if (damage !== undefined || frame === null) {
        textBytes += (file.size - at) * ZSTD_RATIO;
        break;
      }
      const bytes = frame.skippable
        ? 0
        : (frame.contentSize ?? Math.min(frame.contentAtMost, (frame.end - at) * ZSTD_RATIO_AT_MOST));
      if (textBytes > 0 && textBytes + bytes > splitBytes) close(at);
      textBytes += bytes;
      if (frame.contentAtMost > 0) before = at;
      at = frame.end;
    }
    close(file.size);
  } finally {
    await window.close();
  }
  return parts;
}
