import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { InputError } from '../errors.ts';
import { memberHeader } from './codecs/gzip.ts';
import { unpackHead } from './codecs/head.ts';
import { openWindow } from './codecs/window.ts';
import { frameAt } from './codecs/zstd-frames.ts';
import { breathe, findFiles } from './files.ts';
import { loadXxhash } from './hash.ts';
import type { ReadOptions } from './read-options.ts';
import { arrowMessages } from './readers/arrow-messages.ts';
import { codecByMagic, SNIFF_BYTES, sniff } from './sniff.ts';
import { type InputRange, type PlannedFile, SPLIT_TEXT_BYTES, type Split, type SplitPlan } from './splits.ts';
import { spoolStdin } from './stdin.ts';

/** Bytes at each end of a file that are hashed to see whether it is the same one at a resume. */
const PROBE_BYTES = 64 * 1024;
/** A file weighs at least this much when files are packed into splits: opening one costs about as long as reading so much. */
const FILE_WEIGHT = 16 * 1024;
const isUtf16 = ([a, b]: Uint8Array): boolean => (a === 0xff && b === 0xfe) || (a === 0xfe && b === 0xff);

/** Text bytes per packed byte where a file does not say. */
const GZIP_RATIO = 3.5;
const ZSTD_RATIO = 4;
/** More than this is not expected of text, whatever the blocks of a zstd frame could hold. */
const ZSTD_RATIO_AT_MOST = 20;

/** A range, and the text expected in it. */
interface Part {
  readonly range: InputRange;
  readonly textBytes: number;
}

export interface PlanOptions {
  /** Text bytes that a split aims at. Default SPLIT_TEXT_BYTES. */
  readonly splitBytes?: number;
  /** Where standard input is copied to. Default: `sluice-stdin` in the system's folder for temporary files. */
  readonly spoolFolder?: string;
  /** What `-` stands for. Default: standard input. */
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/**
 * Looks into every input file and cuts the input into splits. Depends on the inputs, their content and the options only.
 * @param inputs globs, folders, files, or `-` for standard input; their order is the input order.
 */
export async function planSplits(
  inputs: readonly string[],
  options: ReadOptions,
  { splitBytes = SPLIT_TEXT_BYTES, spoolFolder, stdin }: PlanOptions = {},
): Promise<SplitPlan> {
  const spooled = inputs.includes('-') ? await spoolStdin(spoolFolder, stdin) : null;
  const found = await findFiles(inputs, spooled?.path);
  const skipped = [...found.skipped];
  const warnings = [...(spooled ? [spooled.warning] : []), ...found.warnings];
  const files: PlannedFile[] = [];
  const parts: Part[] = [];
  let started = performance.now();
  const { h64Raw } = await loadXxhash();
  for (const file of found.files) {
    started = await breathe(started);
    const probe = probeFile(file.absolutePath);
    const codec = codecByMagic(probe.head);
    const unpacked = codec === 'none' ? probe.head : await unpackHead(probe.first, codec);
    const sniffed = sniff(file.path, probe.head, unpacked, options, file.named);
    if ('skip' in sniffed) {
      skipped.push({ path: file.path, reason: sniffed.skip });
      continue;
    }
    if (sniffed.warning) warnings.push(sniffed.warning);
    const planned: PlannedFile = {
      path: file.path,
      absolutePath: file.absolutePath,
      format: sniffed.format,
      codec: sniffed.codec,
      size: probe.size,
      // The time of the copy of standard input is not a property of the input.
      mtimeMs: file.absolutePath === spooled?.path ? 0 : probe.mtimeMs,
      probeHash: h64Raw(probe.ends).toString(16).padStart(16, '0'),
    };
    files.push(planned);
    if (probe.size === 0) continue;
    // What is not UTF-8 from its first bytes on is one record, not one of each part.
    const size = isUtf16(unpacked) ? Number.POSITIVE_INFINITY : splitBytes;
    const own = await partsOf(planned, files.length - 1, probe.last, options, size);
    parts.push(...own);
    if (own.length > 1 && own[0].range.unpacked)
      warnings.push(
        `${file.path}: one ${codec} stream that can only be unpacked from its beginning; its ${own.length} parts each do that, and pass over what is not theirs`,
      );
  }
  return { version: 1, files, splits: pack(parts, splitBytes), skipped, warnings };
}

interface Probe {
  readonly size: number;
  readonly mtimeMs: number;
  /** The first SNIFF_BYTES and PROBE_BYTES of it, and its last four bytes. */
  readonly head: Uint8Array;
  readonly first: Uint8Array;
  readonly last: Uint8Array;
  /** First and last PROBE_BYTES, one after the other; the whole of a small file. */
  readonly ends: Uint8Array;
}

const probeBuffer = Buffer.allocUnsafeSlow(2 * PROBE_BYTES);

/** Synchronous, because that is by far the fastest way through 50,000 small files. Views die at the next call. */
function probeFile(path: string): Probe {
  let handle: number;
  try {
    handle = openSync(path, 'r');
  } catch (cause) {
    throw new InputError({ expected: 'a file that can be opened', came: (cause as Error).message, where: path, cause });
  }
  try {
    const { size, mtimeMs } = fstatSync(handle);
    const first = readAt(handle, 0, probeBuffer.subarray(0, Math.min(size, PROBE_BYTES)), path);
    const rest = Math.min(PROBE_BYTES, Math.max(0, size - PROBE_BYTES));
    readAt(handle, size - rest, probeBuffer.subarray(PROBE_BYTES, PROBE_BYTES + rest), path);
    const ends = rest > 0 ? probeBuffer.subarray(0, PROBE_BYTES + rest) : first;
    return { size, mtimeMs, head: first.subarray(0, SNIFF_BYTES), first, last: ends.subarray(-4), ends };
  } finally {
    closeSync(handle);
  }
}

function readAt(handle: number, position: number, target: Buffer, path: string): Buffer {
  for (let done = 0; done < target.length; ) {
    const bytes = readSync(handle, target, done, target.length - done, position + done);
    if (bytes === 0)
      throw new InputError({
        expected: `${target.length} bytes at ${position}`,
        came: 'the end of the file',
        where: path,
        todo: 'Something writes to the input: wait until it is done.',
      });
    done += bytes;
  }
  return target;
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
    const { parquetFooter } = await import('./readers/parquet.ts');
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

async function partsOf(
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

/** Even ranges of the bytes expected in a file that can only be unpacked from its beginning; the last one has no end. */
function unpackedParts(textBytes: number, file: number, splitBytes: number): Part[] {
  const count = Math.min(UNPACKED_PARTS, Math.floor(textBytes / splitBytes));
  const cut = (i: number): number => Math.floor((textBytes * i) / count);
  return Array.from({ length: count }, (_, i) => ({
    range: { file, start: cut(i), end: i === count - 1 ? Number.MAX_SAFE_INTEGER : cut(i + 1), unpacked: true },
    textBytes: Math.ceil(cut(i + 1) - cut(i)),
  }));
}

/** Runs of members of a blocked gzip file, whose headers say how long they are; null when the file is not all such members. */
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

/** Runs of frames of about `splitBytes`. Where the headers stop making sense the last run goes to the end of the file. */
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

/** Parts in order into splits: a split takes parts until the next one would bring it over `splitBytes`. */
function pack(parts: readonly Part[], splitBytes: number): Split[] {
  const splits: Split[] = [];
  let ranges: InputRange[] = [];
  let weight = 0;
  let textBytes = 0;
  const close = (): void => {
    if (ranges.length > 0) splits.push({ index: splits.length, ranges, estimatedTextBytes: textBytes });
    ranges = [];
    weight = textBytes = 0;
  };
  for (const part of parts) {
    const own = Math.max(part.textBytes, FILE_WEIGHT);
    if (ranges.length > 0 && weight + own > splitBytes) close();
    ranges.push(part.range);
    weight += own;
    textBytes += part.textBytes;
  }
  close();
  return splits;
}
