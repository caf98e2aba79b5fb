import { isUrl } from '../../files/stores/url.ts';
import { memberHeader } from '../codecs/gzip-member.ts';
import { openPlanned } from '../codecs/window.ts';
import { frameAt } from '../codecs/zstd-frames.ts';
import type { PlannedFile } from '../plan/splits.ts';
import type { Cutting, FileParts, Part } from './format.ts';

/** Text bytes per packed byte where a file does not say. */
const ZSTD_RATIO = 4;
/** The beginning of a frame is packed worse than the rest, with nothing before it. Measured on 21 files: 1.1 to 1.6. */
const BEHIND_THE_HEAD = 1.35;
/** More than this is not expected of text, whatever the blocks of a zstd frame could hold. */
const ZSTD_RATIO_AT_MOST = 20;

/** Of an object in a store that is larger, the headers in it are not looked at: that would fetch all of it. */
const NEAR_BYTES = 32 * 1024 * 1024;
export const isFar = ({ absolutePath, size }: PlannedFile): boolean => size > NEAR_BYTES && isUrl(absolutePath);

type Sizes = Pick<Cutting, 'gzipBytes' | 'ratio'>;

/** A file that is read in one go. */
const wholeFile = (file: PlannedFile, index: number, textBytes: number): readonly Part[] => [
  { range: { file: index, start: 0, end: file.size }, textBytes: Math.ceil(textBytes) },
];

function expectedText({ size, codec }: PlannedFile, { gzipBytes, ratio }: Sizes): number {
  if (codec === 'none') return size;
  return codec === 'zstd' ? size * (ratio === null ? ZSTD_RATIO : ratio * BEHIND_THE_HEAD) : gzipBytes;
}

/** One part, whatever its size. */
export const inOneGo = async (file: PlannedFile, cutting: Cutting): Promise<FileParts> => ({
  parts: wholeFile(file, cutting.index, expectedText(file, cutting)),
});

/** Parts of about `splitBytes` of text each, cut between lines. */
export async function betweenLines(file: PlannedFile, cutting: Cutting): Promise<FileParts> {
  return { parts: await lineParts(file, cutting) };
}

async function lineParts(file: PlannedFile, cutting: Cutting): Promise<readonly Part[]> {
  const { index, splitBytes, ratio } = cutting;
  switch (file.codec) {
    case 'gzip': {
      const textBytes = expectedText(file, cutting);
      if (textBytes < 2 * splitBytes) return wholeFile(file, index, textBytes);
      if (isFar(file)) return unpackedParts(textBytes, index, splitBytes);
      return (await memberParts(file, index, splitBytes)) ?? unpackedParts(textBytes, index, splitBytes);
    }
    case 'zstd': {
      if (isFar(file)) {
        const textBytes = expectedText(file, cutting);
        return textBytes < 2 * splitBytes
          ? wholeFile(file, index, textBytes)
          : unpackedParts(textBytes, index, splitBytes);
      }
      const parts = await zstdParts(file, index, splitBytes, ratio);
      const [{ textBytes }] = parts;
      return parts.length > 1 || textBytes < 2 * splitBytes ? parts : unpackedParts(textBytes, index, splitBytes);
    }
    case 'none':
      return byteParts(file.size, index, splitBytes);
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
  const window = await openPlanned(file);
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
 * @param ratio unpacked bytes per packed one at the beginning, for frames that do not say how much they hold
 */
export async function zstdParts(
  file: PlannedFile,
  index: number,
  splitBytes: number,
  ratio: number | null = null,
): Promise<Part[]> {
  const perByte = ratio === null ? ZSTD_RATIO_AT_MOST : ratio * BEHIND_THE_HEAD;
  const window = await openPlanned(file);
  // A walk from header to header asks for all of it, piece by piece.
  window.willRead?.(0, file.size);
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
        : (frame.contentSize ?? Math.min(frame.contentAtMost, Math.ceil((frame.end - at) * perByte)));
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
