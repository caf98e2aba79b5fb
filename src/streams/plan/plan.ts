import { tooLargeToCache } from '../../files/stores/cache.ts';
import { isUrl } from '../../files/stores/url.ts';
import { loadXxhash } from '../../hash.ts';
import { encodingOf, encodingOfMark } from '../codecs/encodings.ts';
import { type Head, SNIFF_BYTES, unpackHead } from '../codecs/head.ts';
import { largestWindow, MOST_WINDOW_MEMORY } from '../codecs/zstd-window.ts';
import type { Part } from '../formats/format.ts';
import { codecByMagic, sniff } from '../formats/sniff.ts';
import { FORMATS } from '../formats/table.ts';
import { findFiles } from '../inputs/files.ts';
import { copyPipes } from '../inputs/pipe-copies.ts';
import type { ReadOptions } from '../inputs/read-options.ts';
import type { Spooled } from '../inputs/spool.ts';
import { breathe } from '../inputs/walk.ts';
import { cardsBeside, type KnownFile } from './cards.ts';
import { checkColumns } from './check-columns.ts';
import { gzipText } from './gzip-text.ts';
import { probeFile } from './probe.ts';
import { objectProber } from './probe-object.ts';
import { type InputRange, type PlannedFile, SPLIT_TEXT_BYTES, type Split, type SplitPlan } from './splits.ts';

/**
 * A file weighs at least this much when files are packed into splits: opening one costs about as long as reading so
 * much.
 */
const FILE_WEIGHT = 16 * 1024;

const WIDE = 'a zstd window that no memory holds: zstd -dc --long=31 --memory=... FILE | sluice run ... --input -';

export interface PlanOptions {
  /** Text bytes that a split aims at. Default SPLIT_TEXT_BYTES. */
  readonly splitBytes?: number;
  /** Copies of standard input and other pipes. Default: made in a folder that goes with the process. */
  readonly spooled?: ReadonlyMap<string, Spooled>;
  /** Where the caller writes to: nothing there is input. */
  readonly output?: string;
  /** What `-` stands for. Default: standard input. */
  readonly stdin?: AsyncIterable<Uint8Array>;
}

/**
 * Looks into every input file and cuts the input into splits. Depends on the inputs, their content and the options
 * only.
 * @param inputs globs, folders, files, or `-` for standard input; their order is the input order.
 */
export async function planSplits(
  inputs: readonly string[],
  options: ReadOptions,
  { splitBytes = SPLIT_TEXT_BYTES, spooled: given, output, stdin }: PlanOptions = {},
): Promise<SplitPlan> {
  const spooled = given ?? (await copyPipes(inputs, { stdin })).copies;
  const copies = new Set([...spooled.values()].map((s) => s.path));
  const found = await findFiles(inputs, { spooled, output });
  const skipped = [...found.skipped];
  const warnings = [...[...spooled.values()].map((s) => s.warning), ...found.warnings];
  const known: (KnownFile & { readonly gzipBytes: number; readonly ratio: number | null })[] = [];
  let started = performance.now();
  const { h64Raw } = await loadXxhash();
  const probed = objectProber(found.files);
  const uncached = await tooLargeToCache(found.files.map((f) => f.object?.size ?? 0));
  if (uncached !== null) warnings.push(uncached);
  for (const file of found.files) {
    started = await breathe(started);
    const probe = file.object ? await probed(file) : probeFile(file.absolutePath);
    const codec = codecByMagic(probe.head);
    const ofStore = {
      ...(file.object?.version && { version: file.object.version }),
      ...(file.object && uncached !== null && { uncached: true as const }),
    };
    const place = { absolutePath: file.absolutePath, size: probe.size, ...ofStore };
    const head: Head =
      codec === 'none' ? { bytes: probe.head, ratio: null } : await unpackHead(probe.first, codec, place);
    if (head.refused !== undefined) {
      skipped.push({ path: file.path, reason: head.refused });
      continue;
    }
    const { bytes: unpacked, ratio } = head;
    const encoding = encodingOf(unpacked, options.encoding);
    // What is two bytes in UTF-16 may be one in UTF-8.
    const start = codec === 'none' ? probe.first.subarray(0, 2 * SNIFF_BYTES) : unpacked;
    const content = encoding === undefined ? unpacked : await headInUtf8(start, encoding);
    const sniffed = sniff(file.path, probe.head, content, options, file);
    if ('skip' in sniffed) {
      skipped.push({ path: file.path, reason: sniffed.skip });
      continue;
    }
    const windowBytes = codec === 'zstd' ? await largestWindow(place, probe.first) : 0;
    if (windowBytes > MOST_WINDOW_MEMORY) {
      skipped.push({ path: file.path, reason: WIDE });
      continue;
    }
    if (sniffed.warning) warnings.push(sniffed.warning);
    const marked = options.encoding === undefined ? null : encodingOfMark(unpacked);
    if (marked !== null && !marked.startsWith(options.encoding ?? ''))
      warnings.push(`${file.path}: begins with the byte order mark of ${marked}; read as such`);
    const planned: PlannedFile = {
      path: file.path,
      absolutePath: file.absolutePath,
      format: sniffed.format,
      codec: sniffed.codec,
      ...(encoding !== undefined && FORMATS[sniffed.format].packed && { encoding }),
      ...(sniffed.delimiter !== undefined && { delimiter: sniffed.delimiter }),
      ...(windowBytes > 0 && { windowBytes }),
      size: probe.size,
      // The time of the copy of a pipe is not a property of the input.
      mtimeMs: copies.has(file.absolutePath) ? 0 : probe.mtimeMs,
      probeHash: probe.versionHash ?? h64Raw(probe.ends).toString(16).padStart(16, '0'),
      ...ofStore,
    };
    known.push({ found: file, planned, gzipBytes: gzipText(probe.size, probe.last, ratio), ratio });
  }
  const cards = cardsBeside(known, options);
  const files: PlannedFile[] = [];
  const parts: Part[] = [];
  for (const [file, card] of cards) skipped.push({ path: file.planned.path, reason: card });
  const read = known.filter((file) => !cards.has(file));
  const cut = cutAhead(read, (i) => {
    const { planned, gzipBytes, ratio } = read[i];
    return FORMATS[planned.format].cut(planned, { index: i, options, splitBytes, gzipBytes, ratio });
  });
  for (const [i, { planned }] of read.entries()) {
    started = await breathe(started);
    if (planned.size === 0) {
      files.push(planned);
      continue;
    }
    const { parts: own, units } = await cut(i);
    files.push(withSizes(planned, own, units));
    parts.push(...own);
    if (own.length > 1 && own[0].range.unpacked)
      warnings.push(
        `${planned.path}: a single ${planned.codec} stream, which can only be decompressed from the start; each of ` +
          `its ${own.length} parts decompresses it and skips to its own range`,
      );
  }
  if (options.columns !== undefined) warnings.push(...(await checkColumns(files, options.columns)));
  return { version: 1, files, splits: pack(parts, splitBytes), skipped, warnings };
}

/** A file with what its parts have told. */
function withSizes(file: PlannedFile, parts: readonly Part[], units: number | undefined): PlannedFile {
  const textBytes = parts.reduce((n, p) => n + p.textBytes, 0);
  const packed = file.format === 'text' && textBytes > Math.max(file.size, LARGE_TEXT);
  return { ...file, ...(units !== undefined && { units }), ...(packed && { textBytes: Math.round(textBytes) }) };
}

/** So large a document takes more memory than a split has. */
const LARGE_TEXT = 2 * 1024 * 1024;

/** Objects of a store that are cut while others are waited for. */
const CUT_AHEAD = 8;

/** Cuts files in order; of objects in a store several at once, because each waits for its answers. */
function cutAhead<T>(files: readonly KnownFile[], cut: (i: number) => Promise<T>): (i: number) => Promise<T> {
  const begun = new Map<number, Promise<T>>();
  return (i) => {
    const ahead = isUrl(files[i].planned.absolutePath) ? CUT_AHEAD : 0;
    for (let next = i; next <= Math.min(i + ahead, files.length - 1); next++) {
      if (begun.has(next) || files[next].planned.size === 0) continue;
      const cutting = cut(next);
      // Whoever asks for it is told.
      cutting.catch(() => {});
      begun.set(next, cutting);
    }
    return begun.get(i)!;
  };
}

async function headInUtf8(head: Uint8Array, encoding: string): Promise<Uint8Array> {
  const { openDecoder } = await import('../codecs/transcode.ts');
  return openDecoder(encoding).write(head).subarray(0, SNIFF_BYTES);
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
