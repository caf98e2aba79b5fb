import { nextMember } from '../../codecs/gzip-members.ts';
import { unpack } from '../../codecs/unpack.ts';
import { type FileWindow, openPlanned } from '../../codecs/window.ts';
import type { PlannedFile } from '../../plan/splits.ts';
import type { Cutting, FileParts, Part } from '../format.ts';
import { isFar, zstdParts } from '../line-parts.ts';
import { endOfHeaders, MOST_HEADER_BYTES, parseHeaders } from './headers.ts';

/** Text bytes for each packed byte of web pages. */
const RATIO = 4.5;

/** Does a record begin here? */
export const beginsRecord = (b: Uint8Array): boolean =>
  b[0] === 0x57 && b[1] === 0x41 && b[2] === 0x52 && b[3] === 0x43 && b[4] === 0x2f;

/** Parts of about `splitBytes` of text, each of which begins with a record. */
export async function betweenRecords(file: PlannedFile, { index, splitBytes }: Cutting): Promise<FileParts> {
  if (file.codec === 'zstd') return { parts: await framesWithRecords(file, index, splitBytes) };
  const window = await openPlanned(file);
  try {
    const packed = file.codec === 'gzip';
    const step = packed ? splitBytes / RATIO : splitBytes;
    const starts = await (packed ? memberStarts : recordStarts)(window, step);
    const parts = starts.map((start, i): Part => {
      const end = starts[i + 1] ?? file.size;
      return { range: { file: index, start, end }, textBytes: Math.ceil((end - start) * (packed ? RATIO : 1)) };
    });
    return { parts };
  } finally {
    await window.close();
  }
}

/** The first member of the file, and the first after every `step` bytes. */
async function memberStarts(window: FileWindow, step: number): Promise<number[]> {
  const starts = [0];
  for (let at = Math.floor(step); at < window.size; ) {
    const found = await nextMember(window, at, window.size, beginsRecord);
    if (found === null) break;
    starts.push(found);
    at = Math.floor(found + step);
  }
  return starts;
}

/** The records of a plain file by their lengths, one every `step` bytes; up to the first that makes no sense. */
async function recordStarts(window: FileWindow, step: number): Promise<number[]> {
  const starts = [0];
  for (let at = 0; at < window.size; ) {
    if (at - starts[starts.length - 1] >= step) starts.push(at);
    let head = await window.peek(at, 2048);
    if (!beginsRecord(head)) break;
    let end = endOfHeaders(head);
    if (end < 0) {
      head = await window.peek(at, MOST_HEADER_BYTES);
      end = endOfHeaders(head);
    }
    const length = end < 0 ? Number.NaN : Number(parseHeaders(head.subarray(0, end)).fields.get('content-length'));
    if (!Number.isSafeInteger(length) || length < 0) break;
    at += end + length;
    const after = await window.peek(at, 64);
    let blank = 0;
    while (after[blank] === 13 || after[blank] === 10) blank++;
    at += blank;
  }
  return starts;
}

/** Runs of frames; one part for all where frames are cut inside of records. */
async function framesWithRecords(file: PlannedFile, index: number, splitBytes: number): Promise<readonly Part[]> {
  if (isFar(file))
    return [{ range: { file: index, start: 0, end: file.size }, textBytes: Math.ceil(file.size * RATIO) }];
  const parts = await zstdParts(file, index, splitBytes);
  const window = await openPlanned(file);
  try {
    for (const { range } of parts.slice(1)) {
      for await (const piece of unpack(window, 'zstd', range.start, { maxRatio: 1000 })) {
        if ('bytes' in piece && beginsRecord(piece.bytes)) break;
        const textBytes = parts.reduce((n, p) => n + p.textBytes, 0);
        return [{ range: { file: index, start: 0, end: file.size }, textBytes }];
      }
    }
    return parts;
  } finally {
    await window.close();
  }
}
