import type { FileWindow } from './window.ts';

/** What the headers of a zstd frame say (RFC 8878); nothing is unpacked for it. */
export interface ZstdFrame {
  readonly start: number;
  /** One past its last byte (checksum included). */
  readonly end: number;
  /** A skippable frame: holds no data. */
  readonly skippable: boolean;
  /** Decompressed bytes, or null when the header does not say. */
  readonly contentSize: number | null;
  /** Most bytes it can unpack to, by its blocks. */
  readonly contentAtMost: number;
  readonly windowSize: number;
  readonly checksum: boolean;
  readonly headerBytes: number;
  /** Number of the dictionary that it was made with; 0: none, or not told. */
  readonly dictionary: number;
}

export const BLOCK_BYTES = 128 * 1024;
const MAGIC = 0xfd2fb528;
export const SKIPPABLE_MAGIC = 0x184d2a50;
export const SKIPPABLE_MASK = 0xfffffff0;

/**
 * The frame at `start`; `damage` says what is wrong when there is none, or when it is cut off (then with the frame as
 * far as it goes).
 */
export type FrameAt =
  | { readonly frame: ZstdFrame; readonly damage?: undefined }
  | { readonly damage: string; readonly frame: ZstdFrame | null };

/** Reads the headers of the frame at `start` and of all its blocks. */
export async function frameAt(file: FileWindow, start: number): Promise<FrameAt> {
  const head = Buffer.from(await file.peek(start, 18));
  if (head.length < 8)
    return { damage: `expected a zstd frame at byte ${start}, got the end of the file`, frame: null };
  const magic = head.readUInt32LE(0);
  if ((magic & SKIPPABLE_MASK) >>> 0 === SKIPPABLE_MAGIC) return skippable(file, start, head.readUInt32LE(4));
  if (magic !== MAGIC) return { damage: `expected a zstd frame at byte ${start}, got other bytes`, frame: null };
  const header = frameHeaderOf(head);
  if (typeof header === 'string')
    return { damage: `expected a zstd frame header at byte ${start}, got ${header}`, frame: null };
  const frame = { ...header, start, skippable: false };
  let at = start + header.headerBytes;
  let contentAtMost = 0;
  const blockMax = Math.min(BLOCK_BYTES, header.windowSize);
  for (;;) {
    const b = await file.peek(at, 3);
    if (b.length < 3)
      return {
        damage: 'expected another block of the zstd frame, got the end of the file',
        frame: { ...frame, end: file.size, contentAtMost },
      };
    const block = b[0] | (b[1] << 8) | (b[2] << 16);
    const type = (block >> 1) & 3;
    const size = block >> 3;
    if (type === 3 || size > blockMax)
      return {
        damage: `expected a zstd block at byte ${at}, got an impossible header`,
        frame: { ...frame, end: at, contentAtMost },
      };
    contentAtMost += type === 2 ? blockMax : size;
    at += 3 + (type === 1 ? 1 : size);
    if (at > file.size)
      return {
        damage: 'expected the rest of a zstd block, got the end of the file',
        frame: { ...frame, end: file.size, contentAtMost },
      };
    if (block & 1) break;
  }
  const end = at + (header.checksum ? 4 : 0);
  if (end > file.size)
    return {
      damage: 'expected the checksum of the zstd frame, got the end of the file',
      frame: { ...frame, end: file.size, contentAtMost },
    };
  return { frame: { ...frame, end, contentAtMost } };
}

function skippable(file: FileWindow, start: number, size: number): FrameAt {
  const end = Math.min(start + 8 + size, file.size);
  const frame: ZstdFrame = {
    start,
    end,
    skippable: true,
    contentSize: 0,
    contentAtMost: 0,
    windowSize: 0,
    checksum: false,
    headerBytes: 8,
    dictionary: 0,
  };
  return start + 8 + size > file.size
    ? { damage: 'expected the rest of a skippable zstd frame, got the end of the file', frame }
    : { frame };
}

export type FrameHeader = Pick<ZstdFrame, 'contentSize' | 'windowSize' | 'checksum' | 'headerBytes' | 'dictionary'>;

/** Header of the frame that `bytes` (18 are enough) start with, or what came instead. */
export function frameHeaderOf(bytes: Uint8Array): FrameHeader | string {
  const head = Buffer.from(bytes.buffer, bytes.byteOffset, Math.min(18, bytes.length));
  if (head.length < 6 || head.readUInt32LE(0) !== MAGIC) return 'other bytes';
  const descriptor = head[4];
  const single = (descriptor & 32) !== 0;
  if (descriptor & 8) return 'a reserved bit';
  const idBytes = [0, 1, 2, 4][descriptor & 3];
  const sizeBytes = [single ? 1 : 0, 2, 4, 8][descriptor >> 6];
  const headerBytes = 5 + (single ? 0 : 1) + idBytes + sizeBytes;
  if (head.length < headerBytes) return 'the end of the file';
  let at = 5 + (single ? 0 : 1);
  const dictionary = idBytes > 0 ? head.readUIntLE(at, idBytes) : 0;
  at += idBytes;
  let contentSize: number | null = null;
  if (sizeBytes === 8) contentSize = Number(head.readBigUInt64LE(at));
  else if (sizeBytes > 0) contentSize = head.readUIntLE(at, sizeBytes) + (sizeBytes === 2 ? 256 : 0);
  const w = head[5];
  const base = 2 ** (10 + (w >> 3));
  const windowSize = single ? contentSize! : base + (base / 8) * (w & 7);
  return { contentSize, windowSize, checksum: (descriptor & 4) !== 0, headerBytes, dictionary };
}
