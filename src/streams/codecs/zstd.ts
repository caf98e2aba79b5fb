import * as zlib from 'node:zlib';
import { Decompress } from 'fzstd';
import { loadXxhash } from '../hash.ts';
import { ratioDamage, type Unpacked, type UnpackLimits } from './piece.ts';
import type { FileWindow } from './window.ts';
import { frameAt, type ZstdFrame } from './zstd-frames.ts';
import { loadZstdModule } from './zstd-module.ts';

/** A frame that unpacks to no more than this is unpacked in one go, so that nothing of it comes out before its checksum is right. */
export const WHOLE_FRAME_BYTES = 16 * 1024 * 1024;
/** Frames that ask for a larger window are refused, as `zstd` itself does without --long. */
export const WINDOW_LIMIT = 128 * 1024 * 1024;

const INPUT_BYTES = 64 * 1024;

type DecompressSync = (bytes: Uint8Array, options: { maxOutputLength: number }) => Uint8Array;
/** Node's own decoder, where this Node has one (22.15 and up); it gives the same bytes. */
const builtIn = (zlib as { zstdDecompressSync?: DecompressSync }).zstdDecompressSync;

/**
 * Unpacks the zstd frames from byte `start` to the end of the file; every frame is a block of its own, skippable frames are left out.
 * A damaged frame whose end is known is passed over: the frames after it do not depend on it.
 */
export async function* readZstd(file: FileWindow, start: number, limits: UnpackLimits): AsyncGenerator<Unpacked> {
  for (let block = start; block < file.size; ) {
    const { frame, damage } = await frameAt(file, block);
    if (damage !== undefined && frame === null) {
      yield { damage: { block, offset: 0, bytes: file.size - block, detail: damage } };
      return;
    }
    if (!frame!.skippable) yield* readFrame(file, frame!, limits, damage ?? null);
    else if (damage !== undefined) yield { damage: { block, offset: 0, bytes: file.size - block, detail: damage } };
    if (damage !== undefined) return;
    block = frame!.end;
  }
}

async function* readFrame(
  file: FileWindow,
  frame: ZstdFrame,
  limits: UnpackLimits,
  cut: string | null,
): AsyncGenerator<Unpacked> {
  const { start: block, end } = frame;
  const lost = (offset: number, detail: string): Unpacked => ({
    damage: { block, offset, bytes: (cut === null ? end : file.size) - block, detail },
  });
  if (frame.windowSize > WINDOW_LIMIT && frame.contentAtMost > WHOLE_FRAME_BYTES) {
    yield lost(0, `expected a zstd window of at most ${WINDOW_LIMIT} bytes, came ${frame.windowSize}`);
    return;
  }
  if (cut === null && frame.contentAtMost <= WHOLE_FRAME_BYTES && end - block <= WHOLE_FRAME_BYTES) {
    try {
      const bytes = await wholeFrame(await file.copy(block, end - block), frame);
      if (bytes.length > 0) yield { block, offset: 0, bytes };
    } catch {
      yield lost(0, `expected a zstd frame with its checksum, came damage`);
    }
    return;
  }
  const { create64 } = await loadXxhash();
  const checksum = frame.checksum && cut === null ? create64() : null;
  let unpacked: Uint8Array[] = [];
  let offset = 0;
  let damage: string | null = null;
  const decoder = new Decompress((bytes) => {
    if (bytes.length > 0) unpacked.push(bytes);
  });
  for (let at = block; at < end && damage === null; ) {
    const bytes = await file.copy(at, Math.min(INPUT_BYTES, end - at));
    at += bytes.length;
    try {
      decoder.push(bytes, at === end && cut === null);
    } catch {
      damage = `expected a zstd block, came damage`;
    }
    for (const part of unpacked) {
      checksum?.update(part);
      yield { block, offset, bytes: part };
      offset += part.length;
    }
    unpacked = [];
    damage ??= ratioDamage(offset, at - block, limits);
  }
  damage ??= cut;
  if (damage === null && checksum !== null) {
    const told = Buffer.from(await file.copy(end - 4, 4)).readUInt32LE(0);
    const came = Number(checksum.digest() & 0xffffffffn);
    if (told !== came) damage = `expected checksum ${told} of the zstd frame, came ${came}`;
  }
  if (damage === null && frame.contentSize !== null && frame.contentSize !== offset)
    damage = `expected ${frame.contentSize} unpacked bytes, came ${offset}`;
  if (damage !== null) yield lost(offset, damage);
}

async function wholeFrame(packed: Uint8Array, frame: ZstdFrame): Promise<Uint8Array> {
  // The header may lie about the size; the blocks bound it.
  if (frame.contentSize !== null && frame.contentSize > frame.contentAtMost) throw new Error('content size');
  if (builtIn) return builtIn(packed, { maxOutputLength: Math.max(1, frame.contentAtMost) });
  const { decompress } = await loadZstdModule();
  return decompress(packed, { defaultHeapSize: Math.max(1, frame.contentAtMost) });
}
