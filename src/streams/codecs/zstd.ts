import { loadXxhash } from '../../hash.ts';
import { openZstdDecoder, type ZstdBlockType, type ZstdDecoder } from '../../kernels/zstd.ts';
import { lostBytes, ratioDamage, type Unpacked, type UnpackLimits } from './piece.ts';
import type { FileWindow } from './window.ts';
import { dictionaryFault, dictionaryOf, type ZstdDictionary } from './zstd-dictionary.ts';
import { frameAt, type ZstdFrame } from './zstd-frames.ts';
import { loadZstdUnpack } from './zstd-memory.ts';
import { WINDOW_LIMIT, windowMemory } from './zstd-window.ts';

/**
 * A frame that unpacks to no more than this is unpacked in one go, so that nothing of it comes out before its checksum
 * is right.
 */
export const WHOLE_FRAME_BYTES = 8 * 1024 * 1024;

/** Header and content of a block. */
const BLOCK_BYTES = 3 + 128 * 1024;

/**
 * Unpacks the zstd frames from byte `start` to the end of the file; every frame is a block of its own, skippable frames
 * are left out. A dictionary that the file begins with (`.warc.zst`) serves every frame. A damaged frame whose end is
 * known is passed over: the frames after it do not depend on it. Always by the kernel, on every Node: decoders differ
 * in what they make of damage.
 */
export async function* readZstd(file: FileWindow, start: number, limits: UnpackLimits): AsyncGenerator<Unpacked> {
  const scratch = idleScratch ?? { bytes: new Uint8Array(0) };
  idleScratch = null;
  const dictionary = await dictionaryOf(file);
  try {
    for (let block = start; block < file.size; ) {
      const { frame, damage } = await frameAt(file, block);
      if (frame === null || frame.skippable) {
        const bytes = file.size - block;
        if (damage !== undefined)
          yield { damage: { block, offset: 0, bytes, unpacked: lostBytes(bytes), detail: damage } };
      } else yield* readFrame(file, frame, limits, damage ?? null, scratch, dictionary);
      if (frame === null || damage !== undefined) return;
      block = frame.end;
    }
  } finally {
    idleScratch = scratch;
  }
}

/** What one frame after the other is unpacked into; at most WHOLE_FRAME_BYTES. */
interface Scratch {
  bytes: Uint8Array<ArrayBuffer>;
}
/** That of the reader which ended last. */
let idleScratch: Scratch | null = null;

async function* readFrame(
  file: FileWindow,
  frame: ZstdFrame,
  limits: UnpackLimits,
  cut: string | null,
  scratch: Scratch,
  dictionary: ZstdDictionary | string | null,
): AsyncGenerator<Unpacked> {
  const { start: block, end } = frame;
  /** @param read packed bytes up to the damage. @param believed false: what the header tells is no size of text */
  const lost = (offset: number, detail: string, read = 0, believed = true): Unpacked => {
    const bytes = (cut === null ? end : file.size) - block;
    const told = frame.contentSize === null ? null : Math.max(0, frame.contentSize - offset);
    if (!believed) return { damage: { block, offset, bytes, unpacked: lostBytes(bytes - read), detail } };
    const unpacked = told ?? lostBytes(bytes - read, offset, read);
    const unknown = cut !== null && told === null ? ({ cut: true } as const) : {};
    return { damage: { block, offset, bytes, unpacked, detail, ...unknown } };
  };
  const fault = dictionaryFault(frame, dictionary);
  if (fault !== null || typeof dictionary === 'string') {
    yield lost(0, `${fault}`);
    return;
  }
  if (cut === null && frame.contentAtMost <= WHOLE_FRAME_BYTES && end - block <= WHOLE_FRAME_BYTES) {
    const unpackFrame = await loadZstdUnpack();
    let bytes: Uint8Array;
    try {
      // Some room to spare, so that frames of about one size need one buffer.
      if (scratch.bytes.length < frame.contentAtMost)
        scratch.bytes = new Uint8Array(Math.min(WHOLE_FRAME_BYTES, 2 * frame.contentAtMost));
      bytes = unpackFrame(
        (await file.at(block, end - block)).subarray(0, end - block),
        frame.contentAtMost,
        scratch.bytes,
        dictionary?.bytes,
      );
    } catch (error) {
      if (!(error instanceof Error) || 'parts' in error) throw error;
      yield lost(0, 'expected a zstd frame with its checksum, got damage');
      return;
    }
    if (bytes.length > 0) yield { block, offset: 0, bytes };
    return;
  }
  if (windowMemory(frame) > (limits.windowBytes ?? 0)) {
    const most = limits.windowBytes ? `no larger than those before` : `of at most ${WINDOW_LIMIT} bytes`;
    const way = 'zstd -dc --long=31 FILE | sluice run ... --input -';
    yield lost(0, `expected a zstd window ${most}, got ${frame.windowSize} bytes: ${way}`);
    return;
  }
  const decoder = idle ?? (await openZstdDecoder());
  idle = null;
  try {
    yield* streamFrame(decoder, file, frame, limits, cut, lost, dictionary?.bytes);
  } finally {
    if (decoder.memoryBytes() <= IDLE_BYTES) idle = decoder;
  }
}

/** The decoder of the frame that was streamed last: fresh memory costs more than unpacking into it. */
let idle: ZstdDecoder | null = null;
/** Enough for a window of 8 MB, the default of every level of zstd. */
const IDLE_BYTES = 16 * 1024 * 1024;

/** Block by block; the checksum comes too late for what is out already. */
async function* streamFrame(
  decoder: ZstdDecoder,
  file: FileWindow,
  frame: ZstdFrame,
  limits: UnpackLimits,
  cut: string | null,
  lost: (offset: number, detail: string, read: number, believed?: boolean) => Unpacked,
  dictionary: Uint8Array | undefined,
): AsyncGenerator<Unpacked> {
  const { start: block, end } = frame;
  if (!decoder.begin(Math.min(frame.windowSize, frame.contentAtMost), frame.contentAtMost, dictionary)) {
    yield lost(0, 'expected a zstd dictionary, got damage', 0);
    return;
  }
  const checksum = frame.checksum && cut === null ? (await loadXxhash()).create64() : null;
  let offset = 0;
  for (let at = block + frame.headerBytes, last = false; !last; ) {
    const view = await file.at(at, Math.min(BLOCK_BYTES, end - at));
    const word = view[0] | (view[1] << 8) | (view[2] << 16);
    const type = ((word >> 1) & 3) as ZstdBlockType;
    const packed = 3 + (type === 1 ? 1 : word >> 3);
    if (view.length < 3 || view.length < packed || at + packed > end) break;
    const bytes = decoder.block(type, view.subarray(3, packed), word >> 3);
    if (bytes === null) {
      yield lost(offset, `expected a zstd block at byte ${at}, got damage`, at - block);
      return;
    }
    last = (word & 1) === 1;
    at += packed;
    if (bytes.length === 0) continue;
    checksum?.update(bytes);
    yield { block, offset, bytes };
    offset += bytes.length;
    const excess = ratioDamage(offset, at - block, limits);
    if (excess !== null) {
      yield lost(offset, excess, at - block, false);
      return;
    }
  }
  const all = end - block;
  if (cut !== null) yield lost(offset, cut, all);
  else if (frame.contentSize !== null && frame.contentSize !== offset)
    yield lost(offset, `expected ${frame.contentSize} unpacked bytes, got ${offset}`, all);
  else if (checksum !== null) {
    const told = Buffer.from(await file.copy(end - 4, 4)).readUInt32LE(0);
    const got = Number(checksum.digest() & 0xffffffffn);
    if (told !== got) yield lost(offset, `expected checksum ${told} of the zstd frame, got ${got}`, all);
  }
}
